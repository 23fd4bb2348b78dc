'use strict';

// A copy of a database's file for `phantomdb studio`, and a token that may read it.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { ROOT } = require('./addon-file.js');

/** What a file of SQLite begins with, as are saved snapshots, backups and `phantomdb export`'s NAME.db. */
const MAGIC = 'SQLite format 3\0';

/** The file that a directory of databases has. */
const LOCK = '.phantomdb.lock';

function beginningOf(file, length) {
  const descriptor = fs.openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    fs.readSync(descriptor, bytes, 0, length, 0);
    return bytes.toString('latin1');
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Node 12 has no `fs.rmSync`. */
const remove = (folder) =>
  fs.rmSync ? fs.rmSync(folder, { recursive: true, force: true }) : fs.rmdirSync(folder, { recursive: true });

/** Makes a token with the right to read, in a file for the server. */
function readToken(store) {
  const args = ['token', 'create', 'studio', '--token-store', store, '--rights', 'read', '--databases', '*'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'bin', 'phantomdb.js'), ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.trim();
}

/**
 * Copies a file into a directory that a server can serve. Throws an Error when the file is no database, or one of a directory.
 * @returns {{ directory: string, store: string, token: string, remove: () => void }}
 */
function copyOf(file) {
  const folder = path.dirname(path.resolve(file));
  if (fs.existsSync(path.join(folder, LOCK))) {
    throw new Error(`${file} is a database of the directory ${folder}: \`phantomdb studio file:${folder}\` opens it`);
  }
  if (beginningOf(file, MAGIC.length) !== MAGIC) {
    throw new Error(
      `${file} is no database. A file of SQL can be imported: \`phantomdb import ${file} --to file:./data\` makes a database of it`,
    );
  }
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-studio-'));
  try {
    const directory = path.join(made, 'data');
    const store = path.join(made, 'tokens');
    fs.mkdirSync(directory);
    const name = path.basename(file, path.extname(file)).replace(/[^\w-]/g, '_');
    // A log beside the file has what was not yet written into it.
    for (const suffix of ['', '-wal']) {
      if (fs.existsSync(file + suffix)) {
        fs.copyFileSync(file + suffix, path.join(directory, `${name}.db${suffix}`), fs.constants.COPYFILE_FICLONE);
      }
    }
    return { directory, store, token: readToken(store), remove: () => remove(made) };
  } catch (error) {
    remove(made);
    throw error;
  }
}

module.exports = { copyOf };
