'use strict';

/** What Sequelize calls a table (a name, or an object with a schema) as `{ name, schema? }`. */
function tableOf(table) {
  if (typeof table === 'string') return { name: table };
  if (typeof table === 'function' && typeof table.getTableName === 'function') return tableOf(table.getTableName());
  const name = table?.tableName;
  if (typeof name !== 'string') {
    throw new Error(`A table is a name or { tableName, schema }, not ${JSON.stringify(table)}`);
  }
  return table.schema ? { name, schema: table.schema } : { name };
}

module.exports = { tableOf };
