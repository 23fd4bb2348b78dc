'use strict';

// Values between JavaScript and the wire. JSON scalars travel as themselves, everything else as {type, value}.

const { inspect, types } = require('util');

const { toJson } = require('./json.js');
const { objectMaker } = require('./row-objects.js');
const { timestampParser, timestampWriter } = require('./timestamps.js');

/**
 * A parameter of a statement, as the wire carries it. Any object that is not a date, bytes or the like is a JSON document.
 * It takes one argument, so that it can be given to `map`.
 */
function toWire(value) {
  return wireOf(value, document);
}

/** A parameter where no document is allowed: throws for an object that is not a single value. */
function scalarToWire(value) {
  return wireOf(value, refuse);
}

/** @param {(value: object | symbol | Function) => unknown} otherwise writes what is not a single value */
function wireOf(value, otherwise) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : { type: 'float', value: String(value) };
    case 'bigint':
      return { type: 'integer', value: value.toString() };
    case 'undefined':
      return null;
    case 'object':
      return value === null ? null : (objectToWire(value, otherwise) ?? otherwise(value));
    default:
      return otherwise(value);
  }
}

function objectToWire(value, otherwise) {
  if (types.isDate(value)) {
    return timestamp(value);
  }
  if (ArrayBuffer.isView(value)) {
    return blob(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  }
  if (types.isBoxedPrimitive(value)) {
    return wireOf(value.valueOf(), otherwise);
  }
  // Objects of moment, Day.js and similar libraries.
  if (typeof value.toDate === 'function') {
    return timestamp(value.toDate());
  }
  return typeof value.toISOString === 'function' ? timestamp(new Date(value.toISOString())) : undefined;
}

function document(value) {
  if (typeof value !== 'object') {
    throw new TypeError(`A ${typeof value} cannot be a value of a statement.`);
  }
  return { type: 'json', value: toJson(value) };
}

function refuse(value) {
  throw new Error(`Invalid value ${inspect(value, { depth: 3 })}`);
}

const writtenTime = timestampWriter();

/** @param {Date} date */
function timestamp(date) {
  if (Number.isNaN(date.getTime())) {
    throw new RangeError('An invalid Date cannot be a value of a statement.');
  }
  return { type: 'timestamp', value: writtenTime(date) };
}

/** @param {Buffer} buffer */
function blob(buffer) {
  return { type: 'blob', value: buffer.toString('base64') };
}

/** A wire value as logs and errors show it: `{type, value}` as its text. */
function fromWire(value) {
  return value !== null && typeof value === 'object' ? value.value : value;
}

/** A wire value as a user would give it: a Date, a Buffer, a bigint, or its text. */
function givenValue(value) {
  if (value === null || typeof value !== 'object') return value;
  if (value.type === 'integer') return BigInt(value.value);
  return converterOf(value.type)?.(value.value) ?? value.value;
}

const CONVERTERS = {
  timestamp: timestampParser(),
  // NaN and the infinities come as text.
  float: (value) => Number(value),
  blob: (value) => Buffer.from(value, 'base64'),
  any: (value) => (value?.type === 'blob' ? Buffer.from(value.value, 'base64') : value),
};

/** The function that converts a value of that wire type to JavaScript's. Undefined when the JSON value is the value. */
function converterOf(type) {
  return CONVERTERS[type];
}

/**
 * Converts the values of a result in place.
 *
 * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result
 * @param {(name: string, type: string) => ((value: unknown) => unknown) | undefined} [converter] for a column
 */
function convertRows({ columns, rows }, converter = (_name, type) => converterOf(type)) {
  for (const [index, { name, type }] of columns.entries()) {
    const convert = converter(name, type);
    if (convert) convertColumn(rows, index, convert);
  }
}

/**
 * The rows of a result as objects, with their values as they are.
 *
 * @param {{ columns: { name: string }[], rows: unknown[][] }} result
 * @returns {Record<string, unknown>[]}
 */
function objectsOf({ columns, rows }) {
  const names = columns.map(({ name }) => name);
  const make = objectMaker(names, [...names.keys()], rows.length);
  return rows.map((row) => make(row));
}

/** The rows of a result as objects, with their values as JavaScript has them. */
function rowsToObjects(result) {
  convertRows(result);
  return objectsOf(result);
}

function convertColumn(rows, index, convert) {
  for (const row of rows) {
    if (row[index] !== null) {
      row[index] = convert(row[index]);
    }
  }
}

module.exports = {
  toWire,
  scalarToWire,
  fromWire,
  givenValue,
  timestamp,
  blob,
  converterOf,
  convertRows,
  objectsOf,
  rowsToObjects,
};
