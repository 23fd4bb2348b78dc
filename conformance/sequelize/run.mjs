// Runs Sequelize 6's own integration tests, unmodified, on PhantomDB. docs/compatibility.md shows the result.
//
//   npm run test:sequelize -- --tests DIR [--engine memory,http,postgres] [--spec GLOB] [--grep TEXT] [--require N]
//
// --tests    the folder `test` of a checkout of sequelize/sequelize, branch v6
// --engine   where the tests run (default: all three): in this process, on a server with SQLite, on a server with PostgreSQL
// --spec     which files (default: test/integration/**/*.test.js)
// --grep     only tests whose title has this text
// --require  exit with 1 when fewer tests pass on an engine
//
// The tools that the tests need are installed into a directory for temporary files, once; that needs the npm registry.
// Sequelize and its own dependencies come from this project, so that each class exists once.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const project = path.join(here, '..', '..');
const directory = path.join(os.tmpdir(), 'phantomdb-sequelize-suite');
const modules = path.join(directory, 'node_modules');

const TOOLS = [
  'mocha@7',
  'chai@4',
  'chai-as-promised@7',
  'chai-datetime@1.8',
  'sinon@12',
  'sinon-chai@3.7',
  'cls-hooked@4',
  'delay@5',
  'p-map@4',
  'p-props@4',
  'p-settle@4',
  'p-timeout@4',
  'esbuild@0.14.3',
  'node-hook@1',
  'module-alias@2',
  'source-map-support@0.5',
  'js-combinatorics@0.6',
  'pg-hstore@2',
  'debug@4',
  'semver@7',
  'fs-jetpack@4',
  'fast-glob@3',
];

/** Sequelize, and the packages whose classes and instances the tests share with it. */
const FROM_PROJECT = [
  'sequelize',
  'sequelize-pool',
  'validator',
  'moment',
  'moment-timezone',
  'retry-as-promised',
  'lodash',
  'dottie',
  'inflection',
  'uuid',
  'wkx',
  'toposort-class',
];

/** Directories whose presence the tests read as the list of dialects. */
const DIALECTS = ['mariadb', 'mssql', 'mysql', 'oracle', 'postgres', 'sqlite', 'db2', 'snowflake', 'phantomdb'];

/** Mocha's reporter: the titles of what passed, failed (with the reason) and is pending. */
const REPORTER = `
const fs = require('fs');
module.exports = function (runner) {
  const result = { passed: [], failed: [], pending: [] };
  const firstLine = (error) => String((error && error.message) || error).split('\\n')[0].slice(0, 300);
  const write = () => fs.writeFileSync(process.env.SUITE_RESULT, JSON.stringify(result));
  runner.on('pass', (test) => result.passed.push(test.fullTitle()));
  runner.on('pending', (test) => result.pending.push(test.fullTitle()));
  runner.on('fail', (test, error) => result.failed.push([test.fullTitle(), firstLine(error)]));
  runner.on('test end', () => result.passed.length % 25 === 0 && write());
  runner.on('end', write);
};`;

function link(target, name) {
  fs.rmSync(path.join(modules, name), { recursive: true, force: true });
  fs.symlinkSync(target, path.join(modules, name));
}

function prepare(tests) {
  fs.mkdirSync(directory, { recursive: true });
  if (!fs.existsSync(path.join(modules, 'mocha'))) {
    fs.writeFileSync(path.join(directory, 'package.json'), '{"name":"suite","private":true,"version":"1.0.0"}\n');
    const options = { cwd: directory, stdio: 'inherit', shell: process.platform === 'win32' };
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...TOOLS], options);
  }
  for (const name of FROM_PROJECT) link(path.join(project, 'node_modules', name), name);
  link(project, 'phantomdb-sequelize');
  for (const name of DIALECTS) fs.mkdirSync(path.join(directory, 'lib/dialects', name), { recursive: true });
  fs.rmSync(path.join(directory, 'test'), { recursive: true, force: true });
  fs.cpSync(tests, path.join(directory, 'test'), { recursive: true });
  fs.mkdirSync(path.join(directory, 'test/tmp'), { recursive: true });
  fs.copyFileSync(path.join(here, 'preload.cjs'), path.join(directory, 'preload.cjs'));
  fs.writeFileSync(path.join(directory, 'reporter.cjs'), REPORTER);
}

/** Starts `phantomdb serve`. Answers its URL and `stop()`. */
async function serve(args) {
  const program = path.join(project, 'bin', 'phantomdb.js');
  const server = spawn(process.execPath, [program, 'serve', '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  for await (const line of readline.createInterface({ input: server.stdout })) {
    const url = /listening on (\S+)/.exec(line)?.[1];
    if (url) {
      return {
        url,
        stop: async () => {
          server.kill('SIGTERM');
          await ended;
        },
      };
    }
  }
  throw new Error('phantomdb serve ended before it listened');
}

/** For each engine: starts it and answers the connection string and `stop()`. */
const ENGINES = {
  memory: async () => ({ url: 'memory:suite', stop: async () => {} }),
  http: () => serve(['--memory']),
  postgres: async () => {
    const { startPostgres } = await import('../../scripts/postgres.mjs');
    const postgres = await startPostgres();
    const server = await serve(['--engine', postgres.url, '--allow-superuser']);
    return {
      url: server.url,
      stop: async () => {
        await server.stop();
        await postgres.stop();
      },
    };
  },
};

function mocha(url, { spec, grep }) {
  const result = path.join(directory, 'result.json');
  fs.rmSync(result, { force: true });
  const args = ['node_modules/mocha/bin/mocha', '-r', './preload.cjs', '-r', './test/registerEsbuild', '--exit'];
  args.push('--timeout', '30000', '--reporter', './reporter.cjs', ...(grep ? ['--fgrep', grep] : []), spec);
  const env = { ...process.env, DIALECT: 'phantomdb', PHANTOMDB_SUITE_URL: url, SUITE_RESULT: result };
  const output = fs.openSync(path.join(directory, 'output.log'), 'w');
  const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', output, output], env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (_code, signal) => {
      if (!fs.existsSync(result)) {
        reject(new Error(`the tests did not run; see ${path.join(directory, 'output.log')}`));
        return;
      }
      resolve({ ...JSON.parse(fs.readFileSync(result, 'utf8')), signal });
    });
  });
}

const text = { type: 'string' };
const { values: options } = parseArgs({
  options: {
    tests: text,
    engine: { ...text, default: Object.keys(ENGINES).join(',') },
    spec: { ...text, default: 'test/integration/**/*.test.js' },
    grep: text,
    require: { ...text, default: '0' },
  },
});
const engines = options.engine.split(',');
const unknown = engines.find((engine) => !Object.hasOwn(ENGINES, engine));
if (!options.tests || !fs.existsSync(path.join(options.tests, 'support.js')) || unknown !== undefined) {
  console.error(
    unknown === undefined
      ? '--tests DIR: the folder `test` of a checkout of sequelize/sequelize, branch v6'
      : `--engine: '${unknown}' is none of ${Object.keys(ENGINES).join(', ')}`,
  );
  process.exit(2);
}
prepare(path.resolve(options.tests));
const otherDatabases = fs
  .readFileSync(path.join(here, 'other-databases.txt'), 'utf8')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'));
let short = false;
for (const engine of engines) {
  const { url, stop } = await ENGINES[engine]();
  try {
    const { passed, failed, pending, signal } = await mocha(url, options);
    const ours = failed.filter(([title]) => !otherDatabases.some((other) => title.includes(other)));
    for (const [title, why] of ours) console.log(`FAILED on ${engine}: ${title}\n       ${why}`);
    if (signal) console.log(`the run on ${engine} ended early: ${signal}`);
    console.log(
      `${engine}: ${failed.length - ours.length} ask for another database by name, ${pending.length} pending`,
    );
    console.log(`${engine}: ${passed.length} passed, ${ours.length} failed`);
    short ||= passed.length < Number(options.require);
  } finally {
    await stop();
  }
}
process.exit(short ? 1 : 0);
