'use strict';

// Moves an application with its data from sqlite3 to PhantomDB. Run it with:
//
//   node examples/moving-from-sqlite3/index.js
//
// It runs these commands in a temporary folder:
//
//   node before.js shop.db                          twice, so that there is data
//   npx phantomdb import shop.db --to file:./data   copies the file into a new database
//   node after.js ./data                            goes on with the data

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const phantomdb = path.join(path.dirname(require.resolve('phantomdb-sequelize/package.json')), 'bin', 'phantomdb.js');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'moving-'));

function node(title, script, ...args) {
  console.log(`\n$ ${title}`);
  execFileSync(process.execPath, [script, ...args], { cwd: folder, stdio: 'inherit' });
}

try {
  const before = path.join(__dirname, 'before.js');
  node('node before.js shop.db', before, 'shop.db');
  node('node before.js shop.db', before, 'shop.db');
  node('npx phantomdb import shop.db --to file:./data', phantomdb, 'import', 'shop.db', '--to', 'file:./data');
  node('node after.js ./data', path.join(__dirname, 'after.js'), './data');
} finally {
  fs.rmSync(folder, { recursive: true });
}
