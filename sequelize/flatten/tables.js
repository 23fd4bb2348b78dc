'use strict';

const { inspect } = require('util');

/**
 * A table as the contract names it: `{ name, schema? }`.
 *
 * @param table a name, a model, or an object with a name and a schema
 * @param {string} [defaultSchema] used when the table names no schema
 */
function tableOf(table, defaultSchema) {
  if (typeof table === 'string') return named(table, defaultSchema);
  if (typeof table?.getTableName === 'function') return tableOf(table.getTableName(), defaultSchema);
  const name = table?.tableName ?? table?.name;
  if (typeof table !== 'object' || typeof name !== 'string') {
    throw new TypeError(`A table is its name or { tableName, schema }, not ${inspect(table)}.`);
  }
  return named(name, table.schema || defaultSchema);
}

const named = (name, schema) => (schema ? { name, schema } : { name });

module.exports = { tableOf };
