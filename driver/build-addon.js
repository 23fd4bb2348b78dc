'use strict';

// `phantomdb build-addon`: compiles the addon from the sources in this package, for a platform that has no package of its
// own with a compiled one.

const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const { ROOT, addonFile, platformName } = require('./addon-file.js');

const USAGE = `Compiles the addon from the sources in this package. It needs Rust 1.89 or later
(https://rustup.rs) and a C compiler, takes some minutes, and needs 1.5 GB of
disk for as long as it runs.

Usage: phantomdb build-addon [FILE]

FILE is where to write the addon. Set PHANTOMDB_NATIVE_LIBRARY to its path then.
Without FILE it is written into this package, where it is found.`;

const MISUSED = 2;
const FAILED = 1;

/** The name that cargo gives the library. */
function libraryName() {
  if (process.platform === 'win32') return 'phantomdb_sequelize.dll';
  return process.platform === 'darwin' ? 'libphantomdb_sequelize.dylib' : 'libphantomdb_sequelize.so';
}

/** Runs cargo in this package, whose settings for SQLite are in `.cargo`. Returns what failed. */
function compile(target) {
  const args = ['build', '--release', '--locked', '--lib', '--target-dir', target];
  const env = { ...process.env };
  if (platformName().endsWith('-musl')) {
    // Rust links musl statically unless told otherwise, and then makes no library that can be loaded.
    env.RUSTFLAGS = `${env.RUSTFLAGS || ''} -C target-feature=-crt-static`;
  }
  const { status, error } = spawnSync('cargo', args, { cwd: ROOT, stdio: 'inherit', env });
  if (error) {
    const missing = 'cargo was not found. Install Rust 1.89 or later: https://rustup.rs';
    return error.code === 'ENOENT' ? missing : error.message;
  }
  return status === 0 ? undefined : 'cargo failed; its messages are above.';
}

/** Writes the file under another name first: a running process may have loaded the old one. */
function install(library, file) {
  const written = `${file}.${process.pid}`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.copyFileSync(library, written);
  fs.renameSync(written, file);
}

/** Runs the command. Returns the exit code. */
function buildAddon(args) {
  if (args.length > 1 || (args[0] || '').startsWith('-')) {
    const isHelp = args[0] === '--help' || args[0] === '-h';
    console[isHelp ? 'log' : 'error'](USAGE);
    return isHelp ? 0 : MISUSED;
  }
  const file = args.length > 0 ? path.resolve(args[0]) : addonFile();
  const target = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-build-'));
  try {
    const failure = compile(target);
    if (failure) {
      console.error(failure);
      return FAILED;
    }
    install(path.join(target, 'release', libraryName()), file);
    console.log(`The addon is ${file}.`);
    if (args.length > 0) console.log(`Set PHANTOMDB_NATIVE_LIBRARY=${file} to use it.`);
    return 0;
  } catch (error) {
    console.error(`${error.message}\nName a file that can be written: phantomdb build-addon FILE`);
    return FAILED;
  } finally {
    // Node has `rmSync` since 14.14.
    (fs.rmSync || fs.rmdirSync)(target, { recursive: true });
  }
}

module.exports = { buildAddon };
