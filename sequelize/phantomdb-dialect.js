'use strict';

// The class that users construct. `index.d.ts` documents everything it does.

const { inspect, types } = require('util');

const { Client } = require('../driver/client.js');
const { CLIENT, installEverywhere, installIn, installOn } = require('./install.js');
const { withLock } = require('../driver/named-lock.js');
const { translate } = require('../driver/native.js');
const { addNativeHint } = require('../driver/native-hint.js');
const { PhantomDBError } = require('../driver/phantomdb-error.js');
const { toJson } = require('../driver/json.js');
const { patchSequelizeCli } = require('./sequelize-cli.js');
const { Snapshot, idFor, isOf, isSnapshot } = require('../driver/snapshot.js');
const { tableOf } = require('./flatten/tables.js');
const { isPlainObject } = require('../driver/plain-object.js');
const { tableDefinition } = require('./table-definition.js');
const { isTls } = require('../driver/tls.js');
const { converterOf, rowsToObjects, toWire } = require('../driver/values.js');

const DEFAULT_URL = 'http://localhost:8080';

const isMilliseconds = (value) => Number.isInteger(value) && value > 0;

/** The options, each with what it must be: in words and as a check. */
const OPTIONS = {
  token: ['a string', (value) => typeof value === 'string'],
  connectTimeoutMs: ['a whole number of milliseconds above 0', isMilliseconds],
  requestTimeoutMs: ['a whole number of milliseconds above 0', isMilliseconds],
  retries: ['a whole number, 0 or more', (value) => Number.isInteger(value) && value >= 0],
  createDatabase: ['true or false', (value) => typeof value === 'boolean'],
  template: [
    'a snapshot, or the path of a file that one was saved to',
    (value) => isSnapshot(value) || (typeof value === 'string' && value !== ''),
  ],
  lockIdleTimeoutMs: ['a whole number of milliseconds above 0', isMilliseconds],
  native: ['true or false', (value) => typeof value === 'boolean'],
  tls: ['{ ca } with certificates in PEM or the path of a file, and nothing else', isTls],
};

/** Options that may hold a secret, even where it does not belong. */
const SECRET = new Set(['token', 'tls']);

function checkOptions(options) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of PhantomDBDialect must be an object, not ${inspect(options)}.`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const names = Object.keys(OPTIONS).join(', ');
      throw new TypeError(`PhantomDBDialect has no option '${name}'. The options are: ${names}.`);
    }
    const [words, isRight] = OPTIONS[name];
    if (value !== undefined && !isRight(value)) {
      const shown = SECRET.has(name) ? typeof value : inspect(value);
      throw new TypeError(`The option '${name}' of PhantomDBDialect must be ${words}, not ${shown}.`);
    }
  }
}

const transactionOf = (options) => options.transaction ?? undefined;

class PhantomDBDialect {
  constructor(connectionString = process.env.PHANTOMDB_URL ?? DEFAULT_URL, options = {}) {
    if (typeof connectionString !== 'string') {
      throw new TypeError(
        `The connection string of PhantomDBDialect must be a string, not ${inspect(connectionString)}.`,
      );
    }
    checkOptions(options);
    const client = new Client(connectionString, options);
    // A function, so that a deep copy of a user's options still has the same client.
    this[CLIENT] = () => client;
    installEverywhere();
    patchSequelizeCli();
  }

  static use(Sequelize) {
    installIn(Sequelize);
    return Sequelize;
  }

  init(sequelize) {
    installOn(sequelize, this[CLIENT]());
    return sequelize;
  }

  get url() {
    return this[CLIENT]().url;
  }

  async createDatabase(name, { template } = {}) {
    const id = template === undefined ? undefined : idFor(template, this[CLIENT]());
    await this.#call('createDatabase', { name, template: id });
  }

  async dropDatabase(name) {
    await this.#call('dropDatabase', { name });
  }

  async listDatabases() {
    const { databases } = await this.#call('listDatabases', null);
    return databases.map((database) => database.name ?? database);
  }

  async createTable(databaseName, tableName, attributes, options = {}) {
    const table = tableDefinition(tableName, attributes, options);
    await this.#call('createTable', { database: databaseName, table }, options);
  }

  async dropTable(databaseName, tableName, options = {}) {
    const ifExists = options.ifExists === true;
    await this.#call('dropTable', { database: databaseName, table: tableOf(tableName), ifExists }, options);
  }

  async listTables(databaseName, options = {}) {
    const { tables } = await this.#call('listTables', { database: databaseName }, options);
    return tables;
  }

  async describeTable(databaseName, tableName, options = {}) {
    return this.#call('describeTable', { database: databaseName, table: tableOf(tableName) }, options);
  }

  async insert(databaseName, tableName, rows, options = {}) {
    const table = tableOf(tableName);
    const insert = {
      rows: (Array.isArray(rows) ? rows : [rows]).map(rowToWire),
      onConflict: options.onConflict,
      returning: options.returning === true ? ['*'] : (options.returning ?? []),
    };
    const { inserted, rows: answered } = await this.#call(
      'insertRows',
      { database: databaseName, table, insert },
      options,
    );
    if (answered.length > 0) {
      convertRows(answered, await this.describeTable(databaseName, tableName, options));
    }
    return { inserted, rows: answered };
  }

  async select(databaseName, tableName, options = {}) {
    const find = {
      condition: conditionOf(options.where ?? options.condition),
      orderBy: orderOf(options.orderBy),
      limit: options.limit,
      offset: options.offset,
      columns: Array.isArray(options.columns) ? options.columns.map(identifier).join(', ') : options.columns,
    };
    const request = {
      database: databaseName,
      table: toJson(tableOf(tableName)),
      find: toJson({ find }),
      parameters: '[]',
      transaction: transactionOf(options),
    };
    return rowsToObjects(await this.#connection.find(request, options));
  }

  async update(databaseName, tableName, data, where, options = {}) {
    const update = { data: rowToWire(data), condition: conditionOf(where), all: options.all === true };
    const body = { database: databaseName, table: tableOf(tableName), update };
    const { updated } = await this.#call('updateRows', body, options);
    return updated;
  }

  async delete(databaseName, tableName, where, options = {}) {
    const rows = { condition: conditionOf(where), all: options.all === true };
    const body = { database: databaseName, table: tableOf(tableName), delete: rows };
    const { deleted } = await this.#call('deleteRows', body, options);
    return deleted;
  }

  async query(databaseName, sql, parameters = [], options = {}) {
    const request = {
      database: databaseName,
      query: sql,
      parameters: toJson(parameters.map(toWire)),
      transaction: transactionOf(options),
      native: (options.native ?? this[CLIENT]().native) === true,
    };
    let result;
    try {
      result = await this.#connection.query(request, options);
    } catch (error) {
      if (!request.native) addNativeHint(error, sql);
      throw error;
    }
    return { columns: result.columns, rows: rowsToObjects(result), affectedRows: result.affectedRows };
  }

  async beginTransaction(databaseName, options = {}) {
    const { isolationLevel, readOnly, immediate, timeout } = options;
    const begin = { database: databaseName, isolationLevel, readOnly, immediate, timeout };
    const answer = await this.#call('beginTransaction', begin, options);
    return answer.transaction_id;
  }

  async commitTransaction(id) {
    await this.#call('commitTransaction', { id });
  }

  async rollbackTransaction(id) {
    await this.#call('rollbackTransaction', { id });
  }

  async snapshot(databaseName = this.#onlyDatabase()) {
    const answer = await this.#call('createSnapshot', { database: databaseName });
    return new Snapshot(this[CLIENT](), databaseName, answer);
  }

  async restore(snapshot, databaseName) {
    const client = this[CLIENT]();
    const id = idFor(snapshot, client);
    const database = databaseName ?? (isOf(snapshot, client) ? snapshot.database : this.#onlyDatabase());
    await this.#call('restoreSnapshot', { database, id });
    client.expireTransactions(database);
  }

  async withLock(databaseName, name, work, options = {}) {
    return withLock(this, databaseName, name, work, options);
  }

  async close() {
    await this[CLIENT]().close();
  }

  /** The database of the Sequelize that uses this dialect. */
  #onlyDatabase() {
    const { databases } = this[CLIENT]();
    if (databases.length !== 1) {
      const why =
        databases.length === 0 ? 'No Sequelize uses this dialect' : 'This dialect is used with several databases';
      throw new PhantomDBError({
        code: 'BAD_REQUEST',
        message: `${why}: name the database, as the last argument.`,
      });
    }
    return databases[0];
  }

  get #connection() {
    return this[CLIENT]().at();
  }

  async #call(kind, body, options = {}) {
    return this.#connection.call(kind, body, transactionOf(options), options);
  }

  /** The name that a copy of Sequelize which was not reached says it does not support. */
  toString() {
    return (
      `PhantomDBDialect(${this.url}), which was given to a copy of Sequelize that phantomdb-sequelize did not find ` +
      '(call PhantomDBDialect.use(Sequelize) with the class of that copy first, or keep one copy of sequelize in the project),'
    );
  }

  [inspect.custom]() {
    return `PhantomDBDialect { url: ${inspect(this.url)} }`;
  }
}

/** Converts rows that come as objects, which name no types, by the types of the table's columns. */
function convertRows(rows, schema) {
  for (const { name, dataType } of schema.columns) {
    const convert = converterOf(dataType?.wire);
    for (const row of convert && Object.hasOwn(rows[0], name) ? rows : []) {
      row[name] = row[name] === null ? null : convert(row[name]);
    }
  }
}

/** A row for the contract, which knows the types of its columns: bytes as base64, a document as itself. */
function rowToWire(row) {
  const wire = {};
  for (const [name, value] of Object.entries(row)) {
    wire[name] = isDocument(value) ? value : valueOfWire(toWire(value));
  }
  return wire;
}

function valueOfWire(wire) {
  return wire?.type === 'float' ? wire : (wire?.value ?? wire);
}

function isDocument(value) {
  return Array.isArray(value) || (types.isProxy(value) ? false : isPlainObject(value));
}

/** A condition as text. An object says that each of its columns has its value. */
function conditionOf(where) {
  if (where === undefined || where === null || typeof where === 'string') {
    return where ?? undefined;
  }
  if (!isPlainObject(where)) {
    throw new TypeError(`A where is a condition in SQL or an object of columns and values, not ${inspect(where)}.`);
  }
  const equalities = Object.entries(where).map(([column, value]) =>
    Array.isArray(value)
      ? { o: [{ c: column }, 'in', { list: value.map((item) => ({ v: toWire(item) })) }] }
      : { o: [{ c: column }, 'eq', { v: toWire(value) }] },
  );
  return equalities.length > 0 ? expression({ and: equalities }) : undefined;
}

function orderOf(orderBy) {
  if (!Array.isArray(orderBy)) {
    return orderBy;
  }
  return orderBy
    .map((item) => {
      const [column, direction = 'ASC'] = [].concat(item);
      if (!/^(asc|desc)$/i.test(direction)) {
        throw new TypeError(`A direction of orderBy is 'ASC' or 'DESC', not ${inspect(direction)}.`);
      }
      return `${identifier(column)} ${direction.toUpperCase()}`;
    })
    .join(', ');
}

function identifier(name) {
  return expression({ p: [String(name)] });
}

function expression(e) {
  return translate('expression', toJson({ e })).sql;
}

module.exports = { PhantomDBDialect };
