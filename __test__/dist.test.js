'use strict';

// How `npm run dist` builds the addon of a target, with stand-ins for the compiler, cargo and Zig.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { promisify } = require('node:util');

const root = path.join(__dirname, '..');

/** Says where its folder is, and where in it the library of a target would be. */
const RUSTC = `#!${process.execPath}
const path = require('node:path');
const [, what, , target] = process.argv.slice(2);
const home = path.dirname(__dirname);
if (what === 'sysroot') console.log(home);
else if (what === 'target-libdir') console.log(path.join(home, 'lib', 'rustlib', target, 'lib'));
`;

/** Notes how it is called, and makes the library, with a text that names the versions of glibc. */
const CARGO = `#!${process.execPath}
const fs = require('node:fs');
const path = require('node:path');
const args = process.argv.slice(2);
const valueOf = (name) => args[args.indexOf(name) + 1];
const { RUSTC_BOOTSTRAP, RUSTFLAGS } = process.env;
fs.writeFileSync(process.env.CALLS, JSON.stringify({ args, RUSTC_BOOTSTRAP, RUSTFLAGS }));
const folder = path.join(valueOf('--target-dir'), valueOf('--target').replace(/\\.\\d+\\.\\d+$/, ''), 'release');
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'libphantomdb_sequelize.so'), process.env.LIBRARY);
`;

const TOOLS = { rustc: RUSTC, cargo: CARGO, 'cargo-zigbuild': `#!${process.execPath}\n` };

let folder;

function write(name, text, mode = 0o644) {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode });
}

beforeEach(() => {
  folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-dist-test-')));
  for (const [name, text] of Object.entries(TOOLS)) write(path.join('bin', name), text, 0o755);
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const library = (target) => write(path.join('lib', 'rustlib', target, 'lib', 'libstd-0123.rlib'), '');
const source = () => write(path.join('lib', 'rustlib', 'src', 'rust', 'library', 'Cargo.lock'), '');

const moduleUrl = (name) => JSON.stringify(pathToFileURL(path.join(root, 'scripts', 'dist', name)));

/** Runs an ES module. Resolves to what it prints. */
function evaluate(program, env = {}) {
  const options = { env: { ...process.env, ...env }, timeout: 30_000 };
  return promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], options);
}

/** Builds for a target. Resolves to the path of the addon or the message of an error, and to how cargo was called. */
async function build(triple, env = {}) {
  const calls = path.join(folder, 'calls');
  const PATH = [path.join(folder, 'bin'), process.env.PATH].join(path.delimiter);
  const given = [root, folder].map((name) => JSON.stringify(name));
  const { stdout } = await evaluate(
    `
    import { buildAddon } from ${moduleUrl('addon.mjs')};
    import { targetOf } from ${moduleUrl('targets.mjs')};
    try {
      console.log(buildAddon(${given[0]}, targetOf('${triple}'), ${given[1]}));
    } catch (error) {
      console.log(error.message);
    }`,
    { PATH, RUSTC: path.join(folder, 'bin', 'rustc'), RUSTFLAGS: '', CALLS: calls, LIBRARY: '', ...env },
  );
  const called = fs.existsSync(calls) ? JSON.parse(fs.readFileSync(calls, 'utf8')) : undefined;
  return { message: stdout.trim(), called };
}

test('a target whose standard library the compiler has is built with it', async () => {
  library('aarch64-unknown-linux-gnu');
  source();
  const { message, called } = await build('aarch64-unknown-linux-gnu', { LIBRARY: 'GLIBC_2.9 GLIBC_2.17 GLIBC_2.4' });
  expect(message).toBe(path.join(folder, 'aarch64-unknown-linux-gnu', 'release', 'libphantomdb_sequelize.so'));
  expect(called.args).toEqual(expect.arrayContaining(['zigbuild', '--locked', 'aarch64-unknown-linux-gnu.2.17']));
  expect(called.args.join(' ')).not.toContain('build-std');
  expect(called.RUSTC_BOOTSTRAP).toBeUndefined();
});

test('the standard library of another target is compiled, when the compiler has its source', async () => {
  library('x86_64-unknown-linux-gnu');
  source();
  const { called } = await build('x86_64-unknown-linux-musl');
  expect(called.args).toContain('-Zbuild-std=std,panic_unwind');
  expect(called).toMatchObject({ RUSTC_BOOTSTRAP: '1', RUSTFLAGS: ' -C target-feature=-crt-static' });
});

test('a compiler with neither is refused, with what to install', async () => {
  library('x86_64-unknown-linux-gnu');
  // rustup leaves the folder of a target whose library was removed.
  fs.mkdirSync(path.join(folder, 'lib', 'rustlib', 'x86_64-unknown-linux-musl', 'lib'), { recursive: true });
  const { message, called } = await build('x86_64-unknown-linux-musl');
  expect(called).toBeUndefined();
  expect(message).toContain('no standard library for x86_64-unknown-linux-musl, nor its source');
  expect(message).toContain('rustup target add x86_64-unknown-linux-musl');
  expect(message).toContain('rustup component add rust-src');
});

test('an addon that needs a newer glibc than its package says is refused', async () => {
  library('x86_64-unknown-linux-gnu');
  const { message } = await build('x86_64-unknown-linux-gnu', { LIBRARY: 'GLIBC_2.9 GLIBC_2.34' });
  expect(message).toContain('needs glibc 2.34, not 2.17 at most');
});

test('another system that needs its own linker is refused', async () => {
  library('x86_64-pc-windows-msvc');
  library('aarch64-apple-darwin');
  const refused = process.platform === 'win32' ? 'aarch64-apple-darwin' : 'x86_64-pc-windows-msvc';
  const { message, called } = await build(refused);
  expect(called).toBeUndefined();
  expect(message).toContain(`${refused} needs the linker and libraries of its own system: build it there`);
});
