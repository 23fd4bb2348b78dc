'use strict';

// `where` and what can stand in it, as plain data (the shapes are in src/translate/plan.rs). This file knows what
// Sequelize's objects mean; which SQL they become is decided in Rust.

const json = require('./json');
const { kindOf } = require('./kinds');
const { Operator, operatorsOf } = require('./operators');
const { isPlainObject } = require('./values');

const NO_CONTEXT = {};
const NULL = '{"v":null}';
/** Not what is always so: nothing. */
const NEVER = '{"or":[]}';

module.exports = (lib) => {
  const { Op, Utils, logger, errors } = lib;
  const { SequelizeMethod } = Utils;
  const { typed, isJson, isNumber } = require('./values')(lib);

  const operators = operatorsOf(Op);
  const EQ = operators.get(Op.eq);
  const IN = operators.get(Op.in);

  function keysOf(object) {
    const symbols = Object.getOwnPropertySymbols(object);
    if (symbols.length === 0) return Object.keys(object);
    for (const symbol of symbols) {
      if (!operators.has(symbol)) {
        throw new Error(`Unknown operator ${String(symbol)}: use the symbols of Sequelize.Op`);
      }
    }
    const names = Object.keys(object);
    return names.length === 0 ? symbols : [...symbols, ...names];
  }

  /** Whether a method stands for a condition by itself, whatever attribute it is given to: a literal is one. */
  function isCondition(value) {
    if (value instanceof Utils.Json) return !value.path || value.value !== undefined;
    return value instanceof Utils.Literal || value instanceof Utils.Where;
  }

  /** `$task.title$`: a column by its path. */
  const columnPath = (text) => json.path(text.split('.'));

  function all(nodes) {
    return nodes.length > 1 ? `{"and":${json.list(nodes)}}` : nodes[0];
  }

  const compared = (left, operator, right) => `{"o":[${left}${operator.between}${right}]}`;
  const documentPath = (column, path, wanted = '') => `{"j":[${column},${json.strings(path)}${wanted}]}`;

  /** Writes the expressions of one statement, and gathers the values that it binds. */
  class Conditions {
    constructor(generator) {
      this.generator = generator;
      /** As the wire carries them. */
      this.values = [];
      /**
       * Whether values are written into the text. The arguments of functions and casts are, and what is selected,
       * grouped and ordered by: PostgreSQL takes `date_trunc($1, x)` in a select list and `date_trunc($2, x)` in its
       * `GROUP BY` for two different things, and cannot infer the type of an argument of many functions.
       */
      this.isInlined = false;
    }

    /**
     * A whole `where` option.
     * @returns a condition, or undefined when there is none
     */
    where(where, context = NO_CONTEXT) {
      if (where === undefined || where === null) return undefined;
      if (isPlainObject(where)) return this.all(where, context);
      if (where instanceof SequelizeMethod) return this.expression(where, context);
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
      return all(this.entries(where, context));
    }

    entries(where, context) {
      const nodes = [];
      for (const key of keysOf(where)) {
        const node = this.entry(key, where[key], context);
        if (node !== undefined) nodes.push(node);
      }
      return nodes;
    }

    /** One key with its value. `key` is an attribute, `$path$` or an operator. */
    entry(key, value, context) {
      if (value === undefined) {
        throw new Error(`WHERE parameter "${String(key)}" has invalid "undefined" value`);
      }
      if (typeof key === 'string') key = this.alias(key);
      if (key === Op.and || key === Op.or || key === Op.not) return this.group(key, value, context);
      if (typeof key === 'symbol') {
        if (key === Op.join || key === Op.placeholder) return this.where(value, context);
        throw new Error(`The operator Op.${operators.get(key).name} needs an attribute to compare`);
      }
      if (context.model && key.includes('.')) {
        const nested = this.dottedJson(key, value, context);
        if (nested) return nested;
      }
      const left = Utils.isColString(key) ? columnPath(key.slice(1, -1)) : json.column(key);
      return this.beside(left, this.field(key, context), value, context);
    }

    /** A left side with what the user wrote beside it. */
    beside(left, field, value, context) {
      if (typeof value !== 'object') return this.operation(left, field, EQ, value, context);
      if (isCondition(value)) return this.expression(value, context);
      return this.compare(left, field, isPlainObject(value) ? this.aliases(value) : value, context);
    }

    field(key, { model, field }) {
      return field || (model?.rawAttributes?.[key] ?? model?.fieldRawAttributesMap?.[key]);
    }

    /** `'meta.address.city': 'Rome'` on a JSON attribute, or `'$author.meta.address.city$'` on that of an association. */
    dottedJson(key, value, context) {
      const { tables, model, rest } = this.walk(key, context.model);
      const [name, ...path] = rest;
      const attribute = model.rawAttributes?.[name];
      if (!isJson(attribute?.type)) return undefined;
      const field = attribute.field || name;
      const column = tables.length > 0 ? json.path([...tables, field]) : json.column(field);
      if (path.length === 0) return this.compare(column, attribute, value, context);
      return this.json(column, path, value, { ...context, field: attribute });
    }

    /** What `operatorsAliases` has for a string; without, itself. */
    alias(key) {
      const map = this.generator.OperatorsAliasMap;
      return map && Object.hasOwn(map, key) ? map[key] : key;
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
        result[this.alias(key)] = isPlainObject(item) ? this.aliases(item) : item;
      }
      return result;
    }

    /** A column against whatever the user wrote on the right. */
    compare(left, field, value, context) {
      if (Array.isArray(value)) return this.operation(left, field, IN, value, context);
      if (!isPlainObject(value)) return this.operation(left, field, EQ, value, context);
      if (context.json !== false && isJson(field?.type ?? context.type)) {
        return this.jsonObject(left, field, value, context);
      }
      const keys = keysOf(value);
      if (keys.length === 0) throw new Error(`Invalid value ${logger.inspect(value)}`);
      if (keys.length === 1) return this.operator(left, field, keys[0], value[keys[0]], context);
      const nodes = [];
      for (const key of keys) {
        const node = this.operator(left, field, key, value[key], context);
        if (node !== undefined) nodes.push(node);
      }
      return all(nodes);
    }

    /** One operator of `{ age: { [Op.gt]: 5 } }`. */
    operator(left, field, key, value, context) {
      if (typeof key === 'string') key = this.alias(key);
      if (typeof key === 'string') {
        throw new Error(`Invalid value { ${key}: ${logger.inspect(value)} }`);
      }
      if (key === Op.or || key === Op.and) {
        const nested = this.each(left, field, value, context);
        if (nested.length === 0) return undefined;
        return key === Op.or ? `{"or":${json.list(nested)}}` : `{"and":${json.list(nested)}}`;
      }
      if (value === undefined) this.refuseUndefined(operators.get(key));
      if (key === Op.not) {
        if (!isPlainObject(value)) return this.negation(left, field, value, context);
        const inner = this.compare(left, field, value, context);
        return inner ? `{"not":${inner}}` : NEVER;
      }
      if (key === Op.raw) {
        throw new Error('The `$raw` where property is no longer supported.  Use `sequelize.literal` instead.');
      }
      if (key === Op.col) return compared(left, EQ, columnPath(value));
      if (key === Op.any || key === Op.all) return compared(left, EQ, this.quantified(key, EQ, value, field));
      if (key === Op.notIn && Array.isArray(value) && value.length === 0) return undefined;
      return this.operation(left, field, operators.get(key), value, context);
    }

    /** `{ age: { [Op.or]: [5, { [Op.lt]: 3 }] } }` and `{ age: { [Op.or]: { … } } }`. */
    each(left, field, value, context) {
      const items = isPlainObject(value) ? keysOf(value).map((key) => ({ [key]: value[key] })) : [].concat(value);
      const nodes = [];
      for (const item of items) {
        const node = isCondition(item) ? this.expression(item, context) : this.compare(left, field, item, context);
        if (node !== undefined) nodes.push(node);
      }
      return nodes;
    }

    operation(left, field, operator, value, context) {
      if (value === undefined) this.refuseUndefined(operator);
      return compared(left, operator, this.right(operator, value, field, context));
    }

    refuseUndefined({ name }) {
      throw new Error(`The operator Op.${name} has the invalid value "undefined"`);
    }

    negation(left, field, value, context) {
      if (Array.isArray(value)) return this.operator(left, field, Op.notIn, value, context);
      const isWord = value === null || typeof value === 'boolean';
      return this.operation(left, field, operators.get(isWord ? Op.not : Op.ne), value, context);
    }

    /** The right side of an operator. */
    right(operator, value, field, context) {
      if (typeof value === 'object' && value !== null) {
        if (value instanceof SequelizeMethod) return this.rightExpression(operator, value, context);
        if (isPlainObject(value)) {
          const [key] = keysOf(value);
          if (key === Op.col) return operator.pattern ? this.refusePattern(operator) : columnPath(value[Op.col]);
          if (key === Op.any || key === Op.all) return this.quantified(key, operator, value[key], field);
        }
      }
      if (operator.takesList) return this.list(operator, value, field);
      const isDocument = isJson(field?.type);
      if (Array.isArray(value) && !isDocument) {
        if (operator.pattern) this.refusePattern(operator);
        // A number in an array is one for Sequelize.
        if (value.length !== 1 || !isNumber(field?.type)) return this.items(EQ, value, field);
      }
      return this.value(value, operator.takesText && !isDocument ? undefined : field, operator);
    }

    rightExpression(operator, method, context) {
      if (!operator.pattern) return this.expression(method, context);
      if (method instanceof Utils.Literal) return this.value(String(method.val), undefined, operator);
      return this.refusePattern(operator);
    }

    refusePattern({ name }) {
      throw Object.assign(new errors.QueryError(`${name} takes a string`), { code: 'BAD_REQUEST' });
    }

    list(operator, value, field) {
      if (!Array.isArray(value)) {
        throw new Error(`Op.${operator.name} takes an array or a literal, but was given ${logger.inspect(value)}`);
      }
      return this.items(operator, value, field);
    }

    items(operator, values, field) {
      let text = '';
      for (const value of values) text += `${text && ','}${this.item(operator, value, field)}`;
      return `{"list":[${text}]}`;
    }

    item(operator, value, field) {
      return value instanceof SequelizeMethod
        ? this.rightExpression(operator, value)
        : this.value(value, field, operator);
    }

    /** What Op.any and Op.all take. */
    quantified(quantifier, operator, value, field) {
      const name = quantifier === Op.any ? 'any' : 'all';
      const isValues = isPlainObject(value) && value[Op.values];
      if (operator.pattern && (isValues || value instanceof SequelizeMethod)) this.refusePattern(operator);
      if (value instanceof SequelizeMethod) return `{"${name}":${this.expression(value)}}`;
      if (isValues) {
        return `{"${name}":{"values":${json.list(value[Op.values].map((item) => this.item(EQ, item)))}}}`;
      }
      return `{"${name}":${this.items(operator, [].concat(value), field)}}`;
    }

    /** A value of an attribute; of none, a value that may be a method. */
    value(value, field, operator = EQ) {
      if (value instanceof SequelizeMethod) return this.expression(value);
      const wire = typed(this.generator, value, field);
      if (operator.pattern && wire !== null) return this.bound(this.patternOf(operator, wire));
      return operator.isTest && typeof wire === 'boolean' ? json.constant(wire) : this.bound(wire);
    }

    patternOf(operator, wire) {
      if (wire.type === 'blob') this.refusePattern(operator);
      const [before, after] = operator.pattern;
      return `${before}${typeof wire === 'object' ? wire.value : wire}${after}`;
    }

    /** A value as the wire carries it. */
    bound(wire) {
      if (wire === null) return NULL;
      if (this.isInlined) return json.constant(wire);
      return kindOf(wire).placeholder(this.values.push(wire) - 1);
    }

    /** Op.and, Op.or, Op.not with an array or an object. */
    group(operator, value, context) {
      let nodes;
      if (isPlainObject(value)) {
        nodes = this.entries(value, context);
      } else {
        nodes = [];
        for (const item of Array.isArray(value) ? value : [value]) {
          const node = this.where(item, context);
          if (node !== undefined) nodes.push(node);
        }
      }
      if (operator === Op.or) return `{"or":${json.list(nodes)}}`;
      if (operator === Op.not) return nodes.length > 0 ? `{"not":${all(nodes)}}` : NEVER;
      return all(nodes);
    }

    /** `{ meta: { address: { city: 'Rome' } } }`, and operators beside it. */
    jsonObject(left, field, value, context) {
      const nodes = [];
      for (const key of keysOf(value)) {
        const node =
          typeof key === 'symbol'
            ? this.operator(left, field, key, value[key], { ...context, json: false })
            : this.json(left, [key], value[key], context);
        if (node !== undefined) nodes.push(node);
      }
      return all(nodes);
    }

    /** A value at a path of a JSON column. */
    json(column, path, value, context) {
      const left = documentPath(column, path);
      if (Array.isArray(value)) return this.operation(left, undefined, IN, value, context);
      if (!isPlainObject(value)) return this.operation(left, undefined, EQ, value, context);
      const nodes = [];
      for (const key of keysOf(value)) {
        const node = this.jsonEntry(column, path, key, value[key], context);
        if (node !== undefined) nodes.push(node);
      }
      return all(nodes);
    }

    jsonEntry(column, path, key, value, context) {
      if (typeof key === 'string') return this.json(column, path.concat(key), value, context);
      if (key === Op.contains || key === Op.contained) {
        const document = this.bound({ type: 'json', value: JSON.stringify(value) });
        return compared(documentPath(column, path, ',"json"'), operators.get(key), document);
      }
      return this.operator(documentPath(column, path), undefined, key, value, { ...context, json: false });
    }

    /** `literal`, `fn`, `col`, `cast`, `json`, `where`. */
    expression(method, context = NO_CONTEXT) {
      if (method instanceof Utils.Literal) return json.literal(String(method.val));
      if (method instanceof Utils.Fn) {
        return this.inlined(() => {
          const args = method.args.map((arg) => this.argument(arg, context));
          return `{"f":[${json.string(method.fn)},${json.list(args)}]}`;
        });
      }
      if (method instanceof Utils.Col) return this.column(method.col);
      if (method instanceof Utils.Cast) {
        return this.inlined(() => `{"cast":[${this.argument(method.val, context)},${json.string(method.type)}]}`);
      }
      if (method instanceof Utils.Json) return this.jsonMethod(method);
      if (method instanceof Utils.Where) return this.whereMethod(method, context);
      throw new Error(`Invalid value ${logger.inspect(method)}`);
    }

    /** Runs `write` with every value inlined. */
    inlined(write) {
      const before = this.isInlined;
      this.isInlined = true;
      const text = write();
      this.isInlined = before;
      return text;
    }

    /** A method that stands where values are inlined. */
    constantExpression(method) {
      return this.inlined(() => this.expression(method));
    }

    argument(value, context) {
      if (value instanceof SequelizeMethod) return this.expression(value, context);
      if (isPlainObject(value)) return this.where(value) ?? NULL;
      if (Array.isArray(value)) return `{"list":${json.list(value.map((item) => this.argument(item, context)))}}`;
      return this.value(value);
    }

    column(name) {
      if (Array.isArray(name)) {
        throw new Error('Cannot call Sequelize.col() with array outside of order / group clause');
      }
      return name.startsWith('*') ? '{"star":null}' : columnPath(name);
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
      return value === undefined ? documentPath(json.column(steps[0]), steps.slice(1)) : this.jsonEquals(steps, value);
    }

    jsonEquals([column, ...path], value) {
      return compared(documentPath(json.column(column), path), EQ, this.value(value));
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
      if (isPlainObject(logic)) return this.compare(left, undefined, logic, context);
      const operator = operators.get(comparator) ?? new Operator(comparator);
      if (Array.isArray(logic)) {
        const isEqual = operator.name === '=' || operator === EQ;
        return compared(left, isEqual ? IN : operator, this.items(EQ, logic));
      }
      if (logic instanceof SequelizeMethod) {
        return compared(left, operator, this.rightExpression(operator, logic, context));
      }
      return compared(left, operator, this.value(logic, undefined, operator));
    }

    whereAttribute(attribute, context) {
      if (attribute instanceof SequelizeMethod) return this.expression(attribute, context);
      if (typeof attribute === 'string') return columnPath(attribute);
      if (attribute?.Model) return json.path([attribute.Model.name, attribute.field || attribute.fieldName]);
      throw new Error(`Invalid value ${logger.inspect(attribute)} as the left side of where()`);
    }
  }

  return Conditions;
};
