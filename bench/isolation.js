'use strict';

// Measures how long it takes to bring a database back to its seed between two tests: `dialect.restore(snapshot)` beside
// `sync({ force: true })` and the seed again with sqlite3 in memory; and how long it takes to start with a seeded database.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { median, report } = require('./harness');
const { startServer } = require('./server');

const TABLES = 10;
const PEER = 'sqlite3 :memory:, sync and seed';
/** Rows of each table, bytes of the text in each, and how often the peer and the others are measured. */
const SIZES = [
  { title: '10 tables of 20 rows', rows: 20, width: 100, peerRounds: 15, rounds: 60 },
  { title: '10 tables, 10 MB', rows: 1500, width: 600, peerRounds: 5, rounds: 60 },
];

function define(options) {
  const sequelize = new Sequelize('bench', null, null, { logging: false, ...options });
  for (let i = 0; i < TABLES; i++) {
    sequelize.define(`Table${i}`, {
      name: { type: DataTypes.STRING, unique: true },
      text: DataTypes.TEXT,
      age: DataTypes.INTEGER,
    });
  }
  return sequelize;
}

async function seed(sequelize, { rows, width }) {
  await sequelize.sync({ force: true });
  const data = Array.from({ length: rows }, (_, i) => ({ name: `User ${i}`, text: 'x'.repeat(width), age: i % 90 }));
  for (const model of Object.values(sequelize.models)) await model.bulkCreate(data);
}

/** Changes three tables as a test would: creates, updates and deletes rows. */
async function soil(sequelize) {
  for (const model of Object.values(sequelize.models).slice(0, 3)) {
    const one = await model.create({ name: 'Ada', text: 'y', age: 36 });
    await model.update({ age: 1 }, { where: { name: 'User 3' } });
    await model.destroy({ where: { name: 'User 4' } });
    await one.update({ age: 37 });
  }
}

async function check(sequelize, rows) {
  for (const model of Object.values(sequelize.models)) {
    const count = await model.count();
    if (count !== rows) throw new Error(`${model.name} has ${count} rows instead of ${rows}`);
  }
}

const microseconds = async (work) => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1000;
};

async function contestants(size, directory, server) {
  const peer = define({ dialect: 'sqlite', storage: ':memory:' });
  await seed(peer, size);
  const all = [{ name: PEER, sequelize: peer, rounds: size.peerRounds, reset: () => seed(peer, size) }];
  for (const [name, url] of [
    ['PhantomDB memory:, restore', 'memory:'],
    ['PhantomDB file:, restore', `file:${directory}`],
    ['PhantomDB http:, restore', server.url],
  ]) {
    const dialect = new PhantomDBDialect(url);
    const sequelize = define({ dialect });
    await seed(sequelize, size);
    const taken = [];
    let snapshot;
    for (let i = 0; i < 5; i++) {
      await snapshot?.release();
      taken.push(await microseconds(async () => (snapshot = await dialect.snapshot())));
    }
    const megabytes = (snapshot.bytes / 1e6).toFixed(1);
    console.log(`${name}: ${megabytes} MB, a snapshot takes ${(median(taken) / 1000).toFixed(2)} ms`);
    all.push({ name, sequelize, snapshot, rounds: size.rounds, reset: () => dialect.restore(snapshot) });
  }
  return all;
}

async function resets(all, rows) {
  const results = {};
  const times = new Map(all.map((one) => [one, []]));
  const most = Math.max(...all.map((one) => one.rounds));
  for (let round = 0; round < most; round++) {
    for (const one of all.filter(({ rounds }) => round < rounds)) {
      await soil(one.sequelize);
      times.get(one).push(await microseconds(one.reset));
    }
  }
  for (const [one, list] of times) {
    await check(one.sequelize, rows);
    results[one.name] = median(list);
    const worst = list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.95)];
    console.log(`  ${one.name}: 95 of 100 within ${(worst / 1000).toFixed(2)} ms`);
  }
  return results;
}

/** Measures the time from nothing to the answer of a first query on a seeded database. */
async function starts(size, templates) {
  const first = async (sequelize) => {
    await check(sequelize, size.rows);
    return sequelize;
  };
  const begin = {
    [PEER]: async () => {
      const sequelize = define({ dialect: 'sqlite', storage: ':memory:' });
      await seed(sequelize, size);
      return first(sequelize);
    },
  };
  for (const [name, template] of Object.entries(templates)) {
    begin[name] = () => first(define({ dialect: new PhantomDBDialect('memory:', { template }) }));
  }
  const results = {};
  for (const [name, work] of Object.entries(begin)) {
    const times = [];
    for (let i = 0; i < (name === PEER ? 3 : 15); i++) {
      let sequelize;
      times.push(await microseconds(async () => (sequelize = await work())));
      await sequelize.close();
    }
    results[name] = median(times);
  }
  return results;
}

/** Measures the part of a start that is the template's: a new dialect with it, to the answer of its first statement. */
async function templateStart(template) {
  const times = [];
  for (let i = 0; i < 15; i++) {
    const dialect = new PhantomDBDialect('memory:', { template });
    times.push(await microseconds(() => dialect.query('bench', 'SELECT 1 AS one')));
    await dialect.close();
  }
  return median(times) / 1000;
}

async function main() {
  const server = await startServer('--memory');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-bench-'));
  for (const size of SIZES) {
    console.log(`\n${size.title}`);
    const all = await contestants(size, path.join(directory, String(size.rows)), server);
    report('Back to the seed after a test', await resets(all, size.rows), PEER);
    const { snapshot } = all[1];
    const file = path.join(directory, 'seed.phantomdb');
    await snapshot.save(file);
    const templates = { 'memory:, template: a snapshot': snapshot, 'memory:, template: a file': file };
    for (const [name, template] of Object.entries(templates)) {
      console.log(`  ${name}: first statement after ${(await templateStart(template)).toFixed(2)} ms`);
    }
    report('A seeded database of its own, with models, each counted', await starts(size, templates), PEER);
    for (const { sequelize } of all) await sequelize.close();
  }
  fs.rmSync(directory, { recursive: true });
  await server.stop();
}

main();
