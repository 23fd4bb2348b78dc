'use strict';

// Loads the addon. One copy of the addon serves every copy of this file (Jest makes one for each test file), since Node
// keeps a loaded addon for as long as the process lives.

const fs = require('fs');
const path = require('path');

const { ROOT, addonFile, platformName } = require('./addon-file.js');

const IN_BUNDLE = [
  'This code is in a bundle, which cannot hold an addon. Keep phantomdb-sequelize and sequelize out of it: in esbuild, ' +
    "webpack, Vite and Rollup make both external; in Next.js set serverExternalPackages: ['sequelize', " +
    "'phantomdb-sequelize']. docs/bundlers.md of the package has each setting.",
];

const notInstalled = (name) => [
  `If there is a package phantomdb-sequelize-${name}, it was left out when phantomdb-sequelize was installed: with ` +
    '--omit=optional, or by a lock file from another platform. Otherwise build the addon, with Rust 1.89 or later ' +
    '(https://rustup.rs):',
  '  npx phantomdb build-addon',
];

function load() {
  const name = platformName();
  const candidates = [process.env.PHANTOMDB_NATIVE_LIBRARY, addonFile(name), `phantomdb-sequelize-${name}`].filter(
    Boolean,
  );
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
      ...(ROOT ? notInstalled(name) : IN_BUNDLE),
    ].join('\n'),
  );
}

module.exports = load();
