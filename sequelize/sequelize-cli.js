'use strict';

// Patches sequelize-cli from outside, as `install.js` patches Sequelize. Its commands work with any dialect, except that
// - `db:create` and `db:drop` report a dialect that they do not know as an error, although they would work with it;
// - two processes can run the same migrations or seeders at the same time.

const path = require('path');

const { CLIENT } = require('./install.js');
const { withLock } = require('../driver/named-lock.js');

const MIGRATOR = path.join('sequelize-cli', 'lib', 'core', 'migrator.js');

/** Marks a copy of the CLI that has been patched, whichever copy of this package did it. */
const PATCHED = Symbol.for('phantomdb-sequelize.cli');

/** The name of the lock that migrations hold. */
const MIGRATIONS_LOCK = 'migrations';

/** The time that a process waits for the migrations of another one. */
const WAIT_MS = 600_000;

/** Patches every loaded copy of the CLI. One is loaded only if the process is the CLI itself. */
function patchSequelizeCli() {
  for (const file of Object.keys(require.cache).filter((name) => name.endsWith(path.sep + MIGRATOR))) {
    const migrator = require.cache[file].exports;
    const helpers = require.cache[path.join(path.dirname(file), '..', 'helpers', 'index.js')]?.exports;
    if (helpers && !Object.hasOwn(migrator, PATCHED)) {
      Object.defineProperty(migrator, PATCHED, { value: true });
      patchDatabaseCommands(helpers);
      patchMigrator(migrator, helpers);
    }
  }
}

/** The PhantomDBDialect of the CLI's configuration, if the configuration has been read and has one. */
function dialectOf(helpers) {
  const dialect = helpers.config.config?.dialect;
  return typeof dialect?.[CLIENT] === 'function' ? dialect : undefined;
}

function patchDatabaseCommands(helpers) {
  const { error } = helpers.view;
  helpers.view.error = function (message) {
    const dialect = dialectOf(helpers);
    if (!dialect || message !== `Dialect ${dialect} does not support db:create / db:drop commands`) {
      error.call(this, message);
    }
  };
}

function patchMigrator(migrator, helpers) {
  const { getMigrator } = migrator;
  migrator.getMigrator = async (...args) => {
    const umzug = await getMigrator(...args);
    const dialect = dialectOf(helpers);
    if (dialect) {
      serialize(umzug, dialect, umzug.options.storageOptions.sequelize.config.database);
    }
    return umzug;
  };
}

/** Holds the lock during `up` and `down`. Both read again, within the lock, which migrations have been executed. */
function serialize(umzug, dialect, databaseName) {
  // `down` calls itself, so the lock may be held already.
  let isHeld = false;
  for (const method of ['up', 'down']) {
    const original = umzug[method].bind(umzug);
    const holding = async (...args) => {
      isHeld = true;
      try {
        return await original(...args);
      } finally {
        isHeld = false;
      }
    };
    umzug[method] = (...args) =>
      isHeld
        ? original(...args)
        : withLock(dialect, databaseName, MIGRATIONS_LOCK, () => holding(...args), { timeout: WAIT_MS });
  }
}

module.exports = { patchSequelizeCli };
