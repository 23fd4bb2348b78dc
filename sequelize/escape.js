'use strict';

// Sequelize's `sql-string` gives a dialect name it does not know MySQL's backslashes, which here would be a hole for
// injection. This is what it does for our name instead.

const { inspect, types } = require('node:util');

/** A value as a literal of PhantomDB SQL; an array as a list. */
function escapeValue(value) {
  switch (typeof value) {
    case 'undefined':
      return 'NULL';
    case 'boolean':
    case 'bigint':
      return value.toString();
    case 'number':
      return Number.isFinite(value) ? value.toString() : `'${value}'`;
    case 'string':
      return quote(value);
    case 'object':
      return value === null ? 'NULL' : escapeObject(value);
    default:
      throw new Error(`Invalid value ${inspect(value)}`);
  }
}

function escapeObject(value) {
  if (types.isDate(value)) {
    if (Number.isNaN(value.getTime())) {
      throw new Error('Invalid value Invalid Date');
    }
    return quote(value.toISOString());
  }
  if (ArrayBuffer.isView(value)) {
    return `X'${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}'`;
  }
  if (Array.isArray(value)) {
    return value.map((item) => (Array.isArray(item) ? `(${escapeValue(item)})` : escapeValue(item))).join(', ');
  }
  if (types.isBoxedPrimitive(value)) {
    return escapeValue(value.valueOf());
  }
  throw new Error(`Invalid value ${inspect(value)}`);
}

function quote(text) {
  if (text.includes('\0')) {
    throw new Error('A string with the character NUL (\\0) cannot be stored: send it as a Buffer, or remove it.');
  }
  return `'${text.replaceAll("'", "''")}'`;
}

/** Makes `sql-string` of a copy of Sequelize escape for our dialect name; every other name is left to it. */
function wrapSqlString(sqlString, dialectName) {
  const original = sqlString.escape;
  sqlString.escape = function escapeForDialect(value, timeZone, dialect, format) {
    return dialect === dialectName ? escapeValue(value) : original(value, timeZone, dialect, format);
  };
}

module.exports = { escapeValue, wrapSqlString };
