'use strict';

// Values as literals of PhantomDB SQL, for `replacements` and other texts. The translator writes them, as it does in
// statements. Sequelize's own `sql-string` gives a dialect name it does not know MySQL's backslashes, which here would be
// a hole for injection.

const { literal } = require('../driver/native.js');
const { scalarToWire } = require('../driver/values.js');

/** @param wire a value as the wire carries it */
function literalOf(wire) {
  return literal(JSON.stringify(wire));
}

/** A value as a literal; an array as a list. */
function escapeValue(value) {
  if (Array.isArray(value)) {
    return value.map((item) => (Array.isArray(item) ? `(${escapeValue(item)})` : escapeValue(item))).join(', ');
  }
  return literalOf(scalarToWire(value));
}

/** Makes `sql-string` of a copy of Sequelize escape for our dialect name; every other name is left to it. */
function wrapSqlString(sqlString, dialectName) {
  const original = sqlString.escape;
  sqlString.escape = function escapeForDialect(value, timeZone, dialect, format) {
    return dialect === dialectName ? escapeValue(value) : original(value, timeZone, dialect, format);
  };
}

module.exports = { escapeValue, literalOf, wrapSqlString };
