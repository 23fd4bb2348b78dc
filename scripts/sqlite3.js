'use strict';

// The addon of sqlite3, which tests and benchmarks compare with. npm is told not to run the script of sqlite3 (`allowScripts`
// in package.json): where no addon of it can be downloaded, that script compiles SQLite on one core for two minutes.
// `npm install` downloads the addon if it can; the tests and the benchmark compile it if they must.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const folder = path.join(__dirname, '..', 'node_modules', 'sqlite3');
/** Windows starts the scripts of npm with a shell only. */
const shell = process.platform === 'win32';

function isMissing() {
  return fs.existsSync(folder) && !fs.existsSync(path.join(folder, 'build', 'Release', 'node_sqlite3.node'));
}

/** Runs a program in the folder of sqlite3. Rejects with its output when it fails. */
function run(program, args) {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd: folder, shell, maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
      error ? reject(new Error(`The addon of sqlite3 could not be made:\n${stdout}${stderr}`)) : resolve(),
    );
  });
}

/** Downloads the addon. Resolves in any case: what cannot be downloaded is compiled later. */
async function downloadSqlite3() {
  if (isMissing()) await run('npx', ['--no-install', 'prebuild-install', '--runtime', 'napi']).catch(() => {});
}

/** Makes the addon when it is missing. Rejects with the output when that fails. */
async function buildSqlite3() {
  if (isMissing()) await run('npm', ['run', 'install']);
}

module.exports = { buildSqlite3, downloadSqlite3 };
