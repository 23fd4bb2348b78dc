// Jest runs this once before all tests. Those that compare with sqlite3 find its addon, and those that need PostgreSQL find
// its URL in PHANTOMDB_TEST_POSTGRES_URL.

import { startPostgres } from '../../scripts/postgres.mjs';
import { buildSqlite3 } from '../../scripts/sqlite3.js';

export default async function setup() {
  await buildSqlite3();
  if (process.env.PHANTOMDB_TEST_POSTGRES_URL) return;
  const postgres = await startPostgres();
  process.env.PHANTOMDB_TEST_POSTGRES_URL = postgres.url;
  globalThis.phantomdbTestPostgres = postgres;
}
