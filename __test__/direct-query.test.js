'use strict';

// Statements of our own generator do not go through `sequelize.query` when nothing more is asked for
// (`sequelize/direct-query.js`). Whatever is asked for is there all the same.

const { AsyncLocalStorage } = require('node:async_hooks');
const { createRequire } = require('node:module');

const AbstractQuery = require('sequelize/lib/dialects/abstract/query');
const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');

let sequelize;
let User;

async function connect(options = {}, Class = Sequelize) {
  sequelize = new Class('direct', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false, ...options });
  User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
  await User.sync();
  await User.create({ name: 'Ada' });
}

beforeEach(() => connect());
afterEach(async () => {
  jest.restoreAllMocks();
  await sequelize.close();
});

/** The connection of the pool that is idle. */
const idle = () => sequelize.connectionManager.pool._availableObjects[0].resource;

/** Opens another Sequelize than that of all tests. */
async function reconnect(options, Class) {
  await sequelize.close();
  await connect(options, Class);
}

describe('a statement that asks for nothing more', () => {
  test('is run without waiting for the pool', async () => {
    const acquire = jest.spyOn(Object.getPrototypeOf(sequelize.connectionManager.pool), 'acquire');
    await User.findByPk(1);
    await User.create({ name: 'Grace' });
    await User.update({ name: 'Ada L.' }, { where: { id: 1 } });
    await User.destroy({ where: { id: 2 } });
    expect(acquire).not.toHaveBeenCalled();
    // A statement of the user's own is not one of them.
    await sequelize.query('SELECT 1');
    expect(acquire).toHaveBeenCalledTimes(1);
    expect(await User.findAll({ raw: true })).toEqual([{ id: 1, name: 'Ada L.' }]);
  });

  test('is in a query that has all that AbstractQuery gives it', async () => {
    const options = { instance: User.build(), model: User, logging: true, rawErrors: true };
    const given = new AbstractQuery(idle(), sequelize, options);
    const query = new sequelize.dialect.Query(idle(), sequelize, options);
    expect(query).toBeInstanceOf(AbstractQuery);
    expect(query).toMatchObject({ ...given, uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(query.uuid).not.toBe(given.uuid);
  });

  test('answers with plain rows, attributes under their names, or counts, as its model and its type say', async () => {
    const { queryInterface } = sequelize;
    expect(await queryInterface.select(undefined, 'Users', {})).toEqual([{ id: 1, name: 'Ada' }]);
    const Named = sequelize.define(
      'Named',
      { first: { type: DataTypes.STRING, field: 'name' } },
      { tableName: 'Users', timestamps: false },
    );
    const [, [updated]] = await Named.update({ first: 'Grace' }, { where: { id: 1 }, returning: true });
    expect(updated.get()).toEqual({ id: 1, first: 'Grace' });
    const [rows, { affectedRows }] = await queryInterface.bulkDelete('Users', { name: 'Grace' });
    expect([rows, affectedRows]).toEqual([[], 1]);
  });

  test('is not begun when its signal was aborted', async () => {
    const logging = jest.fn();
    await expect(User.findByPk(1, { signal: AbortSignal.abort(), logging })).rejects.toThrow(/was aborted/);
    expect(logging).not.toHaveBeenCalled();
  });

  test('has its error raw when it asks for that', async () => {
    const raw = User.findAll({ where: { nothing: 1 }, rawErrors: true });
    await expect(raw).rejects.toMatchObject({ name: 'PhantomDBError', code: 'UNKNOWN_COLUMN' });
  });
});

describe('what is in the place of a method is called', () => {
  test('when it is the query of one Sequelize', async () => {
    const query = jest.spyOn(sequelize, 'query');
    await User.findByPk(1);
    await User.create({ name: 'Grace' });
    expect(query.mock.calls.map(([sql]) => sql.split(' ')[0])).toEqual(['SELECT', 'INSERT']);
    query.mockRestore();
    expect((await User.findByPk(1)).name).toBe('Ada');
  });

  test('when it is the query of all', async () => {
    const query = jest.spyOn(Sequelize.prototype, 'query');
    await User.findByPk(1);
    expect(query).toHaveBeenCalledTimes(1);
  });

  test('when it was there before this package came', async () => {
    let watched;
    let query;
    jest.isolateModules(() => {
      const Early = require('sequelize').Sequelize;
      query = jest.spyOn(Early.prototype, 'query');
      const { PhantomDBDialect: Dialect } = require('..');
      watched = new Early('early', null, null, { dialect: new Dialect('memory:'), logging: false });
    });
    try {
      await watched.queryInterface.createTable('Things', { id: { type: 'INTEGER', primaryKey: true } });
      query.mockClear();
      await watched.queryInterface.bulkInsert('Things', [{ id: 1 }]);
      expect(query).toHaveBeenCalledTimes(1);
    } finally {
      await watched.close();
    }
  });

  test('when it is the query of a class that extends Sequelize', async () => {
    const seen = [];
    class Watched extends Sequelize {
      query(sql, options) {
        seen.push(options.type);
        return super.query(sql, options);
      }
    }
    await reconnect({}, Watched);
    seen.length = 0;
    await User.findByPk(1);
    expect(seen).toEqual(['SELECT']);
  });

  test.each([
    ['runHooks', () => sequelize],
    ['getConnection', () => sequelize.connectionManager],
    ['acquire', () => sequelize.connectionManager.pool],
    ['releaseConnection', () => sequelize.connectionManager],
  ])('when it is %s', async (method, owner) => {
    const spy = jest.spyOn(owner(), method);
    await sequelize.queryInterface.select(User, 'Users', { plain: true });
    expect(spy).toHaveBeenCalled();
  });

  test('when it is the class of queries, or what logs', async () => {
    const ran = jest.fn();
    class Query extends sequelize.dialect.Query {
      run(sql, bind) {
        ran(sql);
        return super.run(sql, bind);
      }
    }
    Object.defineProperty(sequelize.dialect, 'Query', { value: Query });
    const log = jest.spyOn(sequelize, 'log');
    await User.findByPk(1);
    expect(ran.mock.calls.map(([query]) => String(query))).toEqual([expect.stringMatching(/^SELECT/)]);
    expect(log).toHaveBeenCalledWith(expect.stringMatching(/SELECT/), expect.objectContaining({ logging: false }));
  });
});

describe('hooks', () => {
  test.each(['beforeQuery', 'afterQuery', 'beforePoolAcquire', 'afterPoolAcquire'])(
    'of %s run from when they are added until they are removed',
    async (name) => {
      const hook = jest.fn();
      await User.findByPk(1);
      sequelize.addHook(name, 'mine', (...args) => hook(...args));
      await User.findByPk(1);
      await User.create({ name: 'Grace' });
      expect(hook).toHaveBeenCalledTimes(2);
      sequelize.removeHook(name, 'mine');
      await User.findByPk(1);
      expect(hook).toHaveBeenCalledTimes(2);
    },
  );

  test('are given the options and the query', async () => {
    sequelize.addHook('beforeQuery', (options, query) => {
      expect(query).toBeInstanceOf(sequelize.dialect.Query);
      expect(options).toMatchObject({ type: 'SELECT', model: User, logging: false });
      options.plain = false;
      query.options.raw = true;
    });
    const found = await sequelize.queryInterface.select(User, 'Users', { plain: true });
    expect(found).toEqual({ id: 1, name: 'Ada' });
  });
});

describe('logging', () => {
  test('is that of the statement, else that of the Sequelize', async () => {
    const [ofSequelize, ofStatement] = [jest.fn(), jest.fn()];
    sequelize.options.logging = ofSequelize;
    await User.findByPk(1, { logging: ofStatement });
    expect(ofStatement).toHaveBeenCalledWith(
      'Executing (default): SELECT "id", "name" FROM "Users" AS "User" WHERE "User"."id" = 1',
      expect.objectContaining({ plain: true }),
    );
    expect(ofSequelize).not.toHaveBeenCalled();
    await User.findByPk(1);
    expect(ofSequelize).toHaveBeenCalledTimes(1);
    delete sequelize.options.logging;
    const console_ = jest.spyOn(console, 'log').mockImplementation(() => {});
    await User.findByPk(1);
    expect(console_).toHaveBeenCalledTimes(1);
  });

  test('is given the options without a search path, which there is not', async () => {
    const logging = jest.fn();
    await sequelize.queryInterface.select(User, 'Users', { logging, searchPath: 'other' });
    expect(logging).toHaveBeenCalledWith(expect.anything(), expect.not.objectContaining({ searchPath: 'other' }));
  });

  test('of the debug package has statements that are not logged', async () => {
    const debug = createRequire(require.resolve('sequelize'))('debug');
    const log = jest.spyOn(debug, 'log').mockImplementation(() => {});
    debug.enable('sequelize:sql:*,sequelize:pool');
    try {
      await User.findByPk(1);
    } finally {
      debug.disable();
    }
    const lines = log.mock.calls.map(([line]) => line);
    expect(lines).toEqual([
      expect.stringContaining('connection acquired'),
      expect.stringMatching(/Executing \(default\): SELECT/),
      expect.stringMatching(/Executed \(default\): SELECT/),
      expect.stringContaining('connection released'),
    ]);
  });

  test('has the time that a statement took, and its parameters', async () => {
    const logging = jest.fn();
    await User.create({ name: 'Grace' }, { logging, benchmark: true, logQueryParameters: true });
    expect(logging).toHaveBeenCalledTimes(1);
    const [text, took] = logging.mock.calls[0];
    expect(text).toMatch(/^Executed \(default\): INSERT .*; "Grace"$/);
    expect(took).toBeGreaterThanOrEqual(0);
  });
});

describe('options of all queries', () => {
  test('are those of each', async () => {
    await reconnect({ query: { raw: true } });
    expect(await User.findAll()).toEqual([{ id: 1, name: 'Ada' }]);
  });
});

describe('options.retry', () => {
  const taken = { id: 1, name: 'Grace' };

  test('runs a statement again as often as it says, of an error that it names', async () => {
    const match = jest.fn(() => true);
    const retry = { max: 3, match: [(error) => match(error)], backoffBase: 0 };
    await expect(User.create(taken, { retry })).rejects.toThrow(Sequelize.UniqueConstraintError);
    expect(match).toHaveBeenCalledTimes(2);
    match.mockClear();
    sequelize.options.retry = retry;
    await expect(User.create(taken)).rejects.toThrow(Sequelize.UniqueConstraintError);
    expect(match).toHaveBeenCalledTimes(2);
    match.mockClear();
    await expect(User.create(taken, { retry: { max: 1 } })).rejects.toThrow(Sequelize.UniqueConstraintError);
    expect(match).not.toHaveBeenCalled();
    expect(sequelize.connectionManager.pool.using).toBe(0);
  });

  test('gives what a later attempt answers', async () => {
    await User.drop();
    let made;
    const match = (error) => {
      made ??= User.sync();
      return /Users/.test(error.message);
    };
    expect(await User.count({ retry: { max: 50, match: [(error) => match(error)], backoffBase: 5 } })).toBe(0);
    await made;
  });

  test('does not run a statement again when its transaction has ended', async () => {
    const transaction = await sequelize.transaction();
    const match = (error) => error instanceof Sequelize.UniqueConstraintError && transaction.rollback();
    const retry = { max: 3, match: [(error) => match(error)], backoffBase: 50 };
    await expect(User.create(taken, { transaction, retry })).rejects.toThrow(
      /^rollback has been called on this transaction\(/,
    );
  });

  test('gives up in its time, and reports its attempts', async () => {
    const transaction = await sequelize.transaction();
    await User.create({ name: 'Grace' }, { transaction });
    const report = jest.fn();
    const waiting = User.create({ name: 'Alan' }, { retry: { max: 1, timeout: 50, report } });
    await expect(waiting).rejects.toThrow('unknown timed out');
    expect(report.mock.calls[0][0]).toMatch(/^Trying unknown #1/);
    await transaction.rollback();
  });
});

describe('transactions', () => {
  test('that have ended take no more statements', async () => {
    const transaction = await sequelize.transaction();
    await transaction.commit();
    await expect(User.findByPk(1, { transaction })).rejects.toMatchObject({
      message: expect.stringMatching(/^commit has been called on this transaction\(.*\), you can no longer use it/),
      sql: expect.stringMatching(/^SELECT/),
    });
  });

  test('of a CLS namespace are those of the statements in it', async () => {
    const storage = new AsyncLocalStorage();
    Sequelize.useCLS({
      bind: (work) => work,
      run: (work) => storage.run(new Map(), () => work(storage.getStore())),
      get: (key) => storage.getStore()?.get(key),
      set: (key, value) => storage.getStore()?.set(key, value),
    });
    try {
      const done = sequelize.transaction(async () => {
        // Models look for it themselves.
        await sequelize.queryInterface.bulkInsert('Users', [{ name: 'Grace' }]);
        expect(await User.count()).toBe(2);
        throw new Error('undone');
      });
      await expect(done).rejects.toThrow('undone');
    } finally {
      delete Sequelize._cls;
    }
    expect(await User.count()).toBe(1);
  });
});

describe('the pool', () => {
  test('makes no more connections than it may, and has them all back', async () => {
    await reconnect({ pool: { max: 2 } });
    const { pool } = sequelize.connectionManager;
    let most = 0;
    const look = () => {
      most = Math.max(most, pool.using);
    };
    await Promise.all(Array.from({ length: 30 }, () => User.findByPk(1).then(look)));
    await Promise.all([1, 2, 3].map(() => User.findByPk(99, { rejectOnEmpty: true }).catch(look)));
    await expect(User.findAll({ where: { nothing: 1 } })).rejects.toThrow(Sequelize.DatabaseError);
    expect(most).toBeLessThanOrEqual(2);
    expect(pool).toMatchObject({ size: 2, using: 0, available: 2, waiting: 0 });
  });

  test('lends one connection to one statement at a time, in the order in which they ask', async () => {
    await reconnect({ pool: { max: 1 } });
    const order = [];
    const ask = (name) => User.findByPk(1).then(() => order.push(name));
    const transaction = await sequelize.transaction();
    const asked = ['first', 'second', 'third'].map(ask);
    const last = transaction.commit().then(() => ask('last'));
    await Promise.all([...asked, last]);
    expect(order).toEqual(['first', 'second', 'third', 'last']);
  });

  test('lets no statement wait for longer than it may', async () => {
    await reconnect({ pool: { max: 1, acquire: 50 } });
    const transaction = await sequelize.transaction();
    await expect(User.findByPk(1)).rejects.toThrow(Sequelize.ConnectionAcquireTimeoutError);
    await transaction.rollback();
    expect((await User.findByPk(1)).name).toBe('Ada');
  });

  test('makes another connection for one that is not valid any more', async () => {
    const connection = idle();
    connection.isValid = false;
    await User.findByPk(1);
    expect(idle()).not.toBe(connection);
  });

  test('makes another connection for one that was used as often as it may be', async () => {
    await reconnect({ pool: { max: 1, maxUses: 3 } });
    const connected = jest.fn();
    sequelize.addHook('afterConnect', () => connected());
    for (let i = 0; i < 6; i++) await User.findByPk(1);
    expect(connected).toHaveBeenCalledTimes(2);
  });

  test('lends nothing once it is drained, or closed', async () => {
    await sequelize.connectionManager.pool.drain();
    await expect(User.findByPk(1)).rejects.toThrow('pool is draining');
    await sequelize.close();
    await expect(User.findByPk(1)).rejects.toThrow(/after the connection manager was closed/);
    await connect();
  });
});
