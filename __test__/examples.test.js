'use strict';

// The examples, run by the commands of examples/README.md.

const { spawn, execFile } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { startServer } = require('../bench/server');

const root = path.join(__dirname, '..');
const example = (...names) => path.join(root, 'examples', ...names);
const TIMEOUT_MS = 90_000;

const { PHANTOMDB_URL: _, ...environment } = process.env;

/** What a command prints; it fails when the command does. */
async function run(script, args = [], env = {}) {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, ...args], {
    cwd: root,
    env: { ...environment, NO_COLOR: '1', ...env },
    timeout: TIMEOUT_MS,
  });
  return stdout + stderr;
}

test('examples/README.md lists every example', () => {
  const listed = Array.from(
    fs.readFileSync(example('README.md'), 'utf8').matchAll(/^\| \[([\w-]+)\]/gm),
    ([, name]) => name,
  );
  const folders = fs.readdirSync(example(), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(listed.sort()).toEqual(folders.map(({ name }) => name).sort());
});

test(
  'blog',
  async () => {
    expect(await run(example('blog', 'index.js'))).toBe(`Page 1 of 2
  Note G, by Ada (algebra, programs), 0 comments
  A bug, by Grace (machines), 0 comments
Page 2 of 2
  The engine, by Ada (algebra, machines), 2 comments
Tags: algebra 2, machines 2, programs 1
Found: A bug
Refused: notNull Violation: Post.body cannot be null. Tags named "empty": 0
Without Ada: 1 post, 0 comments
`);
  },
  TIMEOUT_MS,
);

test(
  'jest-snapshots',
  async () => {
    const output = await run(require.resolve('jest/bin/jest'), [
      '--config',
      example('jest-snapshots', 'jest.config.js'),
    ]);
    expect(output).toContain('Tests:       6 passed, 6 total');
    expect(output).not.toContain('did not exit');
  },
  TIMEOUT_MS,
);

test(
  'job-queue, on disk and with a server',
  async () => {
    const expected =
      /^30 jobs done, each once: true\n.*\njob 31 failed after 3 attempts: numbers.reduce is not a function\n$/;
    expect(await run(example('job-queue', 'index.js'))).toMatch(expected);
    const server = await startServer('--memory');
    try {
      expect(await run(example('job-queue', 'index.js'), [], { PHANTOMDB_URL: server.url })).toMatch(expected);
    } finally {
      await server.stop();
    }
  },
  TIMEOUT_MS,
);

test(
  'job-queue: a job whose worker was lost runs again, but not for ever',
  async () => {
    const script = `
      const { sequelize, Job, work } = require('./examples/job-queue/queue.js');
      const lost = { kind: 'note', data: {}, state: 'running', dueAt: new Date(0) };
      (async () => {
        await sequelize.sync();
        await Job.bulkCreate([{ ...lost, attempts: 1 }, { ...lost, attempts: 3 }]);
        await work('me', { note: async () => {} }, { signal: AbortSignal.timeout(200) });
        const jobs = await Job.findAll({ order: ['id'] });
        console.log(jobs.map(({ state, attempts }) => state + ' ' + attempts).join(', '));
      })();`;
    expect(await run('-e', [script], { PHANTOMDB_URL: 'memory:' })).toBe('done 2, failed 3\n');
  },
  TIMEOUT_MS,
);

test(
  'moving-from-sqlite3',
  async () => {
    const output = await run(example('moving-from-sqlite3', 'index.js'));
    expect(output).toContain('the database "shop" is imported');
    expect(output.slice(output.indexOf('$ node after.js'))).toBe(`$ node after.js ./data
Ada: Order 1, 1 pieces, 2025-02-01T00:00:00.000Z
Ada: Order 2, 2 pieces, 2025-03-01T00:00:00.000Z
Ada: Order 3, 3 pieces, 2025-04-01T00:00:00.000Z
02: 1, 03: 2, 04: 3
`);
  },
  TIMEOUT_MS,
);

describe('rest-api', () => {
  let server;
  let url;
  let log = '';

  beforeAll(async () => {
    expect(await run(require.resolve('typescript/bin/tsc'), ['--project', example('rest-api')])).toBe('');
    server = spawn(process.execPath, [example('rest-api', 'dist', 'server.js')], {
      cwd: root,
      env: { ...environment, PORT: '0' },
    });
    server.stderr.on('data', (chunk) => (log += chunk));
    const [chunk] = await once(server.stdout, 'data');
    [, url] = /listening on (\S+)/.exec(chunk);
  }, TIMEOUT_MS);

  afterAll(async () => {
    server.kill('SIGTERM');
    const [code] = await once(server, 'exit');
    expect({ code, log }).toEqual({ code: 0, log: '' });
  });

  async function call(method, route, body) {
    const response = await fetch(url + route, {
      method,
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  }

  test('it creates, reads, changes and deletes', async () => {
    const ada = { name: 'Ada', email: 'ada@example.com' };
    const created = await call('POST', '/users', { ...ada, tasks: ['Write Note G', 'Sleep'] });
    expect(created).toMatchObject({ status: 201, body: ada });
    const { id } = created.body;
    expect(await call('GET', `/users/${id}`)).toMatchObject({
      status: 200,
      body: { ...ada, tasks: [{ title: 'Write Note G', done: false }, { title: 'Sleep' }] },
    });
    expect(await call('PATCH', `/users/${id}`, { name: 'Countess', id: 9 })).toMatchObject({
      status: 200,
      body: { id, name: 'Countess', email: 'ada@example.com' },
    });
    expect(await call('GET', '/users?limit=1')).toMatchObject({ status: 200, body: { count: 1, users: [{ id }] } });
    expect(await call('DELETE', `/users/${id}`)).toEqual({ status: 204, body: '' });
    expect(await call('GET', `/users/${id}`)).toMatchObject({ status: 404 });
  });

  test('it says what is wrong', async () => {
    const grace = { name: 'Grace', email: 'grace@example.com' };
    expect(await call('POST', '/users', grace)).toMatchObject({ status: 201 });
    expect(await call('POST', '/users', grace)).toEqual({ status: 409, body: { problems: ['email must be unique'] } });
    expect(await call('POST', '/users', { name: '', email: 'x' })).toEqual({
      status: 400,
      body: { problems: ['Validation notEmpty on name failed', 'Validation isEmail on email failed'] },
    });
    expect(await call('GET', '/users/one')).toMatchObject({ status: 400 });
  });

  test('a user whose task is refused is not made', async () => {
    const body = { name: 'Alan', email: 'alan@example.com', tasks: ['Think', ''] };
    expect(await call('POST', '/users', body)).toMatchObject({ status: 400 });
    const { body: all } = await call('GET', '/users?limit=100');
    expect(all.users.map(({ name }) => name)).not.toContain('Alan');
  });
});
