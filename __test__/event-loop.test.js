'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);
const root = path.join(__dirname, '..');

/** Tests of calls to a server: many at once, aborted, over broken connections, and in workers. */
const FILES = ['gathered', 'abort', 'workers', 'faults/cut'].map((name) => `__test__/${name}.test.js`);

/** PostgreSQL is left to the suite that this is part of, which has it to itself. */
const NAMES = '^(?!.* at PostgreSQL )';
const CONFIG = JSON.stringify({ rootDir: root, testMatch: ['<rootDir>/__test__/**/*.test.js'], testTimeout: 60_000 });

jest.setTimeout(300_000);

describe('without the event loop of Node', () => {
  test('calls to a server run on the runtime of the addon, with the same results', async () => {
    const jest = path.join(path.dirname(require.resolve('jest/package.json')), 'bin', 'jest.js');
    const args = [jest, '--config', CONFIG, '--runInBand', '--silent', '--ci', '-t', NAMES, ...FILES];
    const env = { ...process.env, PHANTOMDB_EVENT_LOOP: 'tokio' };
    const ran = run(process.execPath, args, { cwd: root, env, timeout: 280_000 });
    const { stderr } = await ran.catch((error) => {
      throw new Error(error.stderr);
    });
    expect(stderr).toContain(`Test Suites: ${FILES.length} passed, ${FILES.length} total`);
  });

  test('a process stays alive until its calls are answered, and no longer', async () => {
    const script = `
      const { PhantomDBDialect } = require('.');
      const dialect = new PhantomDBDialect('http://127.0.0.1:1', { retries: 0 });
      dialect.query('app', 'SELECT 1').catch((error) => console.log(error.code));`;
    const env = { ...process.env, PHANTOMDB_EVENT_LOOP: 'tokio' };
    const { stdout } = await run(process.execPath, ['-e', script], { cwd: root, env, timeout: 20_000 });
    expect(stdout).toBe('UNAVAILABLE\n');
  });
});
