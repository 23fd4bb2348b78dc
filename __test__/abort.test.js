const { getEventListeners } = require('node:events');

const { DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines.js');

jest.setTimeout(60_000);

const SLOW =
  'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT count(*) FROM n';
const SLOW_WRITE = `INSERT INTO "Users" ("name") ${SLOW.replace('count(*)', "'slow'")}`;
/** Needs more than a moment, and so a place among those that run at once. */
const BRISK = SLOW.replace('1000000000', '100000');

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.each(engines)('a signal at $name', ({ name: engineName, start }) => {
  const engine = start();
  let sequelize;
  let User;
  beforeAll(async () => {
    sequelize = engine.connect({ pool: { max: 30 } });
    User = sequelize.define('User', { name: DataTypes.STRING, age: DataTypes.INTEGER }, { timestamps: false });
    User.Tasks = User.hasMany(
      sequelize.define('Task', { title: DataTypes.STRING, userId: DataTypes.INTEGER }, { timestamps: false }),
      { as: 'tasks', foreignKey: 'userId' },
    );
    await sequelize.sync();
  });
  beforeEach(() => User.truncate({ cascade: true }));

  /** Aborts the call after so long; answers its error and how long that took from there. */
  async function aborted(call, after = 100) {
    const controller = new AbortController();
    const called = call(controller.signal);
    const settled = called.then(
      () => undefined,
      (error) => error,
    );
    await sleep(after);
    const begun = performance.now();
    controller.abort(new Error('enough'));
    const error = await settled;
    const took = performance.now() - begun;
    await sleep(20);
    return { error, took, listeners: getEventListeners(controller.signal, 'abort').length };
  }

  test('gives a statement up at once, and its server stops it', async () => {
    // As many as would fill every place for reads for minutes.
    const calls = Array.from({ length: 24 }, () => aborted((signal) => sequelize.query(SLOW, { signal }), 300));
    for (const { error, took } of await Promise.all(calls)) {
      expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', sql: SLOW, parameters: [] });
      expect(error.cause).toEqual(new Error('enough'));
      expect(error.stack).toContain('abort.test.js');
      expect(took).toBeLessThan(10_000);
    }
    const begun = performance.now();
    await Promise.all(Array.from({ length: 8 }, () => sequelize.query(BRISK)));
    expect(performance.now() - begun).toBeLessThan(60_000);
  });

  test('leaves nothing of a write, and frees the lock', async () => {
    const { error, took } = await aborted((signal) => sequelize.query(SLOW_WRITE, { signal }), 300);
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(error.message).toContain('as a whole or not at all');
    expect(took).toBeLessThan(10_000);
    const begun = performance.now();
    await User.create({ name: 'next' });
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect((await User.findAll()).map((user) => user.name)).toEqual(['next']);
  });

  test('gives up a write that waits for the lock, which is then never done', async () => {
    const { id } = await User.create({ name: 'first' });
    const transaction = await sequelize.transaction();
    await User.update({ name: 'changed' }, { where: { id }, transaction });
    const { error, took } = await aborted((signal) => User.update({ name: 'never' }, { where: { id }, signal }));
    expect(error.name).toBe('AbortError');
    expect(took).toBeLessThan(10_000);
    await transaction.commit();
    await User.create({ name: 'last' });
    expect((await User.findAll({ order: ['id'] })).map((user) => user.name)).toEqual(['changed', 'last']);
  });

  test('lets a transaction go on after a read, and ends it after a write', async () => {
    const reading = await sequelize.transaction();
    await User.create({ name: 'kept' }, { transaction: reading });
    const read = await aborted((signal) => sequelize.query(SLOW, { signal, transaction: reading }), 300);
    expect(read.error.message).toContain('the whole transaction may be rolled back');
    await User.create({ name: 'too' }, { transaction: reading });
    await reading.commit();
    expect(await User.count()).toBe(2);

    const writing = await sequelize.transaction();
    await User.create({ name: 'lost' }, { transaction: writing });
    const write = await aborted((signal) => sequelize.query(SLOW_WRITE, { signal, transaction: writing }), 300);
    expect(write.error.name).toBe('AbortError');
    const after = User.count({ transaction: writing });
    // SQLite stops a write with its transaction only; PostgreSQL goes back to where the statement began.
    if (engineName === 'PostgreSQL') expect(await after).toBe(3);
    else await expect(after).rejects.toMatchObject({ parent: { code: 'TRANSACTION_EXPIRED' } });
    await writing.rollback();
    expect(await User.count()).toBe(2);
  });

  test('given up within a managed transaction rolls it back', async () => {
    const { error } = await aborted((signal) =>
      sequelize.transaction(async (transaction) => {
        await User.create({ name: 'undone' }, { transaction });
        await sequelize.query(SLOW, { transaction, signal });
      }),
    );
    expect(error.name).toBe('AbortError');
    expect(await User.count()).toBe(0);
  });

  test('reaches every method of a model, before it was sent too', async () => {
    const user = await User.create({ name: 'a' });
    const signal = AbortSignal.abort();
    const where = { name: 'a' };
    const calls = {
      findAll: () => User.findAll({ signal }),
      include: () => User.findAll({ include: 'tasks', signal }),
      findOne: () => User.findOne({ where, signal }),
      findByPk: () => User.findByPk(user.id, { signal }),
      findAndCountAll: () => User.findAndCountAll({ signal }),
      count: () => User.count({ signal }),
      max: () => User.max('age', { signal }),
      sum: () => User.sum('age', { signal }),
      findOrCreate: () => User.findOrCreate({ where, signal }),
      create: () => User.create({ name: 'b' }, { signal }),
      createWithTask: () => User.create({ name: 'b', tasks: [{ title: 't' }] }, { include: [User.Tasks], signal }),
      bulkCreate: () => User.bulkCreate([{ name: 'b' }], { signal }),
      upsert: () => User.upsert({ id: 5, name: 'b' }, { signal }),
      update: () => User.update({ name: 'b' }, { where, signal }),
      increment: () => User.increment('age', { where, signal }),
      destroy: () => User.destroy({ where, signal }),
      truncate: () => User.truncate({ cascade: true, signal }),
      sync: () => User.sync({ signal }),
      save: () => user.set('name', 'b').save({ signal }),
      reload: () => user.reload({ signal }),
      instanceDestroy: () => user.destroy({ signal }),
      getTasks: () => user.getTasks({ signal }),
      createTask: () => user.createTask({ title: 't' }, { signal }),
      query: () => sequelize.query('SELECT 1', { signal }),
      authenticate: () => sequelize.authenticate({ signal }),
      describe: () => sequelize.getQueryInterface().describeTable('Users', { signal }),
    };
    for (const [name, call] of Object.entries(calls)) {
      const error = await call().then(
        () => new Error('it was not given up'),
        (failure) => failure,
      );
      expect({ name, error: error.name, what: error.message }).toMatchObject({ name, error: 'AbortError' });
      expect(error.message).toContain('It was not sent');
    }
    expect(await User.findAll({ raw: true })).toEqual([{ id: user.id, name: 'a', age: null }]);
  });

  test('gives up the wait for a connection of the pool, which is then given on', async () => {
    const narrow = engine.connect({ pool: { max: 1 } });
    const transaction = await narrow.transaction();
    const { error, took } = await aborted((signal) => narrow.query('SELECT 1', { signal }));
    expect(error.message).toContain('It was not sent');
    expect(took).toBeLessThan(10_000);
    await transaction.rollback();
    expect(await narrow.query('SELECT 1 AS one', { plain: true, type: 'SELECT' })).toEqual({ one: 1 });
  });

  test('keeps nothing of what is over', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 20; i++) await User.create({ name: String(i) }, { signal });
    await expect(sequelize.query('SELEC', { signal })).rejects.toMatchObject({ parent: { code: 'SYNTAX_ERROR' } });
    expect(await User.count({ signal })).toBe(20);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect((await aborted((one) => sequelize.query(SLOW, { signal: one }))).listeners).toBe(0);
  });

  test('gives up a call of the dialect itself', async () => {
    const dialect = new PhantomDBDialect(engine.url);
    await dialect.createDatabase('own').catch(() => {});
    const { error } = await aborted((signal) => dialect.query('own', SLOW, [], { signal }));
    expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    const before = { signal: AbortSignal.abort() };
    await expect(dialect.select('own', 't', before)).rejects.toMatchObject({ name: 'AbortError' });
    await expect(dialect.createTable('own', 't', { a: 'TEXT' }, before)).rejects.toMatchObject({ name: 'AbortError' });
    await dialect.close();
  });
});

test('a call that is aborted before its turn is not made', async () => {
  const dialect = new PhantomDBDialect('memory:');
  await dialect.query('app', 'CREATE TABLE t (a INTEGER)');
  await dialect.query('app', 'SELECT 1');
  const controller = new AbortController();
  // More than a turn of the event loop has room for.
  const others = Array.from({ length: 3_000 }, () => dialect.query('app', 'SELECT 1'));
  const insert = dialect.query('app', 'INSERT INTO t VALUES (1)', [], { signal: controller.signal });
  controller.abort();
  await expect(insert).rejects.toMatchObject({ code: 'ABORT_ERR', message: expect.stringContaining('not sent') });
  await Promise.all(others);
  expect((await dialect.query('app', 'SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 0 }]);
  await dialect.close();
});
