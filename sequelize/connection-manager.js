'use strict';

const { withStack } = require('../driver/phantomdb-error.js');
const { AbortError, throwIfAborted, untilAborted } = require('../driver/abort.js');
const { Session } = require('./session.js');

/**
 * Sequelize's own pool, hooks and replication around sessions, which are light: the sockets, or the engine itself,
 * belong to the `PhantomDBDialect` and are shared. What Sequelize calls a connection is a session.
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

    /** The pool looks for idle sessions now and then, which is no reason for a process to stay alive. */
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

    /** True when there are custom parsers. Without one, results are converted without asking each attribute for its type. */
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

    /** @param {{ database?: string, url?: string }} config with the `url` of a replica */
    async connect(config) {
      let connection;
      try {
        connection = this.client.at(config.url);
      } catch (error) {
        throw error.details.reason === 'closed'
          ? new errors.ConnectionError(error)
          : new errors.InvalidConnectionError(error);
      }
      return new Session(connection, config.database);
    }

    /** Sets the version, which Sequelize would ask the database for first and nothing of ours needs. */
    async getConnection(options) {
      this.sequelize.options.databaseVersion ||= this.dialect.defaultVersion;
      try {
        return await (options?.signal ? this.getUntilAborted(options) : super.getConnection(options));
      } catch (error) {
        // The pool fails in its own time. From here the stack leads to the caller.
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

    /** Rolls back a transaction that is still open. */
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
 * Gives a server of `options.replication` its URL, where Sequelize's guide has a `host` and a `port`: the dialect's URL
 * with these two.
 */
function locate(server, url) {
  if (!server || server.url !== undefined || (server.host === undefined && server.port === undefined)) return;
  const { protocol, host, hostname } = new URL(url);
  const [name, port] = [server.host ?? hostname, server.port ?? host.slice(hostname.length + 1)];
  // An address of IPv6 has colons of its own.
  const place = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name;
  server.url = `${protocol}//${place}${port === '' ? '' : `:${port}`}`;
}
