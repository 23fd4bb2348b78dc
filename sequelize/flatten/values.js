'use strict';

// Values of attributes in their wire form: JSON scalars, or `{ type, value }` for types that JSON does not have.

const { isPlainObject } = require('../../driver/plain-object');
const { scalarToWire, toWire } = require('../../driver/values');

const identity = (value) => value;
const NO_OPTIONS = {};
/** The types of JavaScript values that are converted to text for a text column. */
const CONVERTED_TO_TEXT = new Set(['number', 'boolean', 'bigint']);

/** True when a data type's `bindParam` has already returned `{ type, value }`. */
function isTagged(value) {
  return isPlainObject(value) && typeof value.type === 'string' && typeof value.value === 'string';
}

/**
 * The wire form of a value that is assigned to a column of which no model tells the type, as in
 * `queryInterface.bulkInsert`. An array or an object is a document, which the engine converts to the column's type.
 */
function assigned(value) {
  return Array.isArray(value) || isPlainObject(value) ? toWire(value) : scalarToWire(value);
}

/** The writer of values that have no attribute. Only an INSERT and an UPDATE have a context. */
const untyped = (options) => (options.context === undefined ? scalarToWire : assigned);

const isTyped = (field) => typeof field?.type?.bindParam === 'function';

/** The class behind an exported data type. Sequelize exports proxies, on which `instanceof` is slow. */
const unwrapped = (type) => type.prototype.constructor;

/** The types whose values of a type of JavaScript are their own wire form. */
const UNCHANGED = {
  string: ['STRING', 'CHAR', 'TEXT', 'CITEXT', 'ENUM'],
  number: ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INTEGER', 'BIGINT', 'FLOAT', 'REAL', 'DOUBLE PRECISION'],
  boolean: ['BOOLEAN'],
};

module.exports = ({ DataTypes, DIALECT_NAME }) => {
  /** By the prototype of a data type: the type of JavaScript. A type of the user's own has another prototype. */
  const unchanged = new Map();
  for (const [kind, keys] of Object.entries(UNCHANGED)) {
    for (const key of keys) unchanged.set(DataTypes[DIALECT_NAME][key].prototype, kind);
  }

  const TEXTS = [DataTypes.STRING, DataTypes.TEXT, DataTypes.CHAR].map(unwrapped);
  const JsonType = unwrapped(DataTypes.JSON);
  const ArrayType = unwrapped(DataTypes.ARRAY);
  const NumberType = unwrapped(DataTypes.NUMBER);
  const BooleanType = unwrapped(DataTypes.BOOLEAN);

  const isText = (type) => TEXTS.some((Type) => type instanceof Type);
  const isJson = (type) => type instanceof JsonType;
  const isArray = (type) => type instanceof ArrayType;
  const isNumber = (type) => type instanceof NumberType;
  const isBoolean = (type) => type instanceof BooleanType;

  /** The wire form of a value, as the attribute's data type writes it. Throws for an object that no column can hold. */
  function typed(generator, value, field, options = NO_OPTIONS) {
    if (value === null || value === undefined) return null;
    if (!isTyped(field)) return untyped(options)(value);
    return converterTo(generator, field, options)(value);
  }

  /**
   * The function that gives each value of an attribute its wire form, for many values.
   *
   * @returns {(value: unknown) => unknown} it throws for an object that no column can hold
   */
  function converter(generator, field, options = NO_OPTIONS) {
    const convert = isTyped(field) ? converterTo(generator, field, options) : untyped(options);
    const kind = unchangedKind(generator, field?.type);
    return (value) => {
      if (value === null || value === undefined) return null;
      return typeof value === kind && (kind !== 'number' || Number.isFinite(value)) ? value : convert(value);
    };
  }

  /** The type of JavaScript whose values a data type leaves as they are. */
  function unchangedKind({ typeValidation }, type) {
    if (typeValidation || typeof type !== 'object' || type === null || type._binary) return undefined;
    return unchanged.get(Object.getPrototypeOf(type));
  }

  function converterTo(generator, field, options) {
    const { type } = field;
    const isOfText = isText(type);
    const bindOptions = {
      escape: identity,
      bindParam: identity,
      field,
      timezone: generator.options.timezone,
      operation: options.operation,
    };
    return (value) => {
      generator.validate(value, field, options);
      if (isOfText && CONVERTED_TO_TEXT.has(typeof value)) value = String(value);
      const bound = type.bindParam(value, bindOptions);
      return isTagged(bound) ? bound : scalarToWire(bound);
    };
  }

  return { typed, converter, isTyped, isJson, isArray, isBoolean, isNumber };
};

module.exports.unwrapped = unwrapped;
