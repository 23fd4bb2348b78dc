'use strict';

const { DataTypes, Sequelize, Transaction } = require('sequelize');
const { PhantomDBDialect } = require('..');

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
