'use strict';

// Fits sequelize-cli from outside, as `install.js` does Sequelize. Its commands work with any dialect but for two things:
// - `db:create` and `db:drop` refuse what is not one of the names they know, and would then do the right thing;
// - nothing keeps two processes from running the same migration, or seeders, at once.

const path = require('path');

const { CLIENT } = require('./install.js');
const { withLock } = require('../driver/named-lock.js');

const MIGRATOR = path.join('sequelize-cli', 'lib', 'core', 'migrator.js');

/** On a copy of the CLI that has been fitted, whichever copy of this package did it. */
const FITTED = Symbol.for('phantomdb-sequelize.cli');

/** The lock that migrations hold. */
const MIGRATIONS_LOCK = 'migrations';

/** How long a process waits for another one's migrations. */
const WAIT_MS = 600_000;

/** Fits every copy of the CLI that is loaded: the process is then the CLI's. */
function fitSequelizeCli() {
  for (const file of Object.keys(require.cache).filter((name) => name.endsWith(path.sep + MIGRATOR))) {
    const migrator = require.cache[file].exports;
    const helpers = require.cache[path.join(path.dirname(file), '..', 'helpers', 'index.js')]?.exports;
    if (helpers && !Object.hasOwn(migrator, FITTED)) {
      Object.defineProperty(migrator, FITTED, { value: true });
      fitDatabaseCommands(helpers);
      fitMigrator(migrator, helpers);
    }
  }
}

/** The PhantomDBDialect of the CLI's configuration, once that has been read. */
function dialectOf(helpers) {
  const dialect = helpers.config.config?.dialect;
  return typeof dialect?.[CLIENT] === 'function' ? dialect : undefined;
}

function fitDatabaseCommands(helpers) {
  const { error } = helpers.view;
  helpers.view.error = function (message) {
    const dialect = dialectOf(helpers);
    if (!dialect || message !== `Dialect ${dialect} does not support db:create / db:drop commands`) {
      error.call(this, message);
    }
  };
}

function fitMigrator(migrator, helpers) {
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

/** Umzug looks again, within `up` and `down`, at what has been executed. */
function serialize(umzug, dialect, databaseName) {
  // `down` calls itself.
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

module.exports = { MIGRATIONS_LOCK, fitSequelizeCli };
