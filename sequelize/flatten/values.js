'use strict';

// Values of attributes as the plain data of a statement: JSON scalars, or { type, value } for what JSON has not.

const { scalarToWire } = require('../../driver/values');

const identity = (value) => value;
const NO_OPTIONS = {};
/** What a text column takes for text. */
const WRITTEN_AS_TEXT = new Set(['number', 'boolean', 'bigint']);

/** An object made by `{}` or `Object.create(null)`, of any realm: Jest runs each test file in one of its own. */
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What a data type's `bindParam` gave: a scalar, or already `{ type, value }`. */
function isTagged(value) {
  return isPlainObject(value) && typeof value.type === 'string' && typeof value.value === 'string';
}

/** A class of DataTypes as it is: they are exported in proxies, which are slow to ask. */
const unwrapped = (type) => type.prototype.constructor;

module.exports = ({ DataTypes }) => {
  const TEXTS = [DataTypes.STRING, DataTypes.TEXT, DataTypes.CHAR].map(unwrapped);
  const JsonType = unwrapped(DataTypes.JSON);
  const NumberType = unwrapped(DataTypes.NUMBER);

  const isText = (type) => TEXTS.some((Type) => type instanceof Type);
  const isJson = (type) => type instanceof JsonType;
  const isNumber = (type) => type instanceof NumberType;

  /** A value of an attribute, as its data type writes it. Throws for an object that no column can hold. */
  function typed(generator, value, field, options = NO_OPTIONS) {
    if (value === null || value === undefined) return null;
    const type = field?.type;
    if (typeof type?.bindParam !== 'function') return scalarToWire(value);
    generator.validate(value, field, options);
    if (WRITTEN_AS_TEXT.has(typeof value) && isText(type)) value = String(value);
    const bound = type.bindParam(value, {
      escape: identity,
      bindParam: identity,
      field,
      timezone: generator.options.timezone,
      operation: options.operation,
    });
    return isTagged(bound) ? bound : scalarToWire(bound);
  }

  return { typed, isJson, isNumber };
};

module.exports.isPlainObject = isPlainObject;
module.exports.unwrapped = unwrapped;
