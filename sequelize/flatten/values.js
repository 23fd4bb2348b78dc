'use strict';

// JavaScript values as the plain data of a statement: JSON scalars, or { type, value } for what JSON has not.

const identity = (value) => value;
/** What a text column takes for text. */
const WRITTEN_AS_TEXT = new Set(['number', 'boolean', 'bigint']);

/** An object made by `{}` or `Object.create(null)`, of any realm: Jest runs each test file in one of its own. */
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isDate(value) {
  return value instanceof Date || Object.prototype.toString.call(value) === '[object Date]';
}

function number(value) {
  return Number.isFinite(value) ? value : { type: 'float', value: String(value) };
}

function date(value) {
  if (Number.isNaN(value.getTime())) {
    throw new Error('An invalid Date cannot be a value of a statement');
  }
  return { type: 'timestamp', value: value.toISOString() };
}

/** What a data type's `bindParam` gave: a scalar, or already `{ type, value }`. */
function isTagged(value) {
  return isPlainObject(value) && typeof value.type === 'string' && typeof value.value === 'string';
}

function object(value, describe) {
  if (isDate(value)) return date(value);
  if (value instanceof Uint8Array) return { type: 'blob', value: Buffer.from(value).toString('base64') };
  if (typeof value.toDate === 'function') return date(value.toDate());
  throw new Error(`Invalid value ${describe(value)}`);
}

module.exports = (lib) => {
  const { DataTypes, logger } = lib;
  const describe = (value) => logger.inspect(value);

  /** A value without a type. Throws for an object that no column can hold. */
  function scalar(value) {
    switch (typeof value) {
      case 'undefined':
        return null;
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        return number(value);
      case 'bigint':
        return { type: 'integer', value: value.toString() };
      case 'object':
        return value === null ? null : object(value, describe);
      default:
        throw new Error(`Invalid value ${describe(value)}`);
    }
  }

  const isText = (type) =>
    type instanceof DataTypes.STRING || type instanceof DataTypes.TEXT || type instanceof DataTypes.CHAR;

  /** A value of an attribute, as its data type writes it. */
  function typed(generator, value, field, options = {}) {
    const type = field?.type;
    if (value === null || value === undefined) return null;
    if (typeof type?.bindParam !== 'function') return scalar(value);
    generator.validate(value, field, options);
    if (WRITTEN_AS_TEXT.has(typeof value) && isText(type)) value = String(value);
    const bound = type.bindParam(value, {
      escape: identity,
      bindParam: identity,
      field,
      timezone: generator.options.timezone,
      operation: options.operation,
    });
    return isTagged(bound) ? bound : scalar(bound);
  }

  return { scalar, typed };
};

module.exports.isPlainObject = isPlainObject;
