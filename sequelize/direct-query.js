'use strict';

// A shorter way for the statements of our own generator: it does what `sequelize.query` does, without the steps that such
// a statement does not need. These are replacements and binds of the user, hooks that are not set, and promises for a
// retry that is not needed and for a connection that is idle. A statement that needs one of these steps goes through
// `sequelize.query`, and so does every statement if `private-members.js` finds that Sequelize is not as expected.

const { runThroughSequelize } = require('./compiled-query.js');

/** The hooks that Sequelize runs for each query. */
const HOOKS = ['beforeQuery', 'afterQuery', 'beforePoolAcquire', 'afterPoolAcquire'];

/** True for a retry policy that has to know about the first attempt before it fails. */
const watchesAttempts = (retry) => !!(retry?.timeout || retry?.report);

function isEmpty(object) {
  for (const _name in object) return false;
  return true;
}

/**
 * Takes the connection that `pool.acquire()` would resolve to at once, without its promise and timer.
 *
 * @returns a connection, or undefined when none is idle (none is while other statements wait), when the pool is not of
 *   the class `Pool` (with replicas it is not), or when its `acquire` was replaced
 */
function takeIdle(pool, Pool) {
  if (Object.getPrototypeOf(pool) !== Pool.prototype || Object.hasOwn(pool, 'acquire')) return undefined;
  if (pool._draining || pool._availableObjects.length === 0) return undefined;
  const { resource, useCount } = pool._availableObjects[pool._availableObjects.length - 1];
  if (!pool._factory.validate(resource)) return undefined;
  pool._availableObjects.pop();
  pool._addResourceToInUseObjects(resource, useCount);
  return resource;
}

function checkTransaction({ transaction, completesTransaction }, sql) {
  if (!transaction?.finished || completesTransaction) return;
  const { finished, id } = transaction;
  const message = `${finished} has been called on this transaction(${id}), you can no longer use it. (The rejected query is attached as the 'sql' property of this error)`;
  throw Object.assign(new Error(message), { sql: String(sql) });
}

/** @param {object} lib the parts of one copy of Sequelize */
module.exports = (lib, ConnectionManager) => {
  const { Sequelize, QueryTypes, Pool, privateMembers, retryAsPromised } = lib;
  const { query, runHooks } = Sequelize.prototype;
  const { getConnection } = ConnectionManager.prototype;
  const debug = lib.logger.debugContext('pool');

  /** True when the statement needs no step that is left out here, and no method that is bypassed was replaced. */
  function isDirect(sequelize, { retry }) {
    if (!privateMembers.canQueryDirectly || sequelize.query !== query || sequelize.runHooks !== runHooks) return false;
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
    const connection = takeIdle(manager.pool, Pool);
    if (connection) debug('connection acquired');
    return connection;
  }

  /** Makes one attempt. If the first attempt fails, `options.retry` decides whether others follow. */
  async function attempt(sequelize, sql, options, isFirst) {
    const manager = sequelize.connectionManager;
    let connection;
    let failure;
    try {
      if (options.transaction === undefined && Sequelize._cls) options.transaction = Sequelize._cls.get('transaction');
      checkTransaction(options, sql);
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
