'use strict';

// Values as literals of PhantomDB SQL, for `replacements` and other text. The translator writes them, as it does in
// statements. Sequelize's own `sql-string` escapes with MySQL's backslashes for a dialect that it does not know; here
// that would allow SQL injection.

const { toJson } = require('../driver/json.js');
const { literal } = require('../driver/native.js');
const { scalarToWire } = require('../driver/values.js');

/** @param wire a value in its wire form */
function literalOf(wire) {
  return literal(toJson(wire));
}

/**
 * Writes a value as a literal, and an array as a list of literals.
 *
 * @param {(wire: unknown) => unknown} [written] changes a value in its wire form
 */
function escapeValue(value, written = (wire) => wire) {
  if (Array.isArray(value)) {
    const items = value.map((item) => {
      const text = escapeValue(item, written);
      return Array.isArray(item) ? `(${text})` : text;
    });
    return items.join(', ');
  }
  return literalOf(written(scalarToWire(value)));
}

/** Makes `sql-string` of one copy of Sequelize escape for our dialect; it still escapes for every other dialect. */
function wrapSqlString(sqlString, dialectName, { inZone }) {
  const original = sqlString.escape;
  sqlString.escape = function escapeForDialect(value, timeZone, dialect, format) {
    if (dialect !== dialectName) return original(value, timeZone, dialect, format);
    return escapeValue(value, (wire) => inZone(wire, timeZone));
  };
}

module.exports = { escapeValue, literalOf, wrapSqlString };
