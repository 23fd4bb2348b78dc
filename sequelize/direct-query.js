'use strict';

// What `sequelize.query` does with a statement of our own generator when nothing more is asked for. It leaves out what is
// there for others: the replacements and binds of users, hooks that nobody has set, promises for a retry that is not made
// and for a connection that is at hand. A statement that asks for more goes through `sequelize.query` as ever.

const { createHash } = require('crypto');

const { runThroughSequelize } = require('./compiled-query.js');

/** The text of the `query` that is repeated here, as SHA-256: that of Sequelize 6.28 to 6.37. */
const REPEATED = '0f3242a04099851c1343caa80b346f1eae18856f2c1f378da8c523a648c246f6';

/** What runs around each query when it is set. */
const HOOKS = ['beforeQuery', 'afterQuery', 'beforePoolAcquire', 'afterPoolAcquire'];

const isRepeated = (query) =>
  createHash('sha256').update(Function.prototype.toString.call(query)).digest('hex') === REPEATED;

/** Whether it has to know of the first attempt before that has failed. */
const watchesAttempts = (retry) => !!(retry?.timeout || retry?.report);

function isEmpty(object) {
  for (const _name in object) return false;
  return true;
}

/**
 * The connection that `pool.acquire()` would resolve to at once, taken out of the pool as it takes it, but without a
 * promise and its timer. Undefined when there is none (while others wait for theirs, none is idle), with replicas, and when
 * `acquire` is somebody's own.
 */
function takeIdle(pool) {
  if (!pool._availableObjects?.length || pool._draining || Object.hasOwn(pool, 'acquire')) return undefined;
  const { resource, useCount } = pool._availableObjects.at(-1);
  if (!pool._factory.validate(resource)) return undefined;
  pool._availableObjects.pop();
  pool._addResourceToInUseObjects(resource, useCount);
  return resource;
}

function checkTransaction(transaction, sql) {
  if (!transaction?.finished) return;
  const { finished, id } = transaction;
  const message = `${finished} has been called on this transaction(${id}), you can no longer use it. (The rejected query is attached as the 'sql' property of this error)`;
  throw Object.assign(new Error(message), { sql: String(sql) });
}

/** @param {object} lib of a copy of Sequelize */
module.exports = (lib, ConnectionManager) => {
  const { Sequelize, QueryTypes, retryAsPromised } = lib;
  const { query, runHooks } = Sequelize.prototype;
  const { getConnection } = ConnectionManager.prototype;
  const isOwn = isRepeated(query);
  const debug = lib.logger.debugContext('pool');

  /** Whether nothing is asked for that is left out here, and nobody has put something of theirs in a method's place. */
  function isDirect(sequelize, { retry }) {
    if (!isOwn || sequelize.query !== query || sequelize.runHooks !== runHooks) return false;
    const { hooks, query: defaults, retry: policy } = sequelize.options;
    if (hooks && HOOKS.some((name) => hooks[name]?.length > 0)) return false;
    return isEmpty(defaults) && !watchesAttempts(policy) && !watchesAttempts(retry);
  }

  function complete(options, { options: defaults }) {
    if (options.instance && !options.model) options.model = options.instance.constructor;
    if (!options.model) options.raw = true;
    if (options.mapToModel) options.fieldMap = options.model?.fieldAttributeMap ?? {};
    if (options.logging === undefined) options.logging = 'logging' in defaults ? defaults.logging : console.log;
    if (options.searchPath !== undefined) delete options.searchPath;
    options.type ||= options.model || options.nest || options.plain ? QueryTypes.SELECT : QueryTypes.RAW;
  }

  function idleConnection(manager, { signal }) {
    if (signal || manager.getConnection !== getConnection) return undefined;
    const connection = takeIdle(manager.pool);
    if (connection) debug('connection acquired');
    return connection;
  }

  /** One attempt; the first is followed by others as `options.retry` says. */
  async function attempt(sequelize, sql, options, isFirst) {
    const manager = sequelize.connectionManager;
    let connection;
    let failure;
    try {
      if (options.transaction === undefined && Sequelize._cls) options.transaction = Sequelize._cls.get('transaction');
      checkTransaction(options.transaction, sql);
      connection = options.transaction
        ? options.transaction.connection
        : (idleConnection(manager, options) ?? (await manager.getConnection(options)));
      return await new sequelize.dialect.Query(connection, sequelize, options).run(sql);
    } catch (error) {
      failure = error;
    } finally {
      if (connection && !options.transaction) manager.releaseConnection(connection);
    }
    if (!isFirst) throw failure;
    return retried(failure, sequelize, sql, options);
  }

  function retried(failure, sequelize, sql, options) {
    let attempts = 0;
    return retryAsPromised(
      async () => {
        if (attempts++ === 0) throw failure;
        return attempt(sequelize, sql, options, false);
      },
      { ...sequelize.options.retry, ...options.retry },
    );
  }

  /**
   * Runs a statement of the generator.
   *
   * @param {object} sequelize
   * @param {import('./compiled-query.js').CompiledQuery} sql
   * @param {object} options a copy that nobody else has
   */
  return function runStatement(sequelize, sql, options) {
    if (!isDirect(sequelize, options)) return runThroughSequelize(sequelize, sql, options);
    complete(options, sequelize);
    return attempt(sequelize, sql, options, true);
  };
};
