'use strict';

// Where the addon is.

const fs = require('fs');
const path = require('path');

/** True for the folder of this package's package.json. */
function isRoot(folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).name === 'phantomdb-sequelize';
  } catch {
    return false;
  }
}

/**
 * The folder of this package. This file is in a folder of it, and in the published package part of a file beside it.
 * Undefined when the file has become a part of somebody's bundle.
 */
const ROOT = [__dirname, path.dirname(__dirname)].find(isRoot);

/** The script that tells which C library programs run with. */
const LDD = '/usr/bin/ldd';

/** The name of this platform in the names of its file and its package: `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`. */
function platformName() {
  const { platform, arch } = process;
  if (platform === 'linux') {
    return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

function isMusl() {
  try {
    return fs.readFileSync(LDD, 'utf8').includes('musl');
  } catch {
    // Some systems have no such script. The report takes up to 20 ms, and seconds if it names the network interfaces.
    process.report.excludeNetwork = true;
    return !process.report.getReport().header.glibcVersionRuntime;
  }
}

/** The path of an addon that was built on this machine; undefined in a bundle, beside which there is none. */
function addonFile(name = platformName()) {
  return ROOT && path.join(ROOT, `phantomdb.${name}.node`);
}

module.exports = { ROOT, addonFile, platformName };
