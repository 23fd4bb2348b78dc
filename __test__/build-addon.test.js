'use strict';

// `phantomdb build-addon` in an installed package, with a stand-in for cargo that takes a built addon for the result.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..');
const addon = fs.readdirSync(root).find((name) => name.endsWith('.node'));
const COPIED = ['package.json', 'index.js', 'bin', 'driver', 'sequelize'];

const CARGO = `#!${process.execPath}
const fs = require('node:fs');
const path = require('node:path');
fs.writeFileSync(process.env.CALLS, JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2) }));
if (process.env.FAILS) process.exit(101);
const target = process.argv[process.argv.indexOf('--target-dir') + 1];
fs.mkdirSync(path.join(target, 'release'), { recursive: true });
const name = process.platform === 'darwin' ? 'libphantomdb_sequelize.dylib' : 'libphantomdb_sequelize.so';
fs.symlinkSync(${JSON.stringify(path.join(root, addon))}, path.join(target, 'release', name));
`;

let folder;
let installed;

beforeAll(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-build-test-')));
  installed = path.join(folder, 'node_modules', 'phantomdb-sequelize');
  for (const name of COPIED) fs.cpSync(path.join(root, name), path.join(installed, name), { recursive: true });
  fs.symlinkSync(path.join(root, 'node_modules', 'sequelize'), path.join(folder, 'node_modules', 'sequelize'));
  fs.mkdirSync(path.join(folder, 'bin'));
  fs.writeFileSync(path.join(folder, 'bin', 'cargo'), CARGO, { mode: 0o755 });
});
afterEach(() => fs.rmSync(path.join(installed, addon), { force: true }));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Runs Node in the folder. Resolves to its exit code and to all it prints. */
function node(args, env = {}) {
  const calls = path.join(folder, 'calls');
  const PATH = [path.join(folder, 'bin'), process.env.PATH].join(path.delimiter);
  const options = { cwd: folder, env: { ...process.env, PATH, CALLS: calls, TMPDIR: folder, ...env }, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const called = fs.existsSync(calls) ? JSON.parse(fs.readFileSync(calls, 'utf8')) : undefined;
      fs.rmSync(calls, { force: true });
      resolve({ code: error?.code ?? 0, output: stdout + stderr, called });
    });
  });
}

const build = (args, env) => node([path.join(installed, 'bin', 'phantomdb.js'), 'build-addon', ...args], env);
const USE = [
  '-e',
  "const { PhantomDBDialect } = require('phantomdb-sequelize'); console.log(new PhantomDBDialect('memory:').url)",
];

test('the error of a package without an addon names the command, and with it the package works', async () => {
  const before = await node(USE);
  expect(before.code).toBe(1);
  expect(before.output).toContain(`found no addon for ${addon.split('.')[1]}`);
  expect(before.output).toContain('npx phantomdb build-addon');
  const built = await build([]);
  expect(built).toMatchObject({ code: 0, called: { cwd: installed } });
  expect(built.called.args).toEqual(expect.arrayContaining(['build', '--release', '--locked', '--lib']));
  expect(await node(USE)).toMatchObject({ code: 0, output: 'memory:\n' });
  expect(fs.readdirSync(folder).sort()).toEqual(['bin', 'node_modules']);
});

test('the addon is written into a file of choice, which the environment variable names', async () => {
  const file = path.join(folder, 'addons', 'mine.node');
  const built = await build([file]);
  expect(built.output).toContain(`PHANTOMDB_NATIVE_LIBRARY=${file}`);
  expect(await node(USE, { PHANTOMDB_NATIVE_LIBRARY: file })).toMatchObject({ code: 0, output: 'memory:\n' });
  expect((await node(USE)).code).toBe(1);
  fs.rmSync(path.dirname(file), { recursive: true });
});

test('it says what is missing, and leaves nothing behind', async () => {
  expect(await build([], { FAILS: '1' })).toMatchObject({ code: 1 });
  const withoutRust = await build([], { PATH: path.join(folder, 'empty') });
  expect(withoutRust).toMatchObject({ code: 1 });
  expect(withoutRust.output).toContain('Install Rust 1.89 or later: https://rustup.rs');
  expect(await build(['--release'])).toMatchObject({ code: 2, called: undefined });
  expect(fs.readdirSync(folder).sort()).toEqual(['bin', 'node_modules']);
  expect(fs.existsSync(path.join(installed, addon))).toBe(false);
});
