'use strict';

// The right side of a comparison: a value, a pattern, a list, a column, or `Op.any` and `Op.all`.

const { isPlainObject } = require('../../driver/plain-object');
const { toWire } = require('../../driver/values');
const json = require('./json');
const { listOf } = require('./long-lists');
const { operatorsOf } = require('./operators');

/** The length from which a list is one bound value. */
const LONG_LIST = 100;

module.exports = (lib) => {
  const { Op, Utils, logger, errors } = lib;
  const { SequelizeMethod } = Utils;
  const Expressions = require('./expressions')(lib);
  const { typed, converter, isTyped, isArray, isBoolean, isJson, isNumber } = require('./values')(lib);
  const operators = operatorsOf(Op);
  const EQ = operators.get(Op.eq);

  const isMethod = (value) => typeof value === 'object' && value instanceof SequelizeMethod;

  class Operands extends Expressions {
    right(operator, value, field, context) {
      if (typeof value === 'object' && value !== null) {
        if (value instanceof SequelizeMethod) return this.rightExpression(operator, value, context);
        if (isPlainObject(value)) {
          const [key] = keysOf(value);
          if (key === Op.col) return operator.pattern ? refusePattern(operator) : json.dottedPath(value[Op.col]);
          if (key === Op.any || key === Op.all) return this.quantified(key, operator, value[key], field);
        }
      }
      if (operator.takesList) return this.list(operator, value, field);
      const isDocument = isJson(field?.type) || isArray(field?.type);
      if (Array.isArray(value) && !isDocument) {
        if (operator.pattern) refusePattern(operator);
        // The left side is an expression, or a column of no model that is known here: the engine knows its type.
        if (operator.takesValue && !isTyped(field)) {
          // A literal would have to say whether it is an array or a document.
          this.needsParameters = true;
          return this.bound(toWire(value));
        }
        // Sequelize takes an array of one number for a number.
        if (value.length !== 1 || !isNumber(field?.type)) return this.items(EQ, value, field);
      }
      return this.operand(operator, value, operator.takesText && !isDocument ? undefined : field);
    }

    rightExpression(operator, method, context) {
      if (!operator.pattern) return this.expression(method, context);
      if (method instanceof Utils.Literal) return this.operand(operator, String(method.val));
      return refusePattern(operator);
    }

    list(operator, value, field) {
      if (!Array.isArray(value)) {
        throw new Error(`Op.${operator.name} takes an array or a literal, but was given ${logger.inspect(value)}`);
      }
      const long = operator.isMembership ? this.longList(value, field) : undefined;
      return long ?? this.items(operator, value, field);
    }

    /**
     * A list as one bound value, so that it may have any length.
     *
     * @returns {string | undefined} nothing for a short list, which is no slower as it is, and for one with other than
     *   plain values
     */
    longList(values, field) {
      if (values.length < LONG_LIST || this.isInlined || values.some(isMethod)) return undefined;
      const list = listOf(values, converter(this.generator, field));
      return list && json.boundList(this.values.push({ type: 'json', value: list.json }) - 1, list.type);
    }

    items(operator, values, field) {
      const items = [];
      for (const value of values) items.push(this.item(operator, value, field));
      return json.list(items);
    }

    item(operator, value, field) {
      return value instanceof SequelizeMethod
        ? this.rightExpression(operator, value)
        : this.operand(operator, value, field);
    }

    /** @param {symbol} quantifier Op.any or Op.all @param value a method, `{ [Op.values]: list }`, or one or more values */
    quantified(quantifier, operator, value, field) {
      const name = quantifier === Op.any ? 'any' : 'all';
      const isValues = isPlainObject(value) && value[Op.values];
      if (operator.pattern && (isValues || value instanceof SequelizeMethod)) refusePattern(operator);
      if (value instanceof SequelizeMethod) return json.quantified(name, this.expression(value));
      if (isValues) {
        return json.quantified(name, json.values(value[Op.values].map((item) => this.item(EQ, item))));
      }
      const items = [].concat(value);
      const long = isMembership(quantifier, operator) ? this.longList(items, field) : undefined;
      return json.quantified(name, long ?? this.items(operator, items, field));
    }

    /** Writes one value in the form that the operator takes. */
    operand(operator, value, field) {
      if (value instanceof SequelizeMethod) return this.expression(value);
      const wire = typed(this.generator, value, field);
      if (operator.pattern && wire !== null) return this.bound(patternOf(operator, wire));
      if (typeof wire === 'boolean') {
        if (operator.takesKeyword) return json.constant(wire);
        // Beside a number, true is 1 as a parameter and an error as a literal.
        if (!isBoolean(field?.type)) this.needsParameters = true;
      }
      return this.bound(wire);
    }
  }

  function isMembership(quantifier, operator) {
    return quantifier === Op.any ? operator === EQ : operator === operators.get(Op.ne);
  }

  function patternOf(operator, wire) {
    if (wire.type === 'blob') refusePattern(operator);
    const [before, after] = operator.pattern;
    return `${before}${typeof wire === 'object' ? wire.value : wire}${after}`;
  }

  function refusePattern({ name }) {
    throw Object.assign(new errors.QueryError(`${name} takes a string`), { code: 'BAD_REQUEST' });
  }

  /** The keys of an object of conditions: symbols of `Op` before names. */
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

  return { Operands, operators, keysOf };
};
