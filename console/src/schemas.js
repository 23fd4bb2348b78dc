// The descriptions of tables, which several views need. Each is read once, until something changes the schema.

import { describe } from './api.js';
import { tableKey } from './sql-text.js';
import { columnOf } from './values.js';

/** The most descriptions that are read at once. A browser has six connections to a server, and the page needs some for others. */
const AT_ONCE = 4;

const known = new Map();

/** Forgets all descriptions. */
export const forgetSchemas = () => known.clear();

/** The description of a table, its columns as the console uses them. */
export function schemaOf(database, table) {
  const key = JSON.stringify([database, tableKey(table)]);
  let loading = known.get(key);
  if (!loading) {
    loading = describe(database, table).then((schema) => ({ ...schema, columns: schema.columns.map(columnOf) }));
    known.set(key, loading);
    loading.catch(() => known.delete(key));
  }
  return loading;
}

/**
 * The descriptions of all these tables. A table that cannot be described is left out. Nobody should wait for those of all tables
 * of a database, which may have thousands. The signal ends the reading.
 */
export async function schemasOf(database, tables, signal) {
  const waiting = tables.entries();
  const schemas = new Array(tables.length);
  const read = async () => {
    for (const [at, table] of waiting) {
      if (signal?.aborted) return;
      schemas[at] = await schemaOf(database, table).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, read));
  return schemas.filter((schema) => schema !== undefined);
}
