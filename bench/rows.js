'use strict';

// Measures create, findByPk and findAll of 1,000 rows: PhantomDB embedded and over HTTP beside Sequelize with sqlite3.

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { compare, report } = require('./harness');
const { startServer } = require('./server');

const ROWS = 1000;

async function prepare(options) {
  const sequelize = new Sequelize('bench', null, null, { logging: false, ...options });
  const define = (name) =>
    sequelize.define(name, {
      name: DataTypes.STRING,
      email: DataTypes.STRING,
      age: DataTypes.INTEGER,
    });
  const Read = define('Read');
  const Write = define('Write');
  await sequelize.sync({ force: true });
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    name: `User ${i}`,
    email: `user${i}@example.com`,
    age: i % 90,
  }));
  await Read.bulkCreate(rows);
  return { sequelize, Read, Write };
}

async function main() {
  const server = await startServer('--memory');
  const setups = {
    'Sequelize with sqlite3 :memory:': { dialect: 'sqlite', storage: ':memory:' },
    'PhantomDB memory:': { dialect: new PhantomDBDialect('memory:') },
    'PhantomDB http:': { dialect: new PhantomDBDialect(server.url) },
  };
  const [peer] = Object.keys(setups);
  const ready = {};
  for (const [name, options] of Object.entries(setups)) ready[name] = await prepare(options);

  const tasks = {
    create: ({ Write }) => Write.create({ name: 'Ada', email: 'ada@example.com', age: 36 }),
    findByPk: ({ Read }) => Read.findByPk(1 + Math.floor(Math.random() * ROWS)),
    'findAll of 1,000 rows': ({ Read }) => Read.findAll(),
    'findAll of 1,000 rows, raw': ({ Read }) => Read.findAll({ raw: true }),
    'findByPk, 64 callers, for all 64': ({ Read }) =>
      Promise.all(Array.from({ length: 64 }, (_, i) => Read.findByPk(i + 1))),
  };
  for (const [title, task] of Object.entries(tasks)) {
    const contestants = Object.fromEntries(Object.entries(ready).map(([name, setup]) => [name, () => task(setup)]));
    report(title, await compare(contestants), peer);
  }
  for (const { sequelize } of Object.values(ready)) await sequelize.close();
  await server.stop();
}

main();
