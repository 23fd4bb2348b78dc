'use strict';

// Conditions on JSON documents: nested objects, dotted keys, and `Sequelize.json`.

const { toJson } = require('../../driver/json');
const { isPlainObject } = require('../../driver/plain-object');
const json = require('./json');

module.exports = (lib) => {
  const { Op, Utils, logger } = lib;
  const { Operands, operators, keysOf } = require('./operands')(lib);
  const { isJson } = require('./values')(lib);
  const EQ = operators.get(Op.eq);
  const IN = operators.get(Op.in);

  class JsonConditions extends Operands {
    /**
     * A dotted key: `'meta.address.city': 'Rome'` on a JSON attribute, or `'$author.meta.address.city$'` on a JSON
     * attribute of an association.
     *
     * @returns a condition, or undefined when the key does not name a JSON attribute
     */
    dottedKey(key, value, context) {
      const { tables, model, rest } = splitKey(key, context.model);
      const [name, ...path] = rest;
      const attribute = model.rawAttributes?.[name];
      if (!isJson(attribute?.type)) return undefined;
      const field = attribute.field || name;
      const column = tables.length > 0 ? json.path([...tables, field]) : json.column(field);
      if (path.length === 0) return this.comparison(column, attribute, value, context);
      return this.atPath(column, path, value, { ...context, field: attribute });
    }

    /** `{ meta: { address: { city: 'Rome' } } }`, possibly with operators of the whole document. */
    jsonObject(left, field, value, context) {
      const conditions = [];
      for (const key of keysOf(value)) {
        const condition = this.jsonEntry(left, field, key, value[key], context);
        if (condition !== undefined) conditions.push(condition);
      }
      return json.allOf(conditions);
    }

    jsonEntry(left, field, key, value, context) {
      if (typeof key === 'string') return this.atPath(left, [key], value, context);
      // The sides of OR and AND can be paths, as the attribute's own value can.
      if (key === Op.or || key === Op.and) return this.operator(left, field, key, value, context);
      // An object under any other operator is a document.
      const operator = key === Op.not && isDocument(value) ? Op.ne : key;
      return this.operator(left, field, operator, value, { ...context, json: false });
    }

    /** A condition on the value at a path of a JSON column. */
    atPath(column, path, value, context) {
      const left = json.document(column, path);
      if (Array.isArray(value)) return this.operation(left, undefined, IN, value, context);
      if (!isPlainObject(value)) return this.operation(left, undefined, EQ, value, context);
      const conditions = [];
      for (const key of keysOf(value)) {
        const condition = this.atPathEntry(column, path, key, value[key], context);
        if (condition !== undefined) conditions.push(condition);
      }
      return json.allOf(conditions);
    }

    atPathEntry(column, path, key, value, context) {
      if (typeof key === 'string') return this.atPath(column, path.concat(key), value, context);
      if (key === Op.or || key === Op.and) {
        const conditions = this.alternatives(value, context, (item) => this.atPath(column, path, item, context));
        if (conditions.length === 0) return undefined;
        return key === Op.or ? json.or(conditions) : json.and(conditions);
      }
      const isCompared = (key === Op.eq || key === Op.ne || key === Op.not) && isDocument(value);
      if (isCompared || key === Op.contains || key === Op.contained) {
        const document = this.bound({ type: 'json', value: toJson(value) });
        const operator = operators.get(isCompared && key === Op.not ? Op.ne : key);
        return json.compare(json.document(column, path, 'json'), operator.json, document);
      }
      return this.operator(json.document(column, path), undefined, key, value, { ...context, json: false });
    }

    /** `Sequelize.json`, with conditions or with a path. */
    jsonMethod({ conditions, path, value }) {
      if (conditions) {
        const equalities = [];
        const walk = (object, steps) => {
          for (const [key, item] of Object.entries(object)) {
            if (isPlainObject(item) || Array.isArray(item)) walk(item, steps.concat(key));
            else equalities.push(this.jsonEquals(steps.concat(key), item));
          }
        };
        walk(conditions, []);
        return json.allOf(equalities);
      }
      const steps = stepsOf(path);
      return value === undefined ? json.document(json.column(steps[0]), steps.slice(1)) : this.jsonEquals(steps, value);
    }

    jsonEquals([column, ...path], value) {
      return json.compare(json.document(json.column(column), path), EQ.json, this.value(value));
    }
  }

  /** True for an object without operators. */
  function isDocument(value) {
    return isPlainObject(value) && !keysOf(value).some((key) => typeof key === 'symbol');
  }

  /** Splits a dotted key into the associations at its front and the rest. */
  function splitKey(key, model) {
    if (!Utils.isColString(key)) return { tables: [], model, rest: key.split('.') };
    const rest = key.slice(1, -1).split('.');
    const tables = [];
    while (rest.length > 1 && model.associations?.[rest[0]]) {
      model = model.associations[rest[0]].target;
      tables.push(rest.shift());
    }
    return { tables, model: tables.length > 0 ? model : {}, rest };
  }

  /** The column and the steps of a path such as `meta.list[0].name`. */
  function stepsOf(path) {
    const steps = String(path)
      .replace(/\[(\d+)\]/g, '.$1')
      .split('.');
    if (/^\w+\s*\(/.test(steps[0])) {
      throw new Error(`Sequelize.json takes a path: write ${logger.inspect(path)} with Sequelize.literal instead`);
    }
    return steps;
  }

  return { JsonConditions, operators, keysOf };
};
