'use strict';

// The class that users construct. `index.d.ts` documents everything it does.

const { inspect, types } = require('util');

const { Client } = require('../driver/client.js');
const { checkOptions, checkUrl, defaultUrl } = require('../driver/dialect-options.js');
const { isWholeUrl } = require('../driver/database-url.js');
const { CLIENT, DIALECT_NAME, clientOf, installEverywhere, installIn, installOn } = require('./install.js');
const { withLock } = require('../driver/named-lock.js');
const { translate } = require('../driver/native.js');
const { addNativeHint } = require('../driver/native-hint.js');
const { PhantomDBError, fromCaller } = require('../driver/phantomdb-error.js');
const { toJson } = require('../driver/json.js');
const { patchSequelizeAuto } = require('./sequelize-auto.js');
const { patchSequelizeCli } = require('./sequelize-cli.js');
const { Snapshot, idFor, isOf } = require('../driver/snapshot.js');
const { streamOf } = require('./stream.js');
const { tableOf } = require('./flatten/tables.js');
const { isPlainObject } = require('../driver/plain-object.js');
const { tableDefinition } = require('./table-definition.js');
const { converterOf, rowsToObjects, toWire } = require('../driver/values.js');

const transactionOf = (options) => options.transaction ?? undefined;

class PhantomDBDialect {
  /** An argument that is undefined, as a variable that is not set, is another thing than none. */
  constructor(...args) {
    // The dialect of a Sequelize, see `of`, has its client already.
    const client = clientOf(args[0]) ?? makeClient(args);
    // A function, so that a deep copy of a user's options still has the same client.
    this[CLIENT] = () => client;
    installEverywhere();
    patchSequelizeCli(PhantomDBDialect);
    patchSequelizeAuto();
  }

  /** Of a class given in place of an instance, which `install.js` refuses. */
  static [CLIENT]() {}

  static toString() {
    return "PhantomDBDialect, a class where an instance belongs, new PhantomDBDialect('memory:'),";
  }

  /** Sequelize 7 asks its dialects for it. */
  static getSupportedOptions() {
    throw new Error('phantomdb-sequelize works with sequelize >=6.28 <7, and not with Sequelize 7.');
  }

  getSupportedOptions() {
    return PhantomDBDialect.getSupportedOptions();
  }

  static of(sequelize) {
    if (sequelize?.dialect?.name !== DIALECT_NAME) {
      throw new TypeError('PhantomDBDialect.of takes an instance of Sequelize whose dialect is PhantomDB.');
    }
    const { client } = sequelize.dialect;
    return new PhantomDBDialect({ [CLIENT]: () => client });
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

  async listViews(databaseName, options = {}) {
    const { views } = await this.#call('listViews', { database: databaseName }, options);
    return views;
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
    return rowsToObjects(await asCalled(this.#connection.find(request, options)));
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
      result = options.exactTypes
        ? await this.#connection.call('query', withExactTypes(request, parameters), transactionOf(options), options)
        : await this.#connection.query(request, options);
    } catch (error) {
      if (!request.native) addNativeHint(error, sql);
      throw fromCaller(error);
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

  stream(Model, options) {
    return streamOf(this[CLIENT](), Model, options);
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

  async studio() {
    const connection = this.#connection;
    return connection.isRemote
      ? new URL('console/', `${this.url.replace(/\/$/, '')}/`).href
      : asCalled(connection.studio());
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
    return asCalled(this.#connection.call(kind, body, transactionOf(options), options));
  }

  /** The name that a copy of Sequelize which was not reached says, in its constructor, that it does not support. */
  toString() {
    const [, , caller = ''] = new Error().stack.split('\n');
    if (!/^\s*at new |[\\/]sequelize[\\/]/.test(caller)) return `PhantomDBDialect(${this.url})`;
    return (
      `PhantomDBDialect(${this.url}), which was given to a copy of Sequelize that phantomdb-sequelize did not find ` +
      '(keep sequelize and phantomdb-sequelize out of bundles, see docs/bundlers.md; or, when the project has several ' +
      'copies of sequelize, call PhantomDBDialect.use(Sequelize) with the class of that copy first),'
    );
  }

  [inspect.custom]() {
    return `PhantomDBDialect { url: ${inspect(this.url)} }`;
  }
}

/** Waits for an answer. A failure has the stack of the caller. */
async function asCalled(answer) {
  try {
    return await answer;
  } catch (error) {
    throw fromCaller(error);
  }
}

/** The client of a dialect that a user constructs. */
function makeClient(args) {
  if (args.length > 0) checkUrl(args[0], 'the first argument of PhantomDBDialect');
  const [url = defaultUrl(), options = {}] = args;
  if (isWholeUrl(url)) {
    throw new TypeError(
      'A URL that begins with phantomdb names a database too: give it to new Sequelize(url). The first argument of ' +
        'PhantomDBDialect is http://HOST:PORT, https://HOST, memory:, memory:NAME or file:DIRECTORY.',
    );
  }
  checkOptions(options);
  return new Client(url, options);
}

/** Converts rows that come as objects, which name no types, by the types of the table's columns. */
/** The body of the call `query` whose columns have their exact types. */
function withExactTypes({ database, query, native }, parameters) {
  return { database, statement: { query, parameters: parameters.map(toWire), native, exactTypes: true } };
}

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
