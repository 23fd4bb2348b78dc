// `where` and what can stand in it, as plain data (the shapes are in src/translate/plan.rs). This file knows what
// Sequelize's objects mean; which SQL they become is decided in Rust.

const { isPlainObject } = require('./values');

module.exports = (lib) => {
  const { Op, Utils, DataTypes, logger } = lib;
  const values = require('./values')(lib);

  const operatorNames = new Map(Object.entries(Op).map(([name, symbol]) => [symbol, name]));
  const LISTS = new Set([Op.in, Op.notIn, Op.between, Op.notBetween]);

  function keysOf(object) {
    const keys = [];
    for (const symbol of Object.getOwnPropertySymbols(object)) {
      if (!operatorNames.has(symbol)) {
        throw new Error(`Unknown operator ${String(symbol)}: use the symbols of Sequelize.Op`);
      }
      keys.push(symbol);
    }
    for (const key of Object.keys(object)) keys.push(key);
    return keys;
  }

  const isEmpty = (value) => (Array.isArray(value) ? value.length === 0 : keysOf(value).length === 0);

  /** Whether a method stands for a condition by itself, whatever attribute it is given to: a literal is one. */
  function isCondition(value) {
    if (value instanceof Utils.Json) return !value.path || value.value !== undefined;
    return value instanceof Utils.Literal || value instanceof Utils.Where;
  }

  /** `$task.title$`: a column by its path. */
  function columnPath(text) {
    return { p: text.split('.') };
  }

  function all(nodes) {
    const kept = nodes.filter(Boolean);
    return kept.length > 1 ? { and: kept } : kept[0];
  }

  class Conditions {
    constructor(generator) {
      this.generator = generator;
    }

    /**
     * A whole `where` option.
     * @returns a condition, or undefined when there is none
     */
    where(where, context = {}) {
      if (where === undefined || where === null) return undefined;
      if (where instanceof Utils.SequelizeMethod) return this.expression(where, context);
      if (isPlainObject(where)) return this.all(where, context);
      if (Array.isArray(where)) {
        if (where.length === 0) return undefined;
        if (Utils.canTreatArrayAsAnd(where)) return this.group(Op.and, where, context);
        throw new Error('Support for literal replacements in the `where` object has been removed.');
      }
      if (typeof where === 'string') {
        throw new Error("Support for `{where: 'raw query'}` has been removed.");
      }
      throw new Error(
        `Unsupported where option value: ${logger.inspect(where)}. Please refer to the Sequelize documentation to learn more about which values are accepted as part of the where option.`,
      );
    }

    /** Every entry of an object. */
    all(where, context) {
      return all(keysOf(where).map((key) => this.entry(key, where[key], context)));
    }

    any(where, context) {
      return keysOf(where)
        .map((key) => this.entry(key, where[key], context))
        .filter(Boolean);
    }

    /** One key with its value. `key` is an attribute, `$path$`, an operator, or an expression of ours. */
    entry(key, value, context) {
      if (value === undefined) {
        throw new Error(`WHERE parameter "${String(key)}" has invalid "undefined" value`);
      }
      if (typeof key === 'string') {
        key = this.generator.OperatorsAliasMap?.[key] || key;
      }
      if (key === Op.and || key === Op.or || key === Op.not) return this.group(key, value, context);
      if (typeof key === 'symbol') {
        if (key === Op.join || key === Op.placeholder) return this.where(value, context);
        throw new Error(`The operator Op.${operatorNames.get(key)} needs an attribute to compare`);
      }
      if (typeof key === 'string' && key.includes('.') && context.model) {
        const nested = this.dottedJson(key, value, context);
        if (nested) return nested;
      }
      const field = this.field(key, context);
      const left = this.left(key);
      if (isCondition(value)) return this.expression(value, context);
      return this.compare(left, field, isPlainObject(value) ? this.aliases(value) : value, context);
    }

    left(key) {
      if (typeof key !== 'string') return key;
      return Utils.isColString(key) ? columnPath(key.slice(1, -1)) : { c: key };
    }

    field(key, { model, field }) {
      if (field || typeof key !== 'string') return field;
      return model?.rawAttributes?.[key] ?? model?.fieldRawAttributesMap?.[key];
    }

    /** `'meta.address.city': 'Rome'` on a JSON attribute, or `'$author.meta.address.city$'` on that of an association. */
    dottedJson(key, value, context) {
      const { tables, model, rest } = this.walk(key, context.model);
      const [name, ...path] = rest;
      const attribute = model.rawAttributes?.[name];
      if (!(attribute?.type instanceof DataTypes.JSON)) return undefined;
      const field = attribute.field || name;
      const column = tables.length > 0 ? { p: [...tables, field] } : { c: field };
      if (path.length === 0) return this.compare(column, attribute, value, context);
      return this.json(column, path, value, { ...context, field: attribute });
    }

    /** The associations at the front of a dotted key. */
    walk(key, model) {
      if (!Utils.isColString(key)) return { tables: [], model, rest: key.split('.') };
      const rest = key.slice(1, -1).split('.');
      const tables = [];
      while (rest.length > 1 && model.associations?.[rest[0]]) {
        model = model.associations[rest[0]].target;
        tables.push(rest.shift());
      }
      return { tables, model: tables.length > 0 ? model : {}, rest };
    }

    /** String operators of `operatorsAliases`, as the symbols they stand for. */
    aliases(value) {
      const map = this.generator.OperatorsAliasMap;
      if (!map || Object.keys(map).length === 0) return value;
      const result = {};
      for (const key of keysOf(value)) {
        const item = value[key];
        result[map[key] || key] = isPlainObject(item) ? this.aliases(item) : item;
      }
      return result;
    }

    /** A column against whatever the user wrote on the right. */
    compare(left, field, value, context) {
      if (Array.isArray(value)) return this.operation(left, field, Op.in, value, context);
      if (!isPlainObject(value)) return this.operation(left, field, Op.eq, value, context);
      const isJson = (field?.type ?? context.type) instanceof DataTypes.JSON;
      if (isJson && context.json !== false) return this.jsonObject(left, field, value, context);
      const keys = keysOf(value);
      if (keys.length === 0) throw new Error(`Invalid value ${logger.inspect(value)}`);
      return all(keys.map((key) => this.operator(left, field, key, value[key], context)));
    }

    /** One operator of `{ age: { [Op.gt]: 5 } }`. */
    operator(left, field, key, value, context) {
      if (typeof key === 'string') key = this.generator.OperatorsAliasMap?.[key] || key;
      if (typeof key === 'string') {
        throw new Error(`Invalid value { ${key}: ${logger.inspect(value)} }`);
      }
      if (key === Op.or || key === Op.and) {
        const nested = this.each(left, field, value, context);
        if (nested.length === 0) return undefined;
        return key === Op.or ? { or: nested } : { and: nested };
      }
      if (key === Op.not && isPlainObject(value)) {
        const inner = this.compare(left, field, value, context);
        // Not what is always so: nothing.
        return inner ? { not: inner } : { or: [] };
      }
      return this.operation(left, field, key, value, context);
    }

    /** `{ age: { [Op.or]: [5, { [Op.lt]: 3 }] } }` and `{ age: { [Op.or]: { … } } }`. */
    each(left, field, value, context) {
      const items = isPlainObject(value) ? keysOf(value).map((key) => ({ [key]: value[key] })) : [].concat(value);
      return items
        .map((item) => (isCondition(item) ? this.expression(item, context) : this.compare(left, field, item, context)))
        .filter(Boolean);
    }

    operation(left, field, operator, value, context) {
      if (value === undefined) {
        throw new Error(`The operator Op.${operatorNames.get(operator)} has the invalid value "undefined"`);
      }
      const name = operatorNames.get(operator);
      if (operator === Op.not) return this.negation(left, field, value, context);
      if (operator === Op.raw) {
        throw new Error('The `$raw` where property is no longer supported.  Use `sequelize.literal` instead.');
      }
      if (operator === Op.col) return { o: [left, 'eq', columnPath(value)] };
      if (operator === Op.any || operator === Op.all) {
        return { o: [left, 'eq', this.quantified(operator, value, field)] };
      }
      if (operator === Op.notIn && Array.isArray(value) && value.length === 0) return undefined;
      return { o: [left, name, this.right(operator, value, field, context)] };
    }

    negation(left, field, value, context) {
      if (Array.isArray(value)) return this.operation(left, field, Op.notIn, value, context);
      const bare = value === null || typeof value === 'boolean';
      return { o: [left, bare ? 'not' : 'ne', this.right(Op.ne, value, field, context)] };
    }

    /** The right side of an operator. */
    right(operator, value, field, context) {
      if (value instanceof Utils.SequelizeMethod) return this.expression(value, context);
      if (isPlainObject(value)) {
        const [key] = keysOf(value);
        if (key === Op.col) return columnPath(value[Op.col]);
        if (key === Op.any || key === Op.all) return this.quantified(key, value[key], field);
      }
      if (LISTS.has(operator)) return this.list(operator, value, field);
      if (field?.type instanceof DataTypes.JSON) return this.jsonValue(value, field);
      if (Array.isArray(value)) return { list: value.map((item) => this.value(item, field)) };
      return this.value(value, this.keepsText(operator) ? undefined : field);
    }

    /** A pattern is text, whatever the type of the column it is compared with. */
    keepsText(operator) {
      return /like|regexp|with|substring/i.test(operatorNames.get(operator));
    }

    list(operator, value, field) {
      if (!Array.isArray(value)) {
        throw new Error(
          `Op.${operatorNames.get(operator)} takes an array or a literal, but was given ${logger.inspect(value)}`,
        );
      }
      return { list: value.map((item) => this.value(item, field)) };
    }

    quantified(operator, value, field) {
      const name = operator === Op.any ? 'any' : 'all';
      if (value instanceof Utils.SequelizeMethod) return { [name]: this.expression(value) };
      if (isPlainObject(value) && value[Op.values]) {
        return { [name]: { values: value[Op.values].map((item) => this.value(item)) } };
      }
      return { [name]: { list: [].concat(value).map((item) => this.value(item, field)) } };
    }

    value(value, field) {
      if (value instanceof Utils.SequelizeMethod) return this.expression(value);
      return { v: values.typed(this.generator, value, field) };
    }

    jsonValue(value, field) {
      return { v: value === null ? null : values.typed(this.generator, value, field) };
    }

    /** Op.and, Op.or, Op.not with an array or an object. */
    group(operator, value, context) {
      let nodes;
      if (Array.isArray(value)) {
        nodes = value.map((item) => this.where(item, context)).filter(Boolean);
      } else if (isPlainObject(value)) {
        nodes = operator === Op.or ? this.any(value, context) : [this.all(value, context)].filter(Boolean);
      } else {
        nodes = [this.where(value, context)].filter(Boolean);
      }
      if (operator === Op.or) return { or: nodes };
      if (operator === Op.not) return nodes.length ? { not: all(nodes) } : { or: [] };
      return all(nodes);
    }

    /** `{ meta: { address: { city: 'Rome' } } }`, and operators beside it. */
    jsonObject(left, field, value, context) {
      const nodes = [];
      for (const key of keysOf(value)) {
        nodes.push(
          typeof key === 'symbol'
            ? this.operator(left, field, key, value[key], { ...context, json: false })
            : this.json(left, [key], value[key], context),
        );
      }
      return all(nodes);
    }

    /** A value at a path of a JSON column. */
    json(column, path, value, context) {
      if (!isPlainObject(value)) {
        if (Array.isArray(value)) return this.operation({ j: [column, path] }, undefined, Op.in, value, context);
        return value instanceof Utils.SequelizeMethod
          ? { o: [{ j: [column, path] }, 'eq', this.expression(value, context)] }
          : this.operation({ j: [column, path] }, undefined, Op.eq, value, context);
      }
      const nodes = [];
      for (const key of keysOf(value)) {
        if (typeof key === 'string') {
          nodes.push(this.json(column, path.concat(key), value[key], context));
        } else if (key === Op.contains || key === Op.contained) {
          const document = { v: { type: 'json', value: JSON.stringify(value[key]) } };
          nodes.push({ o: [{ j: [column, path, 'json'] }, operatorNames.get(key), document] });
        } else {
          nodes.push(this.operator({ j: [column, path] }, undefined, key, value[key], { ...context, json: false }));
        }
      }
      return all(nodes);
    }

    /** `literal`, `fn`, `col`, `cast`, `json`, `where`. */
    expression(method, context = {}) {
      if (method instanceof Utils.Literal) return { l: String(method.val) };
      if (method instanceof Utils.Fn) return { f: [method.fn, method.args.map((arg) => this.argument(arg, context))] };
      if (method instanceof Utils.Col) return this.column(method.col);
      if (method instanceof Utils.Cast) return { cast: [this.argument(method.val, context), method.type] };
      if (method instanceof Utils.Json) return this.jsonMethod(method);
      if (method instanceof Utils.Where) return this.whereMethod(method, context);
      throw new Error(`Invalid value ${logger.inspect(method)}`);
    }

    argument(value, context) {
      if (value instanceof Utils.SequelizeMethod) return this.expression(value, context);
      if (isPlainObject(value)) return this.where(value, {}) ?? { v: null };
      if (Array.isArray(value)) return { list: value.map((item) => this.argument(item, context)) };
      return this.value(value);
    }

    column(name) {
      if (Array.isArray(name)) {
        throw new Error('Cannot call Sequelize.col() with array outside of order / group clause');
      }
      return name.startsWith('*') ? { star: null } : columnPath(name);
    }

    jsonMethod({ conditions, path, value }) {
      if (conditions) {
        const nodes = [];
        const walk = (object, steps) => {
          for (const [key, item] of Object.entries(object)) {
            if (isPlainObject(item) || Array.isArray(item)) walk(item, steps.concat(key));
            else nodes.push(this.jsonEquals(steps.concat(key), item));
          }
        };
        walk(conditions, []);
        return all(nodes);
      }
      const steps = this.jsonPath(path);
      return value === undefined ? { j: [{ c: steps[0] }, steps.slice(1)] } : this.jsonEquals(steps, value);
    }

    jsonEquals([column, ...path], value) {
      return { o: [{ j: [{ c: column }, path] }, 'eq', this.value(value)] };
    }

    /** The column and the steps of `meta.list[0].name`. */
    jsonPath(text) {
      const steps = String(text)
        .replace(/\[(\d+)\]/g, '.$1')
        .split('.');
      if (/^\w+\s*\(/.test(steps[0])) {
        throw new Error(`Sequelize.json takes a path: write ${logger.inspect(text)} with Sequelize.literal instead`);
      }
      return steps;
    }

    whereMethod({ attribute, comparator, logic }, context) {
      const left = this.whereAttribute(attribute, context);
      const operator = operatorNames.get(comparator) ?? comparator;
      if (logic instanceof Utils.SequelizeMethod) return { o: [left, operator, this.expression(logic, context)] };
      if (isPlainObject(logic)) return this.compare(left, undefined, logic, context);
      if (Array.isArray(logic)) {
        const list = { list: logic.map((item) => this.value(item)) };
        return { o: [left, operator === '=' || operator === 'eq' ? 'in' : operator, list] };
      }
      return { o: [left, operator, this.value(logic)] };
    }

    whereAttribute(attribute, context) {
      if (attribute instanceof Utils.SequelizeMethod) return this.expression(attribute, context);
      if (typeof attribute === 'string') return columnPath(attribute);
      if (attribute?.Model) return { p: [attribute.Model.name, attribute.field || attribute.fieldName] };
      throw new Error(`Invalid value ${logger.inspect(attribute)} as the left side of where()`);
    }
  }

  Conditions.isEmpty = isEmpty;
  return Conditions;
};
