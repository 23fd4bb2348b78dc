'use strict';

// The tour of example.js, run as a newcomer runs it, says the same wherever its data is.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');
const { startServer } = require('../bench/server');

const root = path.join(__dirname, '..');
const run = (script, url, ...args) =>
  promisify(execFile)(process.execPath, [...args, script], {
    cwd: root,
    env: { ...process.env, PHANTOMDB_URL: url },
    timeout: 60_000,
  }).then(({ stdout }) => stdout);

const COUNT = `
  const { Sequelize } = require('sequelize');
  const { PhantomDBDialect } = require('phantomdb-sequelize');
  const sequelize = new Sequelize('tour', null, null, { dialect: new PhantomDBDialect(), logging: false });
  sequelize.query('SELECT count(*) AS n FROM "Users"', { plain: true, raw: true }).then(async ({ n }) => {
    console.log(n);
    await sequelize.close();
  });`;

let tour;
let directory;

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-tour-'));
  tour = await run('example.js', 'memory:');
});

afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

test('the tour creates, finds, updates, destroys and rolls back', () => {
  expect(tour).toContain('Joan Smith (45), John Doe (34)');
  expect(tour).toContain('open  Write the report');
  expect(tour).toContain('1 updated, 1 destroyed, 3 left');
  expect(tour).toContain('SequelizeUniqueConstraintError: email must be unique');
  expect(tour).toContain('changed my mind; outside: 3 users');
});

test('it says the same on disk, and the data is there for the next process', async () => {
  const url = `file:${directory}`;
  expect(await run('example.js', url)).toBe(tour);
  expect(fs.readdirSync(directory)).toContain('tour.db');
  expect(await run(COUNT, url, '-e')).toBe('3\n');
});

test('it says the same over HTTP, twice', async () => {
  const server = await startServer('--memory');
  try {
    expect(await run('example.js', server.url)).toBe(tour);
    expect(await run('example.js', server.url)).toBe(tour);
  } finally {
    await server.stop();
  }
});
