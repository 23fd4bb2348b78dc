'use strict';

// npm runs this in a clone of the repository (`npm install`, `npm pack`), never for users of the package: the
// published package has neither this file nor the Rust sources. Builds the addon when it is older than its sources, as the
// tests of Rust are built: that takes a fraction of the time of the published build.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { downloadSqlite3 } = require('./sqlite3.js');

const root = path.join(__dirname, '..');
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
    const child = spawn('npm', ['run', 'build:debug'], { cwd: root, stdio: 'inherit', shell });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error('npm run build:debug failed.'))));
  });
}

async function prepare() {
  const downloaded = downloadSqlite3();
  if (fs.existsSync(path.join(root, 'Cargo.toml')) && !isBuilt()) await buildAddon();
  await downloaded;
}

prepare().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
