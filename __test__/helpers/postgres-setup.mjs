// Jest runs this once before all tests: those that need PostgreSQL find its URL in PHANTOMDB_TEST_POSTGRES_URL.

import { startPostgres } from '../../scripts/postgres.mjs';

export default async function setup() {
  if (process.env.PHANTOMDB_TEST_POSTGRES_URL) return;
  const postgres = await startPostgres();
  process.env.PHANTOMDB_TEST_POSTGRES_URL = postgres.url;
  globalThis.phantomdbTestPostgres = postgres;
}
