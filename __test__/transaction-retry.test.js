'use strict';

const { DataTypes, Sequelize, Transaction } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engineAt, startOverPostgres } = require('./helpers/engines.js');

const { REPEATABLE_READ } = Transaction.ISOLATION_LEVELS;

describe('a managed transaction that is to be retried', () => {
  let sequelize;
  let Counter;

  beforeEach(async () => {
    sequelize = new Sequelize({ dialect: new PhantomDBDialect('memory:'), logging: false });
    Counter = sequelize.define('Counter', { value: DataTypes.INTEGER }, { timestamps: false });
    await sequelize.sync();
    await Counter.create({ id: 1, value: 0 });
  });

  afterEach(() => sequelize.close());

  /** Adds one; in the first `disturbed` attempts somebody else writes in between. */
  function increment(options, disturbed) {
    let attempts = 0;
    const work = async (transaction) => {
      attempts++;
      const counter = await Counter.findByPk(1, { transaction });
      if (attempts <= disturbed) await Counter.increment('value', { by: 10, where: { id: 1 } });
      await counter.update({ value: counter.value + 1 }, { transaction });
    };
    const outcome = sequelize.transaction({ isolationLevel: REPEATABLE_READ, ...options }, work);
    return outcome.then(
      () => ({ attempts }),
      (error) => ({ attempts, code: error.original.code }),
    );
  }

  const value = async () => (await Counter.findByPk(1)).value;

  test('runs again from its beginning until it does not have to give way', async () => {
    expect(await increment({ retry: true }, 2)).toEqual({ attempts: 3 });
    expect(await value()).toBe(21);
    expect(await increment({ retry: { max: 3, backoffBase: 1 } }, 2)).toEqual({ attempts: 3 });
    expect(await value()).toBe(42);
  });

  test('gives up after as many times as were asked for', async () => {
    expect(await increment({ retry: 2 }, 9)).toEqual({ attempts: 2, code: 'SERIALIZATION_FAILURE' });
    expect(await value()).toBe(20);
  });

  test('runs once when nobody asked for more', async () => {
    for (const options of [{}, { retry: false }]) {
      expect(await increment(options, 1)).toEqual({ attempts: 1, code: 'SERIALIZATION_FAILURE' });
    }
  });

  test('is not run again for an error of its own', async () => {
    let attempts = 0;
    const work = async () => {
      attempts++;
      throw new Error('mine');
    };
    await expect(sequelize.transaction({ retry: true }, work)).rejects.toThrow('mine');
    expect(attempts).toBe(1);
  });

  test('is part of the one it is in, which alone can be run again', async () => {
    let attempts = 0;
    const outer = sequelize.transaction({ isolationLevel: REPEATABLE_READ }, async (transaction) => {
      await Counter.findAll({ transaction });
      await Counter.increment('value', { where: { id: 1 } });
      await sequelize.transaction({ transaction, retry: true }, async (inner) => {
        attempts++;
        await Counter.update({ value: 5 }, { where: { id: 1 }, transaction: inner });
      });
    });
    await expect(outer).rejects.toMatchObject({ original: { code: 'SERIALIZATION_FAILURE' } });
    expect(attempts).toBe(1);
  });

  test('refuses a policy that makes no sense', () => {
    expect(() => sequelize.transaction({ retry: { max: 'often' } }, async () => {})).toThrow(/retry\.max/);
  });

  test('begins without a callback as ever', async () => {
    const transaction = await sequelize.transaction({ retry: true });
    await transaction.rollback();
  });
});

describe('a dead lock over PostgreSQL', () => {
  const engine = engineAt('PostgreSQL', () => startOverPostgres()).start();
  let sequelize;
  let Counter;

  beforeAll(async () => {
    sequelize = engine.connect({ pool: { max: 10 } });
    Counter = sequelize.define('Counter', { value: DataTypes.INTEGER }, { timestamps: false });
    await sequelize.sync();
  });
  beforeEach(async () => {
    await Counter.truncate();
    await Counter.bulkCreate([1, 2].map((id) => ({ id, value: 0 })));
  });

  /** Two gates that open when both sides have come to them: each has one row then, and wants that of the other. */
  function meeting() {
    let come = 0;
    let open;
    const both = new Promise((resolve) => {
      open = resolve;
    });
    return () => {
      if (++come === 2) open();
      return both;
    };
  }

  const increment = (id, transaction) => Counter.increment('value', { where: { id }, transaction });
  const values = async () => (await Counter.findAll({ order: ['id'] })).map(({ value }) => value);

  test('ends one of the two, which is run again where that was asked for', async () => {
    const met = meeting();
    let attempts = 0;
    const both = [
      [1, 2],
      [2, 1],
    ].map(([first, second]) =>
      sequelize.transaction({ retry: true }, async (transaction) => {
        attempts++;
        await increment(first, transaction);
        await met();
        await increment(second, transaction);
      }),
    );
    await Promise.all(both);
    expect(attempts).toBeGreaterThan(2);
    expect(await values()).toEqual([2, 2]);
  });

  test('frees what the victim had locked before it rolls back, and refuses all but that', async () => {
    const [one, other] = [await sequelize.transaction(), await sequelize.transaction()];
    await increment(1, one);
    await increment(2, other);
    const nested = await Promise.all([one, other].map((transaction) => sequelize.transaction({ transaction })));
    const outcomes = await Promise.allSettled([increment(2, nested[0]), increment(1, nested[1])]);
    const [failed] = outcomes.filter(({ status }) => status === 'rejected');
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(failed.reason.original.code).toBe('DEADLOCK');
    const [victim, winner] = outcomes[0] === failed ? [one, other] : [other, one];
    await expect(Counter.findAll({ transaction: victim })).rejects.toMatchObject({
      original: { code: 'TRANSACTION_EXPIRED', message: expect.stringContaining('give way') },
    });
    if (victim === one) await nested[0].rollback();
    else await nested[1].rollback();
    await victim.rollback();
    if (winner === one) await winner.commit();
    else await winner.rollback();
    expect(await values()).toEqual(winner === one ? [1, 1] : [0, 0]);
  });

  test('is not mistaken for a success by who commits all the same', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const met = meeting();
    const both = [
      [1, 2],
      [2, 1],
    ].map(([first, second]) =>
      sequelize.transaction(async (transaction) => {
        await increment(first, transaction);
        await met();
        await increment(second, transaction).catch(() => {});
      }),
    );
    const outcomes = await Promise.allSettled(both);
    warn.mockRestore();
    const refused = outcomes.filter(({ status }) => status === 'rejected');
    expect(refused.map(({ reason }) => reason.original.code)).toEqual(['TRANSACTION_EXPIRED']);
    expect(await values()).toEqual([1, 1]);
  });
});
