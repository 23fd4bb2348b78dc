'use strict';

const { formatBindParameters } = require('./bind.js');
const { randomUUID } = require('crypto');

const COMPILED = require('./compiled-query.js');
const { leaveExpired } = require('./expired.js');
const { parsingConverter } = require('./parsers.js');
const { PhantomDBError, withStack } = require('../driver/phantomdb-error.js');
const { AbortError } = require('../driver/instrument.js');
const { rootOf } = require('./transactions.js');
const { converterOf, fromWire, rowsToObjects, toWire } = require('../driver/values.js');

/** The column of an upsert's answer that says whether the row was made. */
const CREATED_COLUMN = '__phantomdb_created';

/** Where a statement's idempotency key is, on the options that all attempts of `options.retry` share. */
const KEY = Symbol('idempotency key');

const nothing = () => {};
const columnConverter = (_name, type) => converterOf(type);

module.exports = (lib) => {
  const { AbstractQuery, QueryTypes, errors } = lib;
  const sequelizeError = require('./errors.js')(lib);
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
    }

    static formatBindParameters(sql, values) {
      return formatBindParameters(sql, values);
    }

    /** Makes no text of what nobody reads. */
    _logQuery(sql, debugContext, parameters) {
      const isRead = this.options.logging || debugContext.enabled || this.sequelize.log !== log;
      return isRead ? super._logQuery(sql, debugContext, parameters) : nothing;
    }

    getInsertIdField() {
      return 'id';
    }

    /**
     * Sends a statement and shapes its answer by the type of the query.
     *
     * @param {string} sql
     * @param {unknown[]} [bind] the user's own values
     */
    async run(sql, bind) {
      this.sql = sql;
      const compiled = bind === undefined ? this.compiledFor(sql) : undefined;
      const parameters = compiled?.parameters ?? (bind?.length > 0 ? JSON.stringify(bind.map(toWire)) : '[]');
      const complete = this._logQuery(sql, debug, this.loggedParameters(parameters));
      let answer;
      try {
        answer = await this.send(sql, parameters, compiled);
      } catch (error) {
        if (error.code === 'TRANSACTION_EXPIRED') this.leaveExpired(error);
        // What the server has refused, it would refuse again under the same key.
        if (error.code !== 'UNAVAILABLE') delete this.shared[KEY];
        error.sql = sql;
        error.parameters = JSON.parse(parameters).map(fromWire);
        throw this.formatError(error, new Error().stack);
      } finally {
        complete();
      }
      return compiled?.call ? this.shapeCall(answer, compiled) : this.shape(answer);
    }

    leaveExpired(error) {
      const transaction = this.options.transaction && rootOf(this.options.transaction);
      if (transaction?.connection === this.connection) leaveExpired(transaction, error);
    }

    /** What the generator made for this very text; see `compiled.js`. */
    compiledFor(sql) {
      const compiled = this.options[COMPILED];
      return compiled?.sql === sql ? compiled : this.sequelize.dialect.queryGenerator.schemaCall(sql);
    }

    loggedParameters(parameters) {
      const isLogged = this.sequelize.options.logQueryParameters || this.options.logQueryParameters;
      return isLogged && parameters !== '[]' ? JSON.parse(parameters).map(fromWire) : undefined;
    }

    /**
     * What goes with the call. A write that Sequelize runs again, since `options.retry` says so, has the key of its first
     * attempt: when that took effect and only its answer was lost, the server gives this answer.
     */
    going(isRead) {
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

    /** The parsed answer; throws a PhantomDBError. */
    async send(sql, parameters, compiled) {
      const { connection } = this;
      if (compiled?.perform) {
        await compiled.perform(connection);
        return { columns: [], rows: [], affectedRows: 0 };
      }
      if (compiled?.call) {
        return this.sendCall(compiled);
      }
      const isRead = this.isRead(compiled);
      const going = this.going(isRead);
      const statement = compiled?.statement ?? sql;
      const answer = await (compiled?.find
        ? connection.find(compiled.table, compiled.find, parameters, going, statement)
        : connection.query(statement, parameters, this.options.native === true, isRead, going));
      return JSON.parse(answer);
    }

    /** Whether it is a statement of the generator that only reads: what users write may do anything. */
    isRead(compiled) {
      return compiled !== undefined && this.isSelectQuery() && !this.options.lock;
    }

    async sendCall({ call, body, tolerated }) {
      const { database } = this.connection;
      try {
        const whole = body?.database === undefined ? body : { ...body, database };
        return await this.connection.call(call, whole, this.going(false));
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
      const rows = this.objects(result);
      const count = result.affectedRows;
      switch (this.options.type) {
        case QueryTypes.SELECT:
          return this.handleSelectQuery(rows);
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

    objects(result) {
      const converter = this.sequelize.connectionManager.hasParsers
        ? parsingConverter(this.sequelize.connectionManager.parsers, this.options, columnConverter)
        : columnConverter;
      const mapping = this.sequelize.options.minifyAliases && this.options.aliasesMapping;
      if (mapping) {
        for (const column of result.columns) {
          column.name = mapping.get(column.name) ?? column.name;
        }
      }
      return rowsToObjects(result, converter);
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
      // Nothing came back: the row was there and was left as it is.
      return [this.instance, rows.length === 0 && count === 0 ? false : created];
    }

    /** Puts what the database made of a row into the instance: ids, defaults. */
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
      return this.instance?.dataValues?.[attribute?.fieldName ?? column];
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
