const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { Worker } = require('node:worker_threads');

const { startServer } = require('./helpers/engines.js');

jest.setTimeout(120_000);

const root = path.join(__dirname, '..');

/** Runs a script in a Node of its own, which must end by itself; answers what it printed. */
async function inNode(script) {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { cwd: root, timeout: 60_000 });
  return stdout.trim();
}

/** What each worker does: a dialect of its own, some rows, then what `after` says. */
function workerScript(url, after) {
  return `
    const { parentPort } = require('node:worker_threads');
    const { Sequelize, DataTypes } = require('sequelize');
    const { PhantomDBDialect } = require(${JSON.stringify(root)});
    (async () => {
      const dialect = new PhantomDBDialect(${JSON.stringify(url)});
      const sequelize = new Sequelize('workers', null, null, { dialect, logging: false });
      const User = sequelize.define('User', { name: DataTypes.STRING });
      await User.sync();
      await User.bulkCreate(Array.from({ length: 100 }, (_, i) => ({ name: 'user ' + i })));
      parentPort.postMessage(await User.count());
      ${after}
    })();`;
}

const startWorker = (url, after) => new Worker(workerScript(url, after), { eval: true, execArgv: [] });
const messageOf = (worker) =>
  new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
const CLOSE = 'await sequelize.close();';
/** Statements without an end, of which some run whenever the worker is terminated. */
const ON_AND_ON = 'for (;;) await Promise.all([User.count(), User.create({ name: "x" }), User.findAll({ limit: 5 })]);';

describe('worker threads', () => {
  test.each(['memory:', 'memory:workers'])(
    'each have a dialect of their own at %s, and end by themselves',
    async (url) => {
      const workers = Array.from({ length: 4 }, () => startWorker(url, CLOSE));
      const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
      const counts = await Promise.all(workers.map(messageOf));
      expect(await Promise.all(ended)).toEqual([0, 0, 0, 0]);
      // A memory with a name is that of the whole process.
      if (url === 'memory:') expect(counts).toEqual([100, 100, 100, 100]);
      else expect(Math.max(...counts)).toBeGreaterThanOrEqual(100);
    },
  );

  test('that are terminated in the middle of their statements harm nobody', async () => {
    const server = await startServer();
    for (const url of ['memory:', 'memory:terminated', server.url]) {
      for (let round = 0; round < 3; round++) {
        const workers = Array.from({ length: 3 }, () => startWorker(url, ON_AND_ON));
        await Promise.all(workers.map(messageOf));
        await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
        await Promise.all(workers.map((worker) => worker.terminate()));
      }
      const last = startWorker(url, CLOSE);
      const ended = new Promise((resolve) => last.once('exit', resolve));
      expect(await messageOf(last)).toBeGreaterThanOrEqual(100);
      expect(await ended).toBe(0);
    }
    await server.stop();
  });
});

describe('a process', () => {
  const USE = `
    const { Sequelize, DataTypes } = require('sequelize');
    const { PhantomDBDialect } = require('.');
    const use = async (url) => {
      const dialect = new PhantomDBDialect(url);
      const sequelize = new Sequelize('app', null, null, { dialect, logging: false });
      const User = sequelize.define('User', { name: DataTypes.STRING });
      await User.sync();
      await User.create({ name: 'x' });
      await sequelize.transaction((transaction) => User.count({ transaction }));
      await User.findAll({ signal: new AbortController().signal });
      return sequelize;
    };`;

  test('has nothing open after close(), and ends by itself', async () => {
    const server = await startServer();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-close-'));
    const urls = JSON.stringify(['memory:', 'memory:x', `file:${folder}`, server.url]);
    const script = `${USE}
      (async () => {
        for (const url of ${urls}) await (await use(url)).close();
        const begun = Date.now();
        process.on('exit', () => console.log(Date.now() - begun, process.getActiveResourcesInfo().join()));
      })();`;
    // All that is open is what it was given to print on.
    expect(await inNode(script)).toMatch(/^\d{1,4}( PipeWrap)?$/);
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  });

  test('gives back what many dialects took', async () => {
    const script = `${USE}
      (async () => {
        const sizes = [];
        for (let i = 1; i <= 300; i++) {
          await (await use('memory:')).close();
          if (i % 100 === 0) sizes.push(Math.round(process.memoryUsage().rss / 1048576));
        }
        console.log(JSON.stringify(sizes));
      })();`;
    const [first, , last] = JSON.parse(await inNode(script));
    expect(last - first).toBeLessThan(60);
  });
});

describe.each([1, 2, 3])('test file %i of a worker of Jest', () => {
  beforeEach(() => jest.resetModules());

  test('has a copy of everything after jest.resetModules(), and closes it', async () => {
    const { Sequelize, DataTypes } = require('sequelize');
    const { PhantomDBDialect } = require('..');
    const dialect = new PhantomDBDialect('memory:');
    const sequelize = new Sequelize('jest', null, null, { dialect, logging: false });
    const User = sequelize.define('User', { name: { type: DataTypes.STRING, unique: true } });
    await User.sync();
    await User.create({ name: 'a' });
    await expect(User.create({ name: 'a' })).rejects.toBeInstanceOf(Sequelize.UniqueConstraintError);
    await sequelize.close();
  });

  test('has another copy beside one that was left open', async () => {
    const left = new (require('..').PhantomDBDialect)('memory:left');
    await left.query('a', 'SELECT 1');
    jest.resetModules();
    const { PhantomDBDialect, PhantomDBError } = require('..');
    const dialect = new PhantomDBDialect('memory:left');
    await expect(dialect.query('a', 'SELEC')).rejects.toBeInstanceOf(PhantomDBError);
    await dialect.close();
    await left.close();
  });
});
