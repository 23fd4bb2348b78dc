const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks');

const { DataTypes, Sequelize, Transaction } = require('sequelize');
const { engines } = require('./helpers/engines.js');

jest.setTimeout(60_000);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What the guide recommends in place of `cls-hooked`. */
function asyncLocalNamespace() {
  const storage = new AsyncLocalStorage();
  return {
    run: (work) => storage.run(new Map(storage.getStore()), work),
    get: (key) => storage.getStore()?.get(key),
    set: (key, value) => storage.getStore()?.set(key, value),
    bind: (work) => AsyncResource.bind(work),
  };
}

describe.each(engines)('transactions at $name', ({ name: engineName, start }) => {
  const engine = start();
  let sequelize;
  let Thing;
  const names = async (options) => (await Thing.findAll({ order: ['id'], ...options })).map((thing) => thing.name);

  beforeAll(async () => {
    sequelize = engine.connect({ pool: { max: 10 } });
    Thing = sequelize.define('Thing', { name: DataTypes.STRING }, { timestamps: false });
    await sequelize.sync();
  });
  beforeEach(() => Thing.truncate());

  describe.each([
    ['cls-hooked', () => require('cls-hooked').createNamespace(`test ${engineName}`)],
    ['AsyncLocalStorage', asyncLocalNamespace],
  ])('by %s', (_name, namespace) => {
    beforeAll(() => Sequelize.useCLS(namespace()));
    afterAll(() => {
      delete Sequelize._cls;
    });

    test('are those of every statement within, of several at once, and of none beside', async () => {
      const work = (name, fails) =>
        sequelize.transaction(async () => {
          await Thing.create({ name });
          await sleep(5);
          await Thing.update({ name: `${name}!` }, { where: { name } });
          // A statement of its own, that waits for nobody.
          const seen = await names();
          if (fails) throw new Error('undone');
          return seen;
        });
      expect(await work('a')).toEqual(['a!']);
      await expect(work('b', true)).rejects.toThrow('undone');
      await Promise.allSettled(Array.from({ length: 6 }, (_, i) => work(`c${i}`, i % 2 === 0)));
      expect((await names()).toSorted()).toEqual(['a!', 'c1!', 'c3!', 'c5!']);
      await sequelize.transaction(async (transaction) => {
        await Thing.create({ name: 'within' });
        expect(await names({ transaction: null })).not.toContain('within');
        await sequelize.transaction({ transaction }, async () => Thing.create({ name: 'nested' }));
        expect(await names()).toContain('nested');
      });
      expect(await names()).toEqual(expect.arrayContaining(['within', 'nested']));
    });
  });

  test('nest as savepoints, each undone by itself', async () => {
    await sequelize.transaction(async (transaction) => {
      await Thing.create({ name: 'outer' }, { transaction });
      for (const fails of [true, false]) {
        const nested = sequelize.transaction({ transaction }, async (inner) => {
          await Thing.create({ name: `inner ${fails}` }, { transaction: inner });
          const deeper = await sequelize.transaction({ transaction: inner });
          await Thing.create({ name: 'deeper' }, { transaction: deeper });
          await deeper.rollback();
          if (fails) throw new Error('undone');
        });
        await nested.catch(() => {});
      }
    });
    expect(await names()).toEqual(['outer', 'inner false']);
  });

  test('run the hooks of afterCommit after they are committed, and none when rolled back', async () => {
    const seen = [];
    await sequelize.transaction(async (transaction) => {
      transaction.afterCommit(async () => seen.push(await names()));
      await Thing.create({ name: 'a' }, { transaction });
      expect(seen).toEqual([]);
    });
    const undone = await sequelize.transaction();
    undone.afterCommit(() => seen.push('never'));
    await undone.rollback();
    expect(seen).toEqual([['a']]);
  });

  test.each([undefined, 'IMMEDIATE', 'EXCLUSIVE'])(
    'that are read only refuse every way to write (%s)',
    async (type) => {
      const transaction = await sequelize.transaction({ readOnly: true, type });
      // It holds no lock, whatever its type.
      await Thing.create({ name: 'other' });
      await Thing.destroy({ where: { name: 'other' } });
      expect(await names({ transaction })).toEqual([]);
      await expect(Thing.create({ name: 'x' }, { transaction })).rejects.toThrow(/only reads|read only/);
      await expect(Thing.truncate({ transaction })).rejects.toThrow(/only reads|read only/);
      await expect(sequelize.query('CREATE TABLE x (a INTEGER)', { transaction })).rejects.toThrow(
        /only reads|read only/,
      );
      await transaction.commit();
      expect(await names()).toEqual([]);
    },
  );

  test('end once: the second commit or rollback and every later statement is refused', async () => {
    for (const [first, state] of [
      ['commit', 'commit'],
      ['rollback', 'rollback'],
    ]) {
      const transaction = await sequelize.transaction();
      await transaction[first]();
      await expect(transaction.commit()).rejects.toThrow(`finished with state: ${state}`);
      await expect(transaction.rollback()).rejects.toThrow(`finished with state: ${state}`);
      await expect(Thing.create({ name: 'x' }, { transaction })).rejects.toThrow('you can no longer use it');
    }
  });

  test('isolate as their levels say', async () => {
    const { READ_UNCOMMITTED, READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE } = Transaction.ISOLATION_LEVELS;
    for (const [isolationLevel, seen] of [
      [READ_UNCOMMITTED, ['committed']],
      [READ_COMMITTED, ['committed']],
      [REPEATABLE_READ, []],
      [SERIALIZABLE, []],
    ]) {
      await Thing.truncate();
      const transaction = await sequelize.transaction({ isolationLevel });
      expect(await names({ transaction })).toEqual([]);
      const other = await sequelize.transaction();
      await Thing.create({ name: 'committed' }, { transaction: other });
      // Nobody sees what is not committed, on any level.
      expect(await names({ transaction })).toEqual([]);
      await other.commit();
      expect(await names({ transaction })).toEqual(seen);
      const write = Thing.create({ name: 'own' }, { transaction });
      // SQLite has one writer, which must have seen what the last one has committed.
      if (seen.length === 0 && !engineName.startsWith('PostgreSQL')) {
        await expect(write).rejects.toMatchObject({ parent: { code: 'SERIALIZATION_FAILURE' } });
        await transaction.rollback();
      } else {
        await write;
        await transaction.commit();
      }
    }
  });

  test('lock rows: for update, and with skipLocked', async () => {
    await Thing.create({ name: 'a' });
    await sequelize.transaction(async (transaction) => {
      expect(await names({ transaction, lock: true, skipLocked: true })).toEqual(['a']);
      expect(await names({ transaction, lock: transaction.LOCK.SHARE })).toEqual(['a']);
    });
  });

  test('of 50 callers at a pool of 5 are all served, five at a time', async () => {
    const narrow = engine.connect({ pool: { max: 5, acquire: 30_000 } });
    const Item = narrow.define('Item', { number: DataTypes.INTEGER }, { timestamps: false });
    await Item.sync();
    let open = 0;
    let most = 0;
    const work = async (number) =>
      narrow.transaction(async (transaction) => {
        open++;
        most = Math.max(most, open);
        await Item.count({ transaction });
        await Item.create({ number }, { transaction });
        if (number % 10 === 9) {
          open--;
          throw new Error('undone');
        }
        open--;
      });
    const all = await Promise.allSettled(Array.from({ length: 50 }, (_, number) => work(number)));
    expect(all.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message)).toEqual(
      Array(5).fill('undone'),
    );
    // How many meet depends on how fast they are; never more than the pool has.
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(5);
    const numbers = (await Item.findAll()).map((item) => item.number).toSorted((a, b) => a - b);
    expect(numbers).toEqual([...Array(50).keys()].filter((number) => number % 10 !== 9));
    expect(narrow.connectionManager.pool.using).toBe(0);
  });

  test('that find no connection in time say so', async () => {
    const narrow = engine.connect({ pool: { max: 1, acquire: 100 } });
    const transaction = await narrow.transaction();
    await expect(narrow.query('SELECT 1')).rejects.toThrow(Sequelize.ConnectionAcquireTimeoutError);
    await expect(narrow.transaction()).rejects.toThrow(Sequelize.ConnectionAcquireTimeoutError);
    await transaction.rollback();
    await narrow.query('SELECT 1');
  });
});
