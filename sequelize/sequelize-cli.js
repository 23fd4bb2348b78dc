'use strict';

// Patches sequelize-cli from outside, as `install.js` patches Sequelize. Its commands work with any dialect, except that
// - `db:create` and `db:drop` report a dialect that they do not know as an error, although they would work with it;
// - its parser takes the URL of a configuration apart as it needs it for other dialects, and shows its password;
// - two processes can run the same migrations or seeders at the same time.

const path = require('path');

const { isPhantomDB, isWholeUrl } = require('../driver/database-url.js');
const { readConfiguration } = require('./configuration.js');
const { clientOf } = require('./install.js');
const { withLock } = require('../driver/named-lock.js');

const MIGRATOR = path.join('sequelize-cli', 'lib', 'core', 'migrator.js');
/** The file that reads `.sequelizerc`, which the CLI loads before all others. */
const FIRST = path.join('sequelize-cli', 'lib', 'core', 'yargs.js');

/** Marks a copy of the CLI that has been patched, whichever copy of this package did it. */
const PATCHED = Symbol.for('phantomdb-sequelize.cli');

/** The name of the lock that migrations hold. */
const MIGRATIONS_LOCK = 'migrations';

/** The time that a process waits for the migrations of another one. */
const WAIT_MS = 600_000;

const loaded = (name) => Object.keys(require.cache).filter((file) => file.endsWith(path.sep + name));

/**
 * Patches every loaded copy of the CLI. One is loaded only if the process is the CLI itself.
 *
 * @param {typeof import('./phantomdb-dialect.js').PhantomDBDialect} PhantomDBDialect
 */
function patchSequelizeCli(PhantomDBDialect) {
  for (const file of loaded(MIGRATOR)) {
    const migrator = require.cache[file].exports;
    const helpers = require.cache[path.join(path.dirname(file), '..', 'helpers', 'index.js')]?.exports;
    if (helpers && !Object.hasOwn(migrator, PATCHED)) {
      Object.defineProperty(migrator, PATCHED, { value: true });
      patchConfiguration(helpers.config);
      patchDatabaseCommands(helpers);
      patchMigrator(migrator, helpers, PhantomDBDialect);
    }
  }
}

/** Patches the CLI when its files are loaded, if `.sequelizerc` has loaded this package. Its commands begin afterwards. */
function patchStartingCli(PhantomDBDialect) {
  if (loaded(FIRST).length > 0) Promise.resolve().then(() => patchSequelizeCli(PhantomDBDialect));
}

const isOurs = (dialect) => isPhantomDB(dialect) || clientOf(dialect) !== undefined;

/** Lets the CLI read the URLs of a configuration as Sequelize does with this package. */
function patchConfiguration(config) {
  const { parseDbUrl, filteredUrl } = config;
  config.parseDbUrl = (url) => {
    const { use_env_variable: variable, dialect, url: own } = config.rawConfig ?? {};
    if (!url && own === undefined && variable) {
      throw new Error(`No URL was given: the environment variable ${variable} is not set.`);
    }
    return isWholeUrl(url) || isOurs(dialect) ? parsedUrl(url, dialect) : parseDbUrl(url);
  };
  config.filteredUrl = (url, parsed) =>
    isWholeUrl(url) ? url.replace(/\/\/[^/?#]*@/, '//').replace(/\?.*$/, '') : filteredUrl(url, parsed);
}

/** What the CLI merges into the configuration that has the URL, which decides the dialect as it does in Sequelize. */
function parsedUrl(text, dialect) {
  if (clientOf(dialect) && !isWholeUrl(text)) {
    throw new Error('The configuration has a dialect that is an object, and a URL beside it; leave one of them out.');
  }
  const { url, database, options } = readConfiguration({ dialect: 'phantomdb', url: text });
  const { token, ...dialectOptions } = options;
  const parsed = { dialect: 'phantomdb', url, database, password: token, dialectOptions };
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined));
}

function patchDatabaseCommands(helpers) {
  const { error } = helpers.view;
  helpers.view.error = function (message) {
    const dialect = helpers.config.config?.dialect;
    if (!isOurs(dialect) || !/ does not support db:create \/ db:drop commands$/.test(message)) {
      error.call(this, message);
    }
  };
}

function patchMigrator(migrator, helpers, PhantomDBDialect) {
  const { getMigrator } = migrator;
  migrator.getMigrator = async (...args) => {
    const umzug = await getMigrator(...args);
    const { sequelize } = umzug.options.storageOptions;
    if (isOurs(helpers.config.config?.dialect)) {
      serialize(umzug, PhantomDBDialect.of(sequelize), sequelize.config.database);
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

module.exports = { patchSequelizeCli, patchStartingCli };
