'use strict';

// The contestants of the benchmark, and the peer that each is compared with.

/**
 * A contestant by name. `opener` is a function of open.js. `server` is a server of servers.mjs that it needs; `peer` says
 * that a package of bench/peers/package.json is needed. The answers of a contestant that is `unchecked` are not checked.
 */
const CONTESTANTS = {
  'PhantomDB memory:': { opener: 'phantomdb', url: 'memory:' },
  'sqlite3 in memory': { opener: 'sqlite3', storage: ':memory:' },
  'PhantomDB file:': { opener: 'phantomdb', url: 'file:' },
  'sqlite3 on a file': { opener: 'sqlite3', storage: 'file' },
  'PhantomDB http://, SQLite': { opener: 'phantomdb', server: 'sqlite' },
  'PhantomDB http://, PostgreSQL': { opener: 'phantomdb', server: 'engine' },
  pg: { opener: 'pg', server: 'postgres' },
  'pg on PGlite': { opener: 'pglite', server: 'pglite', peer: true },
  'Kysely + better-sqlite3': { opener: 'kyselySqlite', peer: true },
  'Kysely + pg': { opener: 'kyselyPg', server: 'postgres', peer: true },
  'a driver that answers at once': { opener: 'instant', unchecked: true },
};

/** The columns of the table of targets: ours beside the peer, both with Sequelize. */
const COLUMNS = {
  memory: { ours: 'PhantomDB memory:', peer: 'sqlite3 in memory', title: '`memory:` / sqlite3 in memory' },
  file: { ours: 'PhantomDB file:', peer: 'sqlite3 on a file', title: '`file:` / sqlite3 on a file' },
  http: { ours: 'PhantomDB http://, SQLite', peer: 'pg', title: '`http://` with SQLite / pg' },
  postgres: { ours: 'PhantomDB http://, PostgreSQL', peer: 'pg', title: '`http://` with PostgreSQL / pg' },
};

const inColumns = (keys) => [...new Set(keys.flatMap((key) => [COLUMNS[key].ours, COLUMNS[key].peer]))];

/** The contestants in no column. They show limits, and have no target. */
const WITHOUT_TARGET = Object.keys(CONTESTANTS).filter((name) => !inColumns(Object.keys(COLUMNS)).includes(name));

/** The contestants of the README's table. */
const README_CONTESTANTS = ['PhantomDB memory:', 'sqlite3 in memory', 'pg on PGlite', 'pg'];

module.exports = { COLUMNS, CONTESTANTS, README_CONTESTANTS, WITHOUT_TARGET, inColumns };
