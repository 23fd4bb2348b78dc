'use strict';

// Finds and loads the addon. One copy of the addon serves every copy of this file (Jest makes one for each test file),
// since Node keeps a loaded addon for as long as the process lives.

const fs = require('fs');
const path = require('path');

/** The name of this platform in the names of its file and its package: `linux-x64-gnu`, `darwin-arm64`, `win32-x64-msvc`. */
function platformName() {
  const { platform, arch } = process;
  if (platform === 'linux') {
    return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  }
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`;
}

function isMusl() {
  const report = process.report;
  // Naming the network interfaces can take seconds, and nobody reads them here.
  report.excludeNetwork = true;
  return !report.getReport().header.glibcVersionRuntime;
}

function load() {
  const name = platformName();
  const candidates = [
    process.env.PHANTOMDB_NATIVE_LIBRARY,
    path.join(__dirname, '..', `phantomdb.${name}.node`),
    `phantomdb-sequelize-${name}`,
  ].filter(Boolean);
  const failures = [];
  for (const candidate of candidates) {
    if (path.isAbsolute(candidate) && !fs.existsSync(candidate)) {
      failures.push(`${candidate}: there is no such file`);
      continue;
    }
    try {
      return require(candidate);
    } catch (error) {
      failures.push(`${candidate}: ${error.message.split('\n')[0]}`);
    }
  }
  throw new Error(
    [
      `phantomdb-sequelize found no addon for ${name}. Tried:`,
      ...failures.map((failure) => `  - ${failure}`),
      `Install the optional package phantomdb-sequelize-${name} (npm leaves it out with --omit=optional, or when the ` +
        'lock file was made on another platform), or, in a clone of the repository, run `npm run build`.',
    ].join('\n'),
  );
}

module.exports = load();
