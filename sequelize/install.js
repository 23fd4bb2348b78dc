'use strict';

// Fills the dialect slot of a copy of Sequelize from outside.
//
// Sequelize chooses its dialect in a `switch` on `this.getDialect()` in its constructor. When `options.dialect` is a
// PhantomDBDialect, or names PhantomDB, our `getDialect` names a stock dialect there, and what the constructor then assigns to
// `this.dialect` is replaced by ours as it is assigned. So the rest of the constructor (typeValidation,
// operatorsAliases, queryInterface, connectionManager, the hooks) finds ours in place, no hook is needed, and neither
// the user's options nor the stock dialects are touched. `patch-abstract-type.js` mends the one thing that all dialects
// share.

const fs = require('fs');
const { createRequire } = require('module');
const path = require('path');

const { Client } = require('../driver/client.js');
const { isPhantomDB } = require('../driver/database-url.js');
const { readConfiguration, refuseScheme } = require('./configuration.js');
const { dataTypes } = require('./data-types.js');
const { wrapSqlString } = require('./escape.js');
const { makeExtendable } = require('./patch-abstract-type.js');
const { checkPrivateMembers } = require('./private-members.js');
const { takeShortcuts } = require('./shortcuts/index.js');
const { wrapTransaction } = require('./transaction-retry.js');

const DIALECT_NAME = 'phantomdb';
/** The dialect that Sequelize's own checks by name take ours for, and that its constructor builds for a moment. */
const STOCK_DIALECT = 'sqlite';
/** The database of a Sequelize that names none. */
const DEFAULT_DATABASE = 'main';

/** The name of a function of every PhantomDBDialect, whichever copy of this package made it, which returns its client. */
const CLIENT = Symbol.for('phantomdb-sequelize.client');
/** The name of a function of every class Sequelize whose slot is filled, whichever copy of this package filled it. It fills an instance. */
const SLOT = Symbol.for('phantomdb-sequelize.slot');

const ENTRY = path.join('lib', 'sequelize.js');

function clientOf(dialect) {
  return typeof dialect === 'object' && typeof dialect?.[CLIENT] === 'function' ? dialect[CLIENT]() : undefined;
}

/**
 * The client of an instance whose configuration names PhantomDB in words. What the instance shows of its configuration
 * has no token afterwards; the user's own objects are left as they are.
 */
function namedClient(sequelize) {
  const { config, options } = sequelize;
  const given = { ...options, ...config, dialect: options.dialect };
  const { url, database, options: ours } = readConfiguration(given);
  const client = new Client(url, ours);
  const { token: _, ...dialectOptions } = ours;
  Object.assign(config, { database, password: null, dialectOptions });
  Object.assign(options, { url: client.url, database, password: null, dialectOptions });
  if (!client.isRemote) {
    config.host = 'localhost';
    options.host = 'localhost';
  }
  return client;
}

/** Throws for options with which no dialect can be chosen, where Sequelize's own message would mislead. */
function checkDialect({ dialect, dialectModule }) {
  if (typeof dialect === 'function' && typeof dialect[CLIENT] === 'function') {
    throw new TypeError("The option dialect is a class: pass an instance, new PhantomDBDialect('memory:').");
  }
  if (typeof dialectModule?.PhantomDBDialect === 'function') {
    throw new TypeError(
      'phantomdb-sequelize is no dialectModule, which is a driver of another dialect: leave the option out, and write ' +
        "dialect: new PhantomDBDialect('memory:').",
    );
  }
  refuseScheme(dialect);
}

/** The part of a copy of Sequelize that the shim is built on. */
function libOf(directory, Sequelize) {
  const load = (name) => require(path.join(directory, name));
  const requireThere = createRequire(path.join(directory, 'index.js'));
  const abstract = (name) => load(path.join('dialects', 'abstract', name));
  const { BelongsTo, HasOne, HasMany, BelongsToMany, DataTypes, Model, Op, QueryTypes, Transaction, Utils } = Sequelize;
  return {
    DIALECT_NAME,
    Sequelize,
    Utils,
    Op,
    Model,
    Association: Sequelize.Association,
    BelongsTo,
    HasOne,
    HasMany,
    BelongsToMany,
    DataTypes,
    QueryTypes,
    Transaction,
    Deferrable: Sequelize.Deferrable,
    QueryInterface: Sequelize.QueryInterface,
    AbstractDialect: abstract('index.js'),
    AbstractQuery: abstract('query.js'),
    AbstractQueryGenerator: abstract('query-generator.js'),
    AbstractConnectionManager: abstract('connection-manager.js'),
    SqlString: load('sql-string.js'),
    injectReplacements: load(path.join('utils', 'sql.js')).injectReplacements,
    errors: load(path.join('errors', 'index.js')),
    logger: load(path.join('utils', 'logger.js')).logger,
    InstanceValidator: load('instance-validator.js').InstanceValidator,
    classToInvokable: load(path.join('utils', 'class-to-invokable.js')).classToInvokable,
    parserStore: load(path.join('dialects', 'parserStore.js')),
    lodash: requireThere('lodash'),
    moment: requireThere('moment'),
    momentTz: requireThere('moment-timezone'),
    retryAsPromised: requireThere('retry-as-promised').default,
    Pool: requireThere('sequelize-pool').Pool,
  };
}

/** The dialect class for a copy of Sequelize. */
function buildDialect(lib) {
  lib.timeZone = require('./time-zone.js')(lib);
  wrapSqlString(lib.SqlString, DIALECT_NAME, lib.timeZone);
  lib.DataTypes[DIALECT_NAME] = dataTypes(lib);
  lib.privateMembers = checkPrivateMembers(lib);
  lib.instanceClassOf = require('./instances/models.js')(lib);
  takeShortcuts(lib);
  const schemaInterface = require('./query-interface.js')(lib);
  const ConnectionManager = require('./connection-manager.js')(lib);
  lib.runStatement = require('./direct-query.js')(lib, ConnectionManager);
  lib.parts = {
    ConnectionManager,
    Query: require('./query.js')(lib),
    QueryGenerator: require('./query-generator.js')(lib),
    QueryInterface: require('./row-interface.js')(lib)(schemaInterface),
  };
  return require('./dialect.js')(lib);
}

/** Makes the settings of an instance those of our dialect, and our dialect for it. */
function makeDialect(Dialect, sequelize, client) {
  const { config, options } = sequelize;
  options.dialect = STOCK_DIALECT;
  config.database ||= DEFAULT_DATABASE;
  if (client.isRemote) {
    const { hostname, port, protocol } = new URL(client.url);
    // The user's own `host` and `port` stay to be read, though the URL decides.
    if (!config.host || config.host === 'localhost') config.host = hostname;
    config.port ||= port || undefined;
    config.protocol = protocol.replace(':', '');
  }
  return new Dialect(sequelize, client);
}

/** Lets the constructor build the stock dialect, and puts ours in its place when the constructor assigns it. */
function interceptDialect(Dialect, sequelize, client) {
  const { config, options } = sequelize;
  const host = options.host;
  // The stock dialect looks for its driver and makes a pool; with these it finds nothing to do.
  sequelize.config = { dialectModule: {}, pool: {} };
  options.dialect = STOCK_DIALECT;
  Object.defineProperty(sequelize, 'dialect', {
    configurable: true,
    get: () => undefined,
    set() {
      sequelize.config = config;
      options.host = host;
      const dialect = makeDialect(Dialect, sequelize, client);
      Object.defineProperty(sequelize, 'dialect', {
        value: dialect,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
  });
}

/** Puts our dialect into an instance that was made with another one. */
function replaceDialect(Dialect, sequelize, client) {
  const replaced = sequelize.dialect.queryGenerator;
  const dialect = makeDialect(Dialect, sequelize, client);
  dialect.queryGenerator.typeValidation = replaced.typeValidation;
  dialect.queryGenerator.OperatorsAliasMap = replaced.OperatorsAliasMap;
  sequelize.dialect = dialect;
  sequelize.queryInterface = dialect.queryInterface;
  sequelize.connectionManager = dialect.connectionManager;
}

/** @param {() => Function} dialectClass */
function wrapGetDialect(Sequelize, dialectClass) {
  const original = Sequelize.prototype.getDialect;
  Sequelize.prototype.getDialect = function getDialect() {
    if (this.dialect?.name === DIALECT_NAME) {
      return DIALECT_NAME;
    }
    const { dialect } = this.options;
    if (!this.dialect) checkDialect(this.options);
    const client = isPhantomDB(dialect) ? namedClient(this) : clientOf(dialect);
    if (client) {
      interceptDialect(dialectClass(), this, client);
    }
    return original.call(this);
  };
}

/** Makes our data types, with the rest of the dialect, when they are first read. */
function giveDataTypes(DataTypes, dialectClass) {
  const get = () => {
    dialectClass();
    return DataTypes[DIALECT_NAME];
  };
  Object.defineProperty(DataTypes, DIALECT_NAME, { configurable: true, enumerable: true, get });
}

/** True for the versions of `sequelize` that the shim fits: `>=6.28 <7`. */
function isSupported(version) {
  const [major, minor] = version.split('.').map(Number);
  return major === 6 && minor >= 28;
}

const notSupported = (version) => `phantomdb-sequelize works with sequelize >=6.28 <7; this copy is ${version}.`;

/** Lets a copy that is too old say so when it is given the dialect. */
function refuseDialect(Sequelize) {
  const original = Sequelize.prototype.getDialect;
  Sequelize.prototype.getDialect = function getDialect() {
    const { dialect } = this.options;
    if (isPhantomDB(dialect) || clientOf(dialect)) throw new Error(notSupported(Sequelize.version));
    return original.call(this);
  };
}

/** Fills the slot of the copy with this `lib` folder. Returns its class. */
function installAt(directory) {
  const Sequelize = require(path.join(directory, 'sequelize.js'));
  if (Object.hasOwn(Sequelize, SLOT)) return Sequelize;
  if (!isSupported(Sequelize.version)) {
    refuseDialect(Sequelize);
    Object.defineProperty(Sequelize, SLOT, {
      value: () => {
        throw new Error(notSupported(Sequelize.version));
      },
    });
  } else {
    makeExtendable(Sequelize);
    // For the first instance that needs it: the files of Sequelize that it takes are loaded then anyway.
    let Dialect;
    const dialectClass = () => {
      if (!Dialect) {
        // In place of the property come the data types themselves.
        delete Sequelize.DataTypes[DIALECT_NAME];
        Dialect = buildDialect(libOf(directory, Sequelize));
      }
      return Dialect;
    };
    giveDataTypes(Sequelize.DataTypes, dialectClass);
    wrapGetDialect(Sequelize, dialectClass);
    wrapTransaction(Sequelize, DIALECT_NAME);
    Object.defineProperty(Sequelize, SLOT, {
      value: (sequelize, client) => replaceDialect(dialectClass(), sequelize, client),
    });
  }
  return Sequelize;
}

/** The `lib` folders of the copies that are loaded, and of the copies that this package and the project would load. */
function directories() {
  const found = new Set();
  for (const from of [__filename, path.join(process.cwd(), 'index.js')]) {
    try {
      found.add(path.dirname(createRequire(from).resolve('sequelize')));
    } catch {
      // The dialect works without Sequelize too.
    }
  }
  for (const file of Object.keys(require.cache)) {
    if (file.endsWith(path.sep + ENTRY) && fs.existsSync(path.join(path.dirname(file), 'dialects', 'abstract'))) {
      found.add(path.dirname(file));
    }
  }
  return found;
}

/** Fills the slot of every copy of Sequelize that can be found. */
function installEverywhere() {
  return [...directories()].map(installAt);
}

/**
 * Fills the slot of one copy, given its class.
 *
 * @param {Function} Sequelize
 */
function installIn(Sequelize) {
  // The user may give a subclass.
  const base = Sequelize?.prototype?.Sequelize;
  if (!base) {
    throw new TypeError('PhantomDBDialect.use takes the class Sequelize of a copy of sequelize 6.');
  }
  if (!isSupported(base.version)) {
    throw new Error(notSupported(base.version));
  }
  installEverywhere();
  if (!Object.hasOwn(base, SLOT)) {
    throw new Error(
      'phantomdb-sequelize did not find the files of this copy of sequelize. Keep sequelize and phantomdb-sequelize out ' +
        "of bundles (esbuild and webpack: external; Next.js: serverExternalPackages: ['sequelize', " +
        "'phantomdb-sequelize']; see docs/bundlers.md), and load both in one module registry.",
    );
  }
}

/** Puts a dialect into an instance of Sequelize, unless it is there already. */
function installOn(sequelize, client) {
  installIn(sequelize?.constructor);
  if (sequelize.dialect.client !== client) {
    sequelize.Sequelize[SLOT](sequelize, client);
  }
}

module.exports = { CLIENT, DIALECT_NAME, clientOf, installEverywhere, installIn, installOn };
