'use strict';

// Measures create, findByPk and update with Sequelize on one PostgreSQL, through pg and through `phantomdb serve --engine`: one
// call after the other, 64 callers that each call again when they have their answer, and 64 calls at once. Uses
// PHANTOMDB_TEST_POSTGRES_URL, or else starts a server of its own.

const { randomUUID } = require('node:crypto');
const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { compare, report } = require('./harness');
const { startServer } = require('./server');

const ROWS = 1000;
const CALLERS = 64;
const CALLS = 1280;
/** The number of connections to PostgreSQL, the same for both. */
const CONNECTIONS = 20;
const PEER = 'Sequelize with pg';

async function postgres() {
  const url = process.env.PHANTOMDB_TEST_POSTGRES_URL;
  if (url) return { url, stop: async () => {} };
  const { startPostgres } = await import('../scripts/postgres.mjs');
  return startPostgres();
}

async function prepare(sequelize, suffix) {
  const define = (name) =>
    sequelize.define(`${name}${suffix}`, {
      name: DataTypes.STRING,
      email: DataTypes.STRING,
      age: DataTypes.INTEGER,
    });
  const [Read, Write] = [define('Read'), define('Write')];
  await sequelize.sync({ force: true });
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    name: `User ${i}`,
    email: `user${i}@example.com`,
    age: i % 90,
  }));
  await Read.bulkCreate(rows);
  return { sequelize, Read, Write };
}

const anyKey = () => 1 + Math.floor(Math.random() * ROWS);

const TASKS = {
  findByPk: ({ Read }) => Read.findByPk(anyKey()),
  create: ({ Write }) => Write.create({ name: 'Ada', email: 'ada@example.com', age: 36 }),
  update: ({ Read }) => Read.update({ age: 37 }, { where: { id: anyKey() } }),
  'findAll of 1,000 rows': ({ Read }) => Read.findAll(),
  'a transaction of a read and a write': ({ sequelize, Read, Write }) =>
    sequelize.transaction(async (transaction) => {
      await Read.findByPk(anyKey(), { transaction });
      await Write.create({ name: 'Ada', email: 'ada@example.com', age: 36 }, { transaction });
    }),
};

/** Makes a number of calls, of which one for each caller is under way. */
async function byCallers(calls, call) {
  let left = calls;
  const caller = async () => {
    while (left-- > 0) await call();
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

async function main() {
  const { url, stop } = await postgres();
  const database = `bench_${randomUUID().slice(0, 8)}`;
  const server = await startServer('--engine', url, '--engine-connections', String(CONNECTIONS));
  const admin = new PhantomDBDialect(server.url);
  await admin.createDatabase(database);

  const theirs = new URL(url);
  theirs.pathname = `/${database}`;
  const pool = { max: CONNECTIONS };
  const ready = {
    [PEER]: await prepare(new Sequelize(theirs.href, { logging: false, pool }), 'Pg'),
    'PhantomDB over HTTP': await prepare(
      new Sequelize(database, null, null, {
        logging: false,
        pool: { max: CALLERS },
        dialect: new PhantomDBDialect(server.url),
      }),
      'Http',
    ),
  };
  const contestants = (task) =>
    Object.fromEntries(Object.entries(ready).map(([name, setup]) => [name, () => task(setup)]));
  for (const [title, task] of Object.entries(TASKS)) {
    report(title, await compare(contestants(task)), PEER);
  }
  for (const title of ['findByPk', 'create', 'update']) {
    const busy = (setup) => byCallers(CALLS, () => TASKS[title](setup));
    report(`${title}, ${CALLS} calls of ${CALLERS} callers`, await compare(contestants(busy)), PEER);
    const burst = (setup) => byCallers(CALLERS, () => TASKS[title](setup));
    report(`${title}, ${CALLERS} at once, until all are answered`, await compare(contestants(burst)), PEER);
  }

  for (const { sequelize } of Object.values(ready)) await sequelize.close();
  await admin.dropDatabase(database);
  await admin.close();
  await server.stop();
  await stop();
}

main();
