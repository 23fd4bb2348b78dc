'use strict';

// npm runs this in a clone of the repository (`npm install`, `npm pack`), never for users of the package: the
// published package has neither this file nor the Rust sources. Builds the addon when it is older than its sources, with the
// profile `clone`, which compiles faster than the published build.
//
// sqlite3, which the tests compare with, is made at the same time: npm would run its script before this one, and where no
// addon of it can be downloaded, that script compiles SQLite on one core.

const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const sqlite3 = path.join(root, 'node_modules', 'sqlite3');
/** Windows starts the scripts of npm with a shell only. */
const shell = process.platform === 'win32';

/** When the newest file under `target` was changed, in milliseconds; 0 when there is none. */
function newestChange(target) {
  const stat = fs.statSync(target, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) {
    return stat ? stat.mtimeMs : 0;
  }
  const changes = fs.readdirSync(target).map((name) => newestChange(path.join(target, name)));
  return Math.max(0, ...changes);
}

function isBuilt() {
  const addons = fs.readdirSync(root).filter((name) => name.endsWith('.node'));
  const sources = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'crates', 'console/index.html', 'console/src'];
  const newestSource = Math.max(...sources.map((name) => newestChange(path.join(root, name))));
  return addons.some((name) => newestChange(path.join(root, name)) > newestSource);
}

/** Builds the addon with its output on the terminal. Rejects when that fails. */
function buildAddon() {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', ['run', 'build:clone'], { cwd: root, stdio: 'inherit', shell });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('npm run build:clone failed.'))));
  });
}

/** Downloads or compiles the addon of sqlite3. Rejects with the output when that fails. */
function buildSqlite3() {
  return new Promise((resolve, reject) => {
    const options = { cwd: sqlite3, shell, maxBuffer: 64 * 2 ** 20 };
    execFile('npm', ['run', 'install'], options, (error, stdout, stderr) =>
      error ? reject(new Error(`The addon of sqlite3 could not be made:\n${stdout}${stderr}`)) : resolve(),
    );
  });
}

async function prepare() {
  const work = [];
  if (fs.existsSync(path.join(root, 'Cargo.toml')) && !isBuilt()) work.push(buildAddon());
  const sqlite3Addon = path.join(sqlite3, 'build', 'Release', 'node_sqlite3.node');
  if (fs.existsSync(sqlite3) && !fs.existsSync(sqlite3Addon)) work.push(buildSqlite3());
  // Both end before a failure is reported, so that nothing is left running.
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
  if (failed) throw failed.reason;
}

prepare().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
