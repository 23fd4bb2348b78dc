// What this dialect is compared with. A side says how the same thing is spelled there; a peer also says what it cannot
// do, and a call asks for none of that on either side when it is compared with that peer.

const { Op, Sequelize } = require('sequelize');
const pg = require('pg');

const { PhantomDBDialect } = require('../..');

/** Strings for operators, which a schema may allow: `$gt`, `$like`, and the rest by their names. */
const ALIASES = Object.fromEntries(Object.entries(Op).map(([name, symbol]) => [`$${name}`, symbol]));

const options = (more) => ({ logging: false, operatorsAliases: ALIASES, ...more });

const phantomdb = {
  name: 'PhantomDB',
  nullsLast: true,
  ilike: true,
  negatesObjects: true,
  connect: () => new Sequelize('differential', null, null, options({ dialect: new PhantomDBDialect('memory:') })),
};

const sqlite = {
  name: "Sequelize's sqlite",
  nullsLast: false,
  ilike: false,
  negatesObjects: false,
  cannot: new Set(['regexp', 'quantifiers', 'rightJoin', 'returning', 'escapes']),
  connect: () => new Sequelize(options({ dialect: 'sqlite', storage: ':memory:' })),
  async beforeCall(sequelize, { mindsCase }) {
    if (mindsCase !== undefined) await sequelize.query(`PRAGMA case_sensitive_like = ${mindsCase ? 'ON' : 'OFF'}`);
  },
};

// Whole numbers as numbers, as this dialect has them: a count and a BIGINT are strings in `pg`.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const DATABASE = `differential_${process.pid}`;

async function administer(url, statement) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

const postgres = {
  name: "Sequelize's postgres",
  nullsLast: true,
  ilike: true,
  negatesObjects: false,
  cannot: new Set(['limitedWrites', 'quotedNames']),

  async begin() {
    await administer(process.env.PHANTOMDB_TEST_POSTGRES_URL, `CREATE DATABASE ${DATABASE}`);
  },

  async end() {
    await administer(process.env.PHANTOMDB_TEST_POSTGRES_URL, `DROP DATABASE ${DATABASE}`);
  },

  connect() {
    const url = new URL(process.env.PHANTOMDB_TEST_POSTGRES_URL);
    url.pathname = `/${DATABASE}`;
    // With one connection, rows that are inserted at once get their keys in the order of the calls.
    return new Sequelize(url.href, options({ dialect: 'postgres', minifyAliases: true, pool: { max: 1 } }));
  },

  async beforeSync(sequelize) {
    await sequelize.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  },

  /**
   * A sequence counts failed inserts, and not the keys that a row brings. Here it is set to the highest key there was,
   * that of a duplicate which was not inserted too: SQLite counts those.
   */
  async afterWrite(sequelize, models, { model: written, rows, ids, duplicates }) {
    const generator = sequelize.getQueryInterface().queryGenerator;
    const statements = ['CREATE TABLE IF NOT EXISTS highest_keys ("table" TEXT, "id" INTEGER)'];
    for (const [name, model] of Object.entries(models)) {
      if (!('id' in model.rawAttributes)) continue;
      const table = generator.quoteTable(model.getTableName());
      const text = sequelize.escape(table);
      const brings = (duplicates === 'ignore' || duplicates === 'update') && name === written;
      const tried = brings ? Math.max(...ids.slice(0, rows.length)) + 1 : null;
      statements.push(
        `INSERT INTO highest_keys SELECT ${text}, greatest(max("id"), ${tried}) FROM ${table}`,
        `SELECT setval(pg_get_serial_sequence(${text}, 'id'), coalesce(high, 1), high IS NOT NULL)
          FROM (SELECT max("id") AS high FROM highest_keys WHERE "table" = ${text}) AS keys`,
      );
    }
    await sequelize.query(statements.join(';'));
  },
};

/**
 * This dialect itself, where the other side has a limit that all rows are below: that changes nothing but the statement,
 * in which the main table is limited in a sub-query. Sequelize's own dialects have much of that wrong.
 */
const unlimited = { ...phantomdb, name: 'PhantomDB without a limit', isUnlimited: true, cannot: new Set(['limits']) };

module.exports = { phantomdb, peers: { sqlite, postgres, unlimited } };
