'use strict';

// The `where` option as conditions of a plan. This file knows what Sequelize's objects mean; the translator decides
// which SQL they become.

const { isPlainObject } = require('../../driver/plain-object');
const json = require('./json');
const { Operator } = require('./operators');

const NO_CONTEXT = {};

module.exports = (lib) => {
  const { Op, Utils, logger } = lib;
  const { SequelizeMethod } = Utils;
  const { JsonConditions, operators, keysOf } = require('./json-conditions')(lib);
  const { isArray, isJson } = require('./values')(lib);
  const EQ = operators.get(Op.eq);
  const IN = operators.get(Op.in);

  /** True for a method that is a condition by itself, whatever attribute it is given to. */
  function isCondition(value) {
    if (value instanceof Utils.Json) return !value.path || value.value !== undefined;
    return value instanceof Utils.Literal || value instanceof Utils.Where;
  }

  /**
   * Writes conditions, and the expressions in them. `context` has the `model` whose attributes the keys name, if any;
   * `field`, the attribute to use instead; and `json: false` for keys that are operators, not steps of a JSON path.
   */
  class Conditions extends JsonConditions {
    /**
     * The value of a `where` option.
     * @returns a condition, or undefined when there is none
     */
    where(where, context = NO_CONTEXT) {
      if (where === undefined || where === null) return undefined;
      if (isPlainObject(where)) return json.allOf(this.entries(where, context));
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

    entries(where, context) {
      const conditions = [];
      for (const key of keysOf(where)) {
        const condition = this.entry(key, where[key], context);
        if (condition !== undefined) conditions.push(condition);
      }
      return conditions;
    }

    /** Writes one key with its value. `key` is an attribute, `$path$` or an operator. */
    entry(key, value, context) {
      if (value === undefined) {
        throw new Error(`WHERE parameter "${String(key)}" has invalid "undefined" value`);
      }
      if (typeof key === 'string') key = this.unaliased(key);
      if (key === Op.and || key === Op.or || key === Op.not) return this.group(key, value, context);
      if (typeof key === 'symbol') {
        if (key === Op.join || key === Op.placeholder) return this.where(value, context);
        throw new Error(`The operator Op.${operators.get(key).name} needs an attribute to compare`);
      }
      if (context.model && key.includes('.')) {
        const condition = this.dottedKey(key, value, context);
        if (condition) return condition;
      }
      const left = Utils.isColString(key) ? json.dottedPath(key.slice(1, -1)) : json.column(key);
      return this.condition(left, fieldOf(key, context), value, context);
    }

    /** A left side with the value that the user gave for it. */
    condition(left, field, value, context) {
      if (typeof value !== 'object') return this.operation(left, field, EQ, value, context);
      if (isCondition(value)) return this.expression(value, context);
      return this.comparison(left, field, isPlainObject(value) ? this.unaliasedKeys(value) : value, context);
    }

    /** The operator that `operatorsAliases` has for a string; the string itself if it has none. */
    unaliased(key) {
      const map = this.generator.OperatorsAliasMap;
      return map && Object.hasOwn(map, key) ? map[key] : key;
    }

    unaliasedKeys(value) {
      const map = this.generator.OperatorsAliasMap;
      if (!map || Object.keys(map).length === 0) return value;
      const result = {};
      for (const key of keysOf(value)) {
        const item = value[key];
        result[this.unaliased(key)] = isPlainObject(item) ? this.unaliasedKeys(item) : item;
      }
      return result;
    }

    /** Compares a left side with a value, a list, or an object of operators. */
    comparison(left, field, value, context) {
      if (Array.isArray(value)) {
        return this.operation(left, field, isArray(field?.type) ? EQ : IN, value, context);
      }
      if (!isPlainObject(value)) return this.operation(left, field, EQ, value, context);
      if (context.json !== false && isJson(field?.type ?? context.type)) {
        return this.jsonObject(left, field, value, context);
      }
      const keys = keysOf(value);
      if (keys.length === 0) throw new Error(`Invalid value ${logger.inspect(value)}`);
      if (keys.length === 1) return this.operator(left, field, keys[0], value[keys[0]], context);
      const conditions = [];
      for (const key of keys) {
        const condition = this.operator(left, field, key, value[key], context);
        if (condition !== undefined) conditions.push(condition);
      }
      return json.allOf(conditions);
    }

    /** Writes one operator with its value, as in `{ age: { [Op.gt]: 5 } }`. */
    operator(left, field, key, value, context) {
      if (typeof key === 'string') key = this.unaliased(key);
      if (typeof key === 'string') {
        throw new Error(`Invalid value { ${key}: ${logger.inspect(value)} }`);
      }
      if (key === Op.or || key === Op.and) {
        const conditions = this.alternatives(value, context, (item) => this.comparison(left, field, item, context));
        if (conditions.length === 0) return undefined;
        return key === Op.or ? json.or(conditions) : json.and(conditions);
      }
      if (value === undefined) refuseUndefined(operators.get(key));
      if (key === Op.not) {
        if (!isPlainObject(value)) return this.negation(left, field, value, context);
        const condition = this.comparison(left, field, value, context);
        return condition ? json.not(condition) : json.FALSE;
      }
      if (key === Op.raw) {
        throw new Error('The `$raw` where property is no longer supported.  Use `sequelize.literal` instead.');
      }
      if (key === Op.col) return json.compare(left, EQ.json, json.dottedPath(value));
      if (key === Op.any || key === Op.all) {
        return json.compare(left, EQ.json, this.quantified(key, EQ, value, field));
      }
      if (key === Op.notIn && Array.isArray(value) && value.length === 0) return undefined;
      return this.operation(left, field, operators.get(key), value, context);
    }

    /**
     * The conditions of `{ age: { [Op.or]: [5, { [Op.lt]: 3 }] } }` and of `{ age: { [Op.or]: { … } } }`.
     * @param {(item: unknown) => string | undefined} write one of them
     */
    alternatives(value, context, write) {
      const items = isPlainObject(value) ? keysOf(value).map((key) => ({ [key]: value[key] })) : [].concat(value);
      const conditions = [];
      for (const item of items) {
        const condition = isCondition(item) ? this.expression(item, context) : write(item);
        if (condition !== undefined) conditions.push(condition);
      }
      return conditions;
    }

    operation(left, field, operator, value, context) {
      if (value === undefined) refuseUndefined(operator);
      return json.compare(left, operator.json, this.right(operator, value, field, context));
    }

    /** `Op.not` with a value: `NOT IN` for a list, `IS NOT` for null and booleans, `!=` for others. */
    negation(left, field, value, context) {
      if (Array.isArray(value)) {
        return this.operator(left, field, isArray(field?.type) ? Op.ne : Op.notIn, value, context);
      }
      const isKeyword = value === null || typeof value === 'boolean';
      return this.operation(left, field, operators.get(isKeyword ? Op.not : Op.ne), value, context);
    }

    /** Op.and, Op.or or Op.not with an array or an object of conditions. */
    group(operator, value, context) {
      const conditions = isPlainObject(value) ? this.entries(value, context) : this.eachOf(value, context);
      if (operator === Op.or) return json.or(conditions);
      if (operator === Op.not) return conditions.length > 0 ? json.not(json.allOf(conditions)) : json.FALSE;
      return json.allOf(conditions);
    }

    eachOf(value, context) {
      const conditions = [];
      for (const item of Array.isArray(value) ? value : [value]) {
        const condition = this.where(item, context);
        if (condition !== undefined) conditions.push(condition);
      }
      return conditions;
    }

    /** `Sequelize.where(attribute, comparator, logic)`. */
    whereMethod({ attribute, comparator, logic }, context = NO_CONTEXT) {
      const left = this.whereAttribute(attribute, context);
      if (isPlainObject(logic)) return this.comparison(left, undefined, logic, context);
      const operator = operators.get(comparator) ?? new Operator(comparator);
      if (Array.isArray(logic)) {
        const isEqual = operator.name === '=' || operator === EQ;
        const used = isEqual ? IN : operator;
        return json.compare(left, used.json, this.right(used, logic));
      }
      if (logic instanceof SequelizeMethod) {
        return json.compare(left, operator.json, this.rightExpression(operator, logic, context));
      }
      return json.compare(left, operator.json, this.operand(operator, logic));
    }

    whereAttribute(attribute, context) {
      if (attribute instanceof SequelizeMethod) return this.expression(attribute, context);
      if (typeof attribute === 'string') return json.dottedPath(attribute);
      if (attribute?.Model) return json.path([attribute.Model.name, attribute.field || attribute.fieldName]);
      throw new Error(`Invalid value ${logger.inspect(attribute)} as the left side of where()`);
    }
  }

  function fieldOf(key, { model, field }) {
    return field || (model?.rawAttributes?.[key] ?? model?.fieldRawAttributesMap?.[key]);
  }

  function refuseUndefined({ name }) {
    throw new Error(`The operator Op.${name} has the invalid value "undefined"`);
  }

  return Conditions;
};
