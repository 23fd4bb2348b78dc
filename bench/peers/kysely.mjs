// Opens Kysely as a contestant of the benchmark (../suite/open.js).

import SQLite from 'better-sqlite3';
import { Kysely, ParseJSONResultsPlugin, PostgresDialect, SqliteDialect } from 'kysely';
import { jsonArrayFrom as postgresArray } from 'kysely/helpers/postgres';
import { jsonArrayFrom as sqliteArray } from 'kysely/helpers/sqlite';
import pg from 'pg';

/** `maxParameters` is what one statement may have; `autoKey` and `time` are the types of a key and of a time. */
export function openSqlite() {
  const database = new SQLite(':memory:');
  database.pragma('foreign_keys = ON');
  const kysely = new Kysely({ dialect: new SqliteDialect({ database }), plugins: [new ParseJSONResultsPlugin()] });
  return {
    kysely,
    jsonArrayFrom: sqliteArray,
    maxParameters: 32_766,
    autoKey: (column) => column.primaryKey().autoIncrement(),
    types: { key: 'integer', time: 'text' },
    // SQLite has no types for these values.
    store: (value) => {
      if (value instanceof Date) return value.toISOString();
      return typeof value === 'boolean' ? Number(value) : value;
    },
    close: () => kysely.destroy(),
  };
}

export function openPostgres(url, connections) {
  const pool = new pg.Pool({ connectionString: url, max: connections, idleTimeoutMillis: 0 });
  const kysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
  return {
    kysely,
    jsonArrayFrom: postgresArray,
    maxParameters: 65_535,
    autoKey: (column) => column.primaryKey(),
    types: { key: 'serial', time: 'timestamptz' },
    store: (value) => value,
    close: () => kysely.destroy(),
  };
}
