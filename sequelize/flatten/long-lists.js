'use strict';

// Lists of values as one JSON array, for `= ANY($1)`.

const { toJson } = require('../../driver/json.js');
const { bindTypeOf } = require('./bind-types');

const BLOB = 'x';

/** Types of values that are in a list as their text. An element takes the type of what it is compared with. */
const TEXTS = new Set(['decimal', 'timestamp', 'date', 'time', 'uuid', 'string']);

/** The JSON of a list's element from its wire form; undefined for a value that cannot be in a list. */
function element(wire) {
  if (typeof wire !== 'object' || wire === null) return toJson(wire);
  if (wire.type === 'integer') return wire.value;
  if (wire.type === 'float') return toJson(wire.value);
  return TEXTS.has(wire.type) ? toJson(wire.value) : undefined;
}

/** Bytes as an element: in hexadecimal digits, as PostgreSQL writes them. */
function bytes(wire) {
  if (wire === null) return 'null';
  return wire.type === 'blob' ? toJson(`\\x${Buffer.from(wire.value, 'base64').toString('hex')}`) : undefined;
}

/**
 * @param {unknown[]} values
 * @param {(value: unknown) => unknown} convert gives a value its wire form
 * @returns {{ json: string, type: string } | undefined} the list, and the type of its elements as a `BindType` of plan.rs;
 *   nothing when a value cannot be in a list
 */
function listOf(values, convert) {
  let type;
  let write = element;
  const elements = new Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const wire = convert(values[i]);
    if (type === undefined && wire !== null) {
      const isBlob = wire.type === 'blob';
      type = isBlob ? BLOB : bindTypeOf(wire);
      if (isBlob) write = bytes;
    }
    const text = write(wire);
    if (text === undefined) return undefined;
    elements[i] = text;
  }
  return { json: `[${elements.join(',')}]`, type: type ?? bindTypeOf(null) };
}

module.exports = { listOf };
