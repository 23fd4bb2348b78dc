'use strict';

const { formatBindParameters } = require('./bind.js');
const { isOfInstances, newValues } = require('./bulk-answer.js');
const { CompiledQuery } = require('./compiled-query.js');
const { toJson } = require('../driver/json.js');
const { parsingConverter } = require('./parsers.js');
const { addNativeHint } = require('../driver/native-hint.js');
const { randomUUID } = require('../driver/old-node.js');
const { PhantomDBError, withStack } = require('../driver/phantomdb-error.js');
const { AbortError } = require('../driver/abort.js');
const { expireTransaction, rootOf } = require('./transactions.js');
const { converterOf, convertRows, fromWire, objectsOf, toWire } = require('../driver/values.js');

/** The column of an upsert's answer that is true when the row was made. */
const CREATED_COLUMN = '__phantomdb_created';

/** The name of a statement's idempotency key on the options that all attempts of `options.retry` share. */
const KEY = Symbol('idempotency key');

const NO_ROWS = { columns: [], rows: [], affectedRows: 0 };

const logNothing = () => {};
const columnConverter = (_name, type) => converterOf(type);

/** The values of a statement that failed; of many rows, those of the one at fault. */
function parametersOf({ parameters, rows }, row) {
  if (rows === undefined) return JSON.parse(parameters).map(fromWire);
  const values = JSON.parse(rows);
  return (row === undefined ? values.flat() : values[row - 1]).map(fromWire);
}

/** @param {number | undefined} row the number of the row at fault, from 1 */
function failedRow({ records }, row) {
  if (records === undefined) return undefined;
  return records.length === 1 ? records[0] : records[row - 1];
}

module.exports = (lib) => {
  const { AbstractQuery, QueryTypes, errors } = lib;
  const sequelizeError = require('./errors.js')(lib);
  const instancesOf = require('./instances/index.js')(lib);
  const { handleSelectQuery } = AbstractQuery.prototype;
  const { log } = lib.Sequelize.prototype;
  const debug = lib.logger.debugContext('sql:phantomdb');

  /** AbstractQuery without its constructor, which takes microseconds of each statement to set what is set below. */
  function WithoutConstructor() {}
  WithoutConstructor.prototype = AbstractQuery.prototype;
  Object.setPrototypeOf(WithoutConstructor, AbstractQuery);

  return class Query extends (lib.privateMembers.canSkipConstructor ? WithoutConstructor : AbstractQuery) {
    constructor(connection, sequelize, options) {
      super(connection, sequelize, options);
      this.uuid = randomUUID();
      this.connection = connection;
      this.instance = options.instance;
      this.model = options.model;
      this.sequelize = sequelize;
      this.options = Object.assign({ plain: false, raw: false, logging: console.log }, options);
      this.checkLoggingOption();
      if (options.rawErrors) this.formatError = AbstractQuery.prototype.formatError;
      /** The options that all attempts of a retry have. */
      this.shared = options;
      /** @type {CompiledQuery | undefined} */
      this.query = undefined;
      /** The record that could not be inserted. */
      this.failedRow = undefined;
    }

    /** The text of the query, which hooks may read. */
    get sql() {
      return this.query?.sql;
    }

    static formatBindParameters(sql, values) {
      return formatBindParameters(sql, values);
    }

    /** Writes no text that nobody reads. */
    _logQuery(query, debugContext, parameters) {
      const isLogged = this.options.logging || debugContext.enabled || this.sequelize.log !== log;
      return isLogged ? super._logQuery(String(query), debugContext, parameters) : logNothing;
    }

    getInsertIdField() {
      return 'id';
    }

    /**
     * Sends a query and shapes its answer by the type of the query.
     *
     * @param {CompiledQuery | string} query of the generator, or the text of the user's own statement
     * @param {unknown[]} [bind] the values of the user's own statement
     */
    async run(query, bind) {
      if (typeof query === 'string') {
        query = CompiledQuery.raw(query, bind?.length > 0 ? toJson(bind.map(toWire)) : '[]');
      }
      this.query = query;
      const complete = this._logQuery(query, debug, this.loggedParameters(query));
      let answer;
      try {
        answer = await this.send(query);
      } catch (error) {
        if (error.code === 'TRANSACTION_EXPIRED') this.expireTransaction(error);
        if (query.kind === 'raw' && !this.isNative(query)) addNativeHint(error, query.sql);
        // The server would give the same refusal again under the same key.
        if (error.code !== 'UNAVAILABLE') delete this.shared[KEY];
        error.sql = query.sql;
        error.parameters = parametersOf(query, error.details?.row);
        this.failedRow = failedRow(query, error.details?.row);
        throw this.formatError(error, new Error().stack);
      } finally {
        complete();
      }
      return query.kind === 'call' ? this.shapeCall(answer, query) : this.shape(answer);
    }

    expireTransaction(error) {
      const transaction = this.options.transaction && rootOf(this.options.transaction);
      if (transaction?.connection === this.connection) expireTransaction(transaction, error);
    }

    loggedParameters({ parameters, rows }) {
      const isLogged = this.sequelize.options.logQueryParameters || this.options.logQueryParameters;
      if (!isLogged) return undefined;
      if (rows !== undefined) return JSON.parse(rows).map((row) => row.map(fromWire));
      return parameters === '[]' ? undefined : JSON.parse(parameters).map(fromWire);
    }

    /**
     * The options of the call. A write that Sequelize runs again, since `options.retry` says so, has the key of its first
     * attempt: when that took effect and only its answer was lost, the server gives this answer.
     */
    callOptions(isRead) {
      const { signal, traceparent, tracestate } = this.options;
      return { signal, traceparent, tracestate, idempotencyKey: isRead ? undefined : this.idempotencyKey() };
    }

    idempotencyKey() {
      const retry = this.options.retry ?? this.sequelize.options.retry;
      if (!retry?.match || !this.sequelize.dialect.isRemote || this.connection.transaction !== null) {
        return undefined;
      }
      this.shared[KEY] ??= randomUUID();
      return this.shared[KEY];
    }

    /** Resolves to the answer. Throws a PhantomDBError or an AbortError. */
    send(query) {
      switch (query.kind) {
        case 'call':
          return this.sendCall(query);
        case 'control':
          return query.perform(this.connection).then(() => NO_ROWS);
        default:
          return this.sendStatement(query);
      }
    }

    sendStatement(query) {
      const { kind, statement, parameters, rows, table, find } = query;
      const readOnly = kind === 'read';
      const options = this.callOptions(readOnly);
      if (find) return this.connection.find(table, find, parameters, statement, options);
      const newValues = rows !== undefined && this.takesNewValues() ? true : undefined;
      const form = { native: this.isNative(query), readOnly, rows, newValues };
      return this.connection.query(statement, parameters, form, options);
    }

    /** True when the statement is in the engine's own SQL: by its option, or, if it is raw, by that of the dialect. */
    isNative({ kind }) {
      const { native = kind === 'raw' && this.sequelize.dialect.client.native } = this.options;
      return native === true;
    }

    async sendCall({ call, body, tolerated }) {
      const { database } = this.connection;
      try {
        const whole = body?.database === undefined ? body : { ...body, database };
        return await this.connection.call(call, whole, this.callOptions(false));
      } catch (error) {
        if (tolerated !== undefined && error.code === tolerated) {
          return undefined;
        }
        throw error;
      }
    }

    shapeCall(answer, { map }) {
      if (map) {
        return map(answer);
      }
      return this.isRawQuery() ? [[], { affectedRows: 0 }] : undefined;
    }

    shape(result) {
      if (this.options.type === QueryTypes.SELECT) return this.shapeSelect(result);
      const rows = this.newValues(result) ?? this.objects(result);
      const count = result.affectedRows;
      switch (this.options.type) {
        case QueryTypes.INSERT:
        case QueryTypes.UPDATE:
          return this.shapeWrite(rows, count);
        case QueryTypes.UPSERT:
          return this.shapeUpsert(rows, count);
        case QueryTypes.BULKUPDATE:
          return this.options.returning ? this.handleSelectQuery(rows) : count;
        case QueryTypes.BULKDELETE:
        case QueryTypes.DELETE:
          return count;
        case QueryTypes.VERSION:
          return Object.values(rows[0] ?? {})[0];
        case QueryTypes.RAW:
          return [rows, { affectedRows: count, rowCount: count || rows.length, columns: result.columns }];
        default:
          return rows;
      }
    }

    /** True for a `bulkCreate` whose instances need only the values that they do not have yet. */
    takesNewValues() {
      const { connectionManager, options } = this.sequelize;
      const { records, statement } = this.query ?? {};
      const isPlain = !connectionManager.hasParsers && !options.minifyAliases;
      return isPlain && records !== undefined && isOfInstances(this.options) && !statement.includes('"__proto__"');
    }

    /** What the instances of a `bulkCreate` do not have yet; undefined for any other statement. */
    newValues(result) {
      return this.takesNewValues() ? newValues(result, this.query.records) : undefined;
    }

    /** Instances, plain rows, or the first of them, as `handleSelectQuery` makes them of objects. */
    shapeSelect(result) {
      const { raw, nest, fieldMap, plain } = this.options;
      this.convert(result);
      if (!this.canShapeSelect()) return this.handleSelectQuery(objectsOf(result));
      // Nobody else has the objects, so that they need not be copied.
      const shaped = raw && !nest && !fieldMap ? objectsOf(result) : instancesOf(result, this.options);
      if (shaped === undefined) return this.handleSelectQuery(objectsOf(result));
      return plain ? (shaped[0] ?? null) : shaped;
    }

    /** True when nothing stands in the place of what is left out. A parser may make `undefined`, which Sequelize drops. */
    canShapeSelect() {
      return (
        lib.privateMembers.canBuildInstances &&
        this.handleSelectQuery === handleSelectQuery &&
        !this.sequelize.connectionManager.hasParsers
      );
    }

    /** Converts the values of a result, and gives its columns their names. */
    convert(result) {
      const { hasParsers, parsers } = this.sequelize.connectionManager;
      const mapping = this.sequelize.options.minifyAliases && this.options.aliasesMapping;
      if (mapping) {
        for (const column of result.columns) {
          column.name = mapping.get(column.name) ?? column.name;
        }
      }
      convertRows(result, hasParsers ? parsingConverter(parsers, this.options, columnConverter) : columnConverter);
    }

    objects(result) {
      this.convert(result);
      return objectsOf(result);
    }

    shapeWrite(rows, count) {
      if (this.instance?.dataValues) {
        if (this.options.type === QueryTypes.INSERT && count === 0) {
          throw new errors.EmptyResultError();
        }
        this.readBack(rows[0]);
      }
      return [this.instance || (this.options.plain && rows[0]) || rows, count];
    }

    shapeUpsert(rows, count) {
      let created = null;
      for (const row of rows) {
        if (CREATED_COLUMN in row) {
          created = Boolean(row[CREATED_COLUMN]);
          delete row[CREATED_COLUMN];
        }
      }
      this.readBack(rows[0]);
      // When nothing came back, the row was there and was left as it is.
      return [this.instance, rows.length === 0 && count === 0 ? false : created];
    }

    /** Puts the values that the database has given a row into the instance: ids, defaults. */
    readBack(row) {
      if (!row || !this.instance?.dataValues) {
        return;
      }
      const attributes = this.model.fieldRawAttributesMap;
      for (const [name, value] of Object.entries(row)) {
        this.instance.dataValues[attributes[name]?.fieldName ?? name] = value;
      }
    }

    /** The value that the instance at hand has for a column. */
    valueOf(column) {
      const attribute = Object.values(this.model?.rawAttributes ?? {}).find((candidate) => candidate.field === column);
      return this.instance?.dataValues?.[attribute?.fieldName ?? column] ?? this.failedRow?.[column];
    }

    /** @param {string} stack that leads to the caller */
    formatError(error, stack) {
      if (!(error instanceof PhantomDBError) && !(error instanceof AbortError)) {
        return error;
      }
      return withStack(error instanceof AbortError ? error : sequelizeError(error, this), stack);
    }
  };
};
