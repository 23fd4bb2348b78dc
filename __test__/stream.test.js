const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines.js');

jest.setTimeout(120_000);

const upTo = (count) => Array.from({ length: count }, (_, i) => i + 1);

/** All rows of a stream. */
async function all(stream) {
  const rows = [];
  for await (const row of stream) rows.push(row);
  return rows;
}

describe.each(engines)('a stream at $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let dialect;
  let Item;

  beforeAll(async () => {
    sequelize = engine.connect({ pool: { max: 3 } });
    dialect = PhantomDBDialect.of(sequelize);
    Item = sequelize.define(
      'Item',
      {
        number: { type: DataTypes.INTEGER, field: 'the_number' },
        price: DataTypes.DECIMAL(9, 2),
        seenAt: DataTypes.DATE,
        tags: DataTypes.JSON,
      },
      { paranoid: true, scopes: { small: { where: { number: 1 } } } },
    );
    Item.hasMany(sequelize.define('Part', {}));
    await sequelize.sync();
  });

  const seenAt = new Date('2024-01-02T03:04:05.678Z');
  beforeEach(async () => {
    await Item.destroy({ where: {}, force: true });
    await Item.bulkCreate(upTo(600).map((number) => ({ number, price: '1.50', seenAt, tags: { number } })));
  });

  /** Fails when a stream has left its transaction, and with it its session, behind. */
  afterEach(async () => {
    await Promise.all(upTo(3).map(() => sequelize.transaction({ type: 'IMMEDIATE' }, async () => {})));
  });

  test('gives the instances of findAll, or its raw rows, in their order', async () => {
    const options = { where: { number: { [Sequelize.Op.gt]: 20 } }, order: [['number', 'DESC']] };
    for (const raw of [false, true]) {
      const found = await Item.findAll({ ...options, raw });
      const streamed = await all(dialect.stream(Item, { ...options, raw }));
      expect(streamed).toHaveLength(580);
      expect(streamed).toEqual(found);
      expect(streamed[0] instanceof Item).toBe(!raw);
    }
    const some = { attributes: ['number', 'tags'], where: { number: 7 } };
    const [item] = await all(dialect.stream(Item, some));
    expect(item.get({ plain: true })).toEqual({ number: 7, tags: { number: 7 } });
    expect(item.isNewRecord).toBe(false);
  });

  test.each([1, 100, 600, 601])('reads pages of %d rows', async (pageSize) => {
    const limit = pageSize === 1 ? 5 : 600;
    const streamed = await all(dialect.stream(Item, { order: ['id'], limit, pageSize, raw: true }));
    expect(streamed.map(({ number }) => number)).toEqual(upTo(limit));
  });

  test('keeps to scopes, paranoid models and hooks', async () => {
    expect(await all(dialect.stream(Item.scope('small')))).toHaveLength(1);
    await Item.destroy({ where: { number: 1 } });
    expect(await all(dialect.stream(Item.scope('small')))).toEqual([]);
    expect(await all(dialect.stream(Item.scope('small'), { paranoid: false }))).toHaveLength(1);
    Item.addHook('beforeFind', 'two', (options) => {
      options.where = { number: 2 };
    });
    const streamed = await all(dialect.stream(Item, { raw: true }));
    Item.removeHook('beforeFind', 'two');
    expect(streamed.map(({ number }) => number)).toEqual([2]);
  });

  test('reads the state of its beginning, whatever others write meanwhile', async () => {
    const seen = [];
    for await (const item of dialect.stream(Item, { order: ['id'], pageSize: 50 })) {
      if (seen.length === 0) await Item.update({ number: 0 }, { where: {} });
      seen.push(item.number);
    }
    expect(seen).toEqual(upTo(600));
    expect(await Item.count({ where: { number: 0 } })).toBe(600);
  });

  test('reads within a transaction what that has written, and lets it write in the loop', async () => {
    await sequelize.transaction(async (transaction) => {
      await Item.destroy({ where: { number: { [Sequelize.Op.gt]: 100 } }, force: true, transaction });
      let count = 0;
      for await (const item of dialect.stream(Item, { order: ['id'], pageSize: 30, transaction })) {
        count++;
        await item.update({ number: item.number + 1000 }, { transaction });
      }
      expect(count).toBe(100);
      expect(await Item.count({ where: { number: { [Sequelize.Op.gt]: 1000 } }, transaction })).toBe(100);
    });
    expect(await Item.count()).toBe(100);
  });

  test('can be left, and read several at a time', async () => {
    for await (const item of dialect.stream(Item, { order: ['id'], pageSize: 10 })) {
      if (item.number === 15) break;
    }
    const streams = await Promise.all(upTo(3).map(() => all(dialect.stream(Item, { raw: true }))));
    expect(streams.map((rows) => rows.length)).toEqual([600, 600, 600]);
    await sequelize.transaction(async (transaction) => {
      for await (const _item of dialect.stream(Item, { transaction, pageSize: 10 })) break;
      expect(await Item.count({ transaction })).toBe(600);
    });
  });

  test('ends when its signal is aborted', async () => {
    const controller = new AbortController();
    const seen = [];
    const reading = async () => {
      const options = { order: ['id'], pageSize: 10, raw: true, signal: controller.signal };
      for await (const { number } of dialect.stream(Item, options)) {
        seen.push(number);
        if (number === 25) controller.abort();
      }
    };
    await expect(reading()).rejects.toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' });
    expect(seen).toEqual(upTo(25));
    const never = dialect.stream(Item, { signal: controller.signal });
    await expect(all(never)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('throws an error in the middle where it happens, after the rows before it', async () => {
    const seen = [];
    const reading = async () => {
      const tenth = sequelize.literal('1000 / (300 - the_number)');
      const options = {
        attributes: ['number', [tenth, 'part']],
        where: { number: upTo(300) },
        pageSize: 50,
        raw: true,
      };
      for await (const { number } of dialect.stream(Item, options)) seen.push(number);
    };
    await expect(reading()).rejects.toMatchObject({
      name: 'SequelizeDatabaseError',
      original: { code: 'OUT_OF_RANGE' },
    });
    expect(seen).toHaveLength(250);
    await expect(all(dialect.stream(Item, { where: { missing: 1 } }))).rejects.toMatchObject({
      original: { code: 'UNKNOWN_COLUMN' },
    });
  });

  test('refuses what it cannot do, by its name', async () => {
    await expect(all(dialect.stream(Item, { include: ['Parts'] }))).rejects.toThrow('does not take include');
    await expect(all(dialect.stream(Item, { plain: true }))).rejects.toThrow('does not take plain');
    await expect(all(dialect.stream(Item, { lock: true }))).rejects.toMatchObject({
      original: { code: 'UNSUPPORTED' },
    });
    for (const pageSize of [0, -1, 1.5, '10']) {
      expect(() => dialect.stream(Item, { pageSize })).toThrow('pageSize');
    }
    for (const model of [undefined, {}, 'Item']) expect(() => dialect.stream(model)).toThrow('stream takes a model');
    const other = engine.connect();
    expect(() => dialect.stream(other.define('Item'))).toThrow('stream takes a model');
  });
});
