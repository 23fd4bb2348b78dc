// The engines that a suite runs on, so that each test meets every one of them:
//
//   describe.each(engines)('safety on $name', ({ start }) => {
//     const engine = start();                       // begins before all tests, ends after them
//     test('…', async () => { const sequelize = engine.connect(); … });
//   });
//
// PHANTOMDB_TEST_URLS, a list with commas, adds engines: `http://host:8080,postgres://…`.

const { setTimeout: sleep } = require('node:timers/promises');

const { Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('../..');
const { serve } = require('./serve.js');

/** A server in a process of its own, on a free port, with its databases in memory unless the options say otherwise. */
async function startServer(...options) {
  const store = options.includes('--engine') ? [] : ['--memory'];
  const listen = options.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const { child, ended, url } = await serve([...listen, ...store, ...options]);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** A server over the PostgreSQL of this run, whose databases all suites see. */
const startOverPostgres = (...options) =>
  startServer('--engine', process.env.PHANTOMDB_TEST_POSTGRES_URL, '--allow-superuser', ...options);

const inMemory = async () => ({ url: 'memory:', stop: async () => {} });

/** The time that the instances of a suite get to close. */
const CLOSING_MS = 10_000;

/** What a suite does with one engine: connections that end with it. */
class Engine {
  #opened = [];
  #databases = [];
  #server;
  #count = 0;

  constructor(serve) {
    this.serve = serve;
  }

  async start() {
    this.#server = await this.serve();
  }

  get url() {
    return this.#server.url;
  }

  /** A name that no other suite has for a database, which is dropped in the end. */
  database(name = 'test') {
    this.#count++;
    const database = `${name}_${process.pid}_${Date.now()}_${this.#count}`;
    this.#databases.push(database);
    return database;
  }

  /** A Sequelize on a database of its own. */
  connect(options = {}) {
    const dialect = new PhantomDBDialect(this.url);
    const database = this.database();
    const sequelize = new Sequelize(database, null, null, { dialect, logging: false, ...options });
    this.#opened.push(sequelize);
    return sequelize;
  }

  async stop() {
    // A transaction that a failed test left open keeps its instance from closing, but not the server from ending.
    const closing = Promise.all(this.#opened.splice(0).map((sequelize) => sequelize.close()));
    await Promise.race([closing, sleep(CLOSING_MS, undefined, { ref: false })]);
    const dialect = new PhantomDBDialect(this.url);
    for (const database of this.#databases.splice(0)) {
      await dialect.dropDatabase(database).catch(() => {});
    }
    await dialect.close();
    await this.#server?.stop();
  }
}

function engineAt(name, serve) {
  return {
    name,
    start() {
      const engine = new Engine(serve);
      beforeAll(() => engine.start());
      afterAll(() => engine.stop());
      return engine;
    },
  };
}

const added = (process.env.PHANTOMDB_TEST_URLS ?? '').split(',').filter(Boolean);

const engines = [
  engineAt('memory:', inMemory),
  engineAt('HTTP', () => startServer()),
  engineAt('PostgreSQL', () => startOverPostgres()),
  ...added.map((url) => engineAt(new URL(url).protocol, async () => ({ url, stop: async () => {} }))),
];

module.exports = { engineAt, engines, startOverPostgres, startServer };
