'use strict';

const { withStack } = require('../driver/phantomdb-error.js');
const { AbortError, send, throwIfAborted, untilAborted } = require('../driver/instrument.js');
const { inTurn } = require('../driver/inline-budget.js');

/**
 * Sequelize's own pool, hooks and replication around connections that are light: the sockets, or the engine itself,
 * belong to the `PhantomDBDialect` and are shared. A connection holds at most one transaction.
 */
module.exports = (lib) => {
  const { errors } = lib;

  return class ConnectionManager extends lib.AbstractConnectionManager {
    constructor(dialect, sequelize) {
      super(dialect, sequelize);
      this.dialectName = lib.DIALECT_NAME;
      this.parsers = lib.parserStore(lib.DIALECT_NAME);
      this.client = dialect.client;
      this.client.retain(sequelize.config.database);
      this.released = false;
    }

    /** The pool looks for idle connections now and then; ours are no reason for a process to stay alive. */
    initPools() {
      const { replication } = this.config;
      const { client } = this.dialect;
      if (replication && client.isRemote) {
        for (const server of [replication.write, replication.read].flat()) locate(server, client.url);
      }
      super.initPools();
      const pools = this.config.replication ? [this.pool.read, this.pool.write] : [this.pool];
      for (const pool of pools) {
        const schedule = pool._scheduleRemoveIdle;
        pool._scheduleRemoveIdle = () => {
          schedule.call(pool);
          pool._removeIdleTimer?.unref?.();
        };
      }
    }

    /** Custom parsers are rare: without one, results are converted without asking each attribute for its type. */
    static hasParsers = false;

    _refreshTypeParser(dataType) {
      this.parsers.refresh(dataType);
      ConnectionManager.hasParsers = true;
    }

    _clearTypeParser() {
      this.parsers.clear();
      ConnectionManager.hasParsers = false;
    }

    get hasParsers() {
      return ConnectionManager.hasParsers;
    }

    /** @param {{ database?: string, url?: string }} config `url` is that of a replica */
    async connect(config) {
      let native;
      try {
        native = this.client.at(config.url);
      } catch (error) {
        throw error.details.reason === 'closed'
          ? new errors.ConnectionError(error)
          : new errors.InvalidConnectionError(error);
      }
      return new Connection(native, config.database);
    }

    /** Sequelize would ask a database it knows nothing about for its version first; no branch of ours needs it. */
    async getConnection(options) {
      this.sequelize.options.databaseVersion ||= this.dialect.defaultVersion;
      try {
        return await (options?.signal ? this.getUntilAborted(options) : super.getConnection(options));
      } catch (error) {
        // The pool fails in its own time; from here the stack leads to the caller.
        throw withStack(error, new Error().stack);
      }
    }

    getUntilAborted(options) {
      const { signal } = options;
      throwIfAborted(signal);
      const connection = super.getConnection(options);
      return untilAborted(signal, connection, () => {
        // Its turn in the pool may still come.
        connection.then(
          (late) => this.releaseConnection(late),
          () => {},
        );
        return new AbortError(signal);
      });
    }

    /** A transaction that is still open on the connection ends with it. */
    async disconnect(connection) {
      await connection.abandon();
    }

    validate(connection) {
      return connection.isValid;
    }

    async close() {
      try {
        return await super.close();
      } finally {
        if (!this.released) {
          this.released = true;
          await this.client.release(this.sequelize.config.database);
        }
      }
    }
  };
};

/**
 * Gives a server of `options.replication` its URL, where Sequelize's guide has a `host` and a `port`: that of the dialect
 * at this place.
 */
function locate(server, url) {
  if (!server || server.url !== undefined || (server.host === undefined && server.port === undefined)) return;
  const { protocol, host, hostname } = new URL(url);
  const [name, port] = [server.host ?? hostname, server.port ?? host.slice(hostname.length + 1)];
  // An address of IPv6 has colons of its own.
  const place = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  server.url = `${protocol}//${place}${port === '' ? '' : `:${port}`}`;
}

/** What a query runs on: a database, and the transaction that is open in it. */
class Connection {
  constructor(native, database) {
    this.native = native;
    this.database = database;
    /** The id of the open transaction. */
    this.transaction = null;
    /** Set by Sequelize: the id of the `Transaction` object that holds the connection. */
    this.uuid = undefined;
    this.isValid = true;
  }

  /**
   * One statement of PhantomDB SQL. Resolves to the JSON text of its result; throws a PhantomDBError, or an AbortError
   * when `options.signal` is aborted.
   */
  query(sql, parameters, native, readOnly, options = {}) {
    const { database, transaction } = this;
    return send(
      this.native,
      options,
      (going) =>
        inTurn(this.native, () =>
          this.native.query(database, sql, parameters, transaction, native, readOnly, true, going),
        ),
      () => ({ operation: 'query', query: sql, database, transaction }),
    );
  }

  /** Rows of one table, likewise. `sql` is the statement that the find stands for, with the same parameters. */
  find(table, find, parameters, options = {}, sql = undefined) {
    const { database, transaction } = this;
    return send(
      this.native,
      options,
      (going) =>
        inTurn(this.native, () => this.native.find(database, table, find, parameters, transaction, true, going, sql)),
      () => ({ operation: 'find', query: sql, database, transaction }),
    );
  }

  /** Any other call of the contract. Resolves to what it answers. */
  async call(kind, body, options = {}, transaction = this.transaction) {
    const context = transaction === null ? '{}' : JSON.stringify({ transaction });
    const answer = await send(
      this.native,
      options,
      (going) => inTurn(this.native, () => this.native.call(kind, JSON.stringify(body), context, going)),
      () => ({ operation: kind, database: this.database, transaction: transaction ?? body?.id ?? null }),
    );
    return answer === '' ? undefined : JSON.parse(answer);
  }

  /** @param {{ isolationLevel?: string, readOnly?: boolean, immediate?: boolean }} options */
  async begin(options) {
    const answer = await this.call('beginTransaction', { database: this.database, ...options });
    this.transaction = answer.transaction_id;
  }

  commit() {
    return this.#end('commitTransaction');
  }

  /** One that the server has rolled back already, since it was idle for too long, needs no more. */
  async rollback() {
    try {
      await this.#end('rollbackTransaction');
    } catch (error) {
      if (error.code !== 'TRANSACTION_EXPIRED') {
        throw error;
      }
    }
  }

  /** Lets go of a transaction that the server has ended. Answers what stands in this connection's place for it. */
  expire(error) {
    this.transaction = null;
    return new ExpiredConnection(error);
  }

  /** Rolls back what is open. It cannot fail: what is not rolled back now is when it is found idle. */
  async abandon() {
    this.isValid = false;
    await this.rollback().catch(() => {});
  }

  async #end(kind) {
    const id = this.transaction;
    if (id !== null) {
      this.transaction = null;
      await this.call(kind, { id }, {}, null);
    }
  }
}

/** What a transaction that the server has rolled back still holds: all it can do is end. */
class ExpiredConnection {
  constructor(error) {
    this.error = error;
    this.isValid = false;
    this.uuid = undefined;
  }

  async query() {
    throw this.error;
  }

  find() {
    return this.query();
  }

  call() {
    return this.query();
  }

  commit() {
    return this.query();
  }

  async rollback() {}

  async abandon() {}

  expire() {
    return this;
  }
}
