'use strict';

// More rows and more values than a statement has parameters: rows travel beside an INSERT, and a list is one parameter.

const { DataTypes, Op, Sequelize } = require('sequelize');
const { engines } = require('./helpers/engines');

const range = (length, make = (n) => n) => Array.from({ length }, (_, n) => make(n));

describe.each(engines)('many values on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Item;
  let Wide;
  let Parent;
  let Child;

  const item = (n) => ({ code: n, name: `item ${n}` });

  beforeAll(async () => {
    sequelize = engine.connect();
    Item = sequelize.define(
      'Item',
      { code: { type: DataTypes.INTEGER, unique: true, field: 'item_code' }, name: DataTypes.STRING(20) },
      { timestamps: false },
    );
    Wide = sequelize.define(
      'Wide',
      {
        text: DataTypes.STRING,
        long: DataTypes.TEXT,
        whole: DataTypes.INTEGER,
        big: DataTypes.BIGINT,
        exact: DataTypes.DECIMAL(10, 2),
        flag: DataTypes.BOOLEAN,
        at: DataTypes.DATE,
        key: DataTypes.UUID,
        document: DataTypes.JSON,
        bytes: DataTypes.BLOB,
        status: { type: DataTypes.STRING, defaultValue: 'new' },
      },
      { timestamps: false },
    );
    Parent = sequelize.define('Parent', { name: DataTypes.STRING }, { timestamps: false });
    Child = sequelize.define('Child', { rank: DataTypes.INTEGER }, { timestamps: false });
    Parent.hasMany(Child, { foreignKey: 'parentId', as: 'children' });
    await sequelize.sync({ force: true });
  });

  beforeEach(() => Item.truncate({ restartIdentity: true }));

  test('17,000 rows are created, with their keys in order', async () => {
    const items = await Item.bulkCreate(range(17_000, item));
    const first = items[0].id;
    expect(items.every(({ id, code, name }, n) => id === first + n && code === n && name === `item ${n}`)).toBe(true);
    expect(await Item.count()).toBe(17_000);
    const last = await Item.findOne({ where: { code: 16_999 }, raw: true });
    expect(last).toEqual({ id: first + 16_999, code: 16_999, name: 'item 16999' });
  });

  test('10,000 rows of values of each type come back as they were given', async () => {
    const wide = (n) => ({
      text: `text ${n}`,
      long: `"quoted" \\ {${n}} 'é👩‍👩‍👧'\n`,
      whole: n,
      big: `${9007199254740993n + BigInt(n)}`,
      exact: `${n}.25`,
      flag: n % 2 === 0,
      at: new Date(Date.UTC(2026, 0, 1, 0, 0, n)),
      key: `0193c2c5-8f0b-7e0f-8c0a-${String(n).padStart(12, '0')}`,
      document: { n, list: [1, null, 'x'] },
      bytes: Buffer.from([0, 255, n % 256]),
      status: n % 3 === 0 ? null : `status ${n}`,
    });
    const created = await Wide.bulkCreate(range(10_000, wide));
    const found = await Wide.findAll({ order: ['id'], offset: 9_990 });
    expect(found.map((row) => row.get({ plain: true }))).toEqual(
      range(10, (n) => ({ id: created[9_990 + n].id, ...wide(9_990 + n) })),
    );
  });

  test('instances have the values that the database has made of theirs', async () => {
    const at = new Date('2026-01-01T00:00:00.123Z');
    const given = range(3, (n) => ({ text: `${n}`, whole: n + 0.4, exact: 1.5, flag: true, at, document: { n } }));
    const created = await Wide.bulkCreate(given);
    expect(created.map((row) => row.get({ plain: true }))).toEqual(
      (await Wide.findAll({ where: { id: created.map(({ id }) => id) }, order: ['id'] })).map((row) => row.get()),
    );
    expect(created[2]).toMatchObject({ whole: 2, exact: '1.50', status: 'new', bytes: null });
    const rows = await sequelize
      .getQueryInterface()
      .bulkInsert('Wides', [{ text: 'a' }, { text: 'b' }], { returning: ['id', 'text'] }, Wide.rawAttributes);
    expect(rows).toEqual([
      { id: created[2].id + 1, text: 'a' },
      { id: created[2].id + 2, text: 'b' },
    ]);
  });

  test('a row that leaves a column out gets its default, whatever other rows have', async () => {
    await sequelize.getQueryInterface().bulkInsert(
      'Items',
      range(300, (n) => (n % 2 === 0 ? { item_code: n, name: `even ${n}` } : { item_code: n })),
    );
    const rows = await Item.findAll({ where: { code: [7, 8] }, order: ['code'], raw: true });
    expect(rows.map(({ code, name }) => [code, name])).toEqual([
      [7, null],
      [8, 'even 8'],
    ]);
  });

  test('SQL that each row has is inserted with the values', async () => {
    const rows = range(200, (n) => ({ item_code: n, name: Sequelize.literal("upper('same')") }));
    rows[150].name = Sequelize.fn('lower', 'OTHER');
    await sequelize.getQueryInterface().bulkInsert('Items', rows);
    await sequelize.getQueryInterface().bulkInsert(
      'Items',
      range(200, (n) => ({ item_code: 200 + n, name: Sequelize.literal("upper('same')") })),
    );
    expect(await Item.count({ where: { name: 'SAME' } })).toBe(399);
    expect((await Item.findOne({ where: { name: 'other' } })).code).toBe(150);
  });

  test('rows that are there are updated or ignored', async () => {
    await Item.bulkCreate(range(500, item));
    const changed = range(1_000, (n) => ({ code: n, name: `new ${n}` }));
    const updated = await Item.bulkCreate(changed, { updateOnDuplicate: ['name'] });
    expect(await Item.findOne({ where: { code: 7 }, raw: true })).toMatchObject({ name: 'new 7', id: updated[7].id });
    expect(await Item.count({ where: { name: { [Op.startsWith]: 'new ' } } })).toBe(1_000);
    await Item.bulkCreate(
      range(1_200, (n) => ({ code: n, name: 'ignored' })),
      { ignoreDuplicates: true },
    );
    expect(await Item.count({ where: { name: 'ignored' } })).toBe(200);
    expect(await Item.count()).toBe(1_200);
  });

  test('the columns that were asked for come back', async () => {
    const returned = await Item.bulkCreate(range(500, item), { returning: ['id', 'name'] });
    expect(returned[499].name).toBe('item 499');
    expect(returned.map(({ id }) => id)).toEqual(range(500, (n) => returned[0].id + n));
  });

  test('one bad row undoes all, and the error has its value', async () => {
    const twice = range(1_000, item);
    twice[800] = { code: 7, name: 'again' };
    const unique = await Item.bulkCreate(twice).catch((error) => error);
    expect(unique).toBeInstanceOf(Sequelize.UniqueConstraintError);
    expect(Number(unique.fields.item_code)).toBe(7);
    expect(Number(unique.errors[0].value)).toBe(7);
    const long = range(1_000, item);
    long[800].name = 'longer than twenty characters';
    await expect(Item.bulkCreate(long)).rejects.toThrow(/too long|longer/);
    expect(await Item.count()).toBe(0);
  });

  test('the error of a single row has its value, too', async () => {
    await Item.create(item(1));
    const error = await Item.bulkCreate([item(1)]).catch((failure) => failure);
    expect(error).toBeInstanceOf(Sequelize.UniqueConstraintError);
    expect(Number(error.fields.item_code)).toBe(1);
  });

  test('rows are inserted in a transaction, which can be rolled back', async () => {
    const transaction = await sequelize.transaction();
    await Item.bulkCreate(range(2_000, item), { transaction });
    await expect(Item.bulkCreate(range(200, item), { transaction })).rejects.toThrow(Sequelize.UniqueConstraintError);
    expect(await Item.count({ transaction })).toBe(2_000);
    await transaction.rollback();
    expect(await Item.count()).toBe(0);
  });

  describe('lists', () => {
    const many = range(40_000, (n) => n + 10);

    beforeEach(() => Item.bulkCreate([...range(20, item), { code: null, name: 'none' }]));

    test('40,000 values are looked for', async () => {
      expect(await Item.count({ where: { code: many } })).toBe(10);
      expect(await Item.count({ where: { code: { [Op.notIn]: many } } })).toBe(10);
      expect(await Item.count({ where: { code: { [Op.notIn]: [...many, null] } } })).toBe(0);
      expect(await Item.count({ where: { code: { [Op.not]: many } } })).toBe(10);
      expect(await Item.count({ where: { code: { [Op.any]: many } } })).toBe(10);
      expect(await Item.count({ where: { code: { [Op.ne]: { [Op.all]: many } } } })).toBe(10);
      const where = Sequelize.where(Sequelize.fn('abs', Sequelize.col('item_code')), Op.in, many);
      expect(await Item.count({ where })).toBe(10);
      expect(await Item.count({ where: { name: range(40_000, (n) => `item ${n + 15}`) } })).toBe(5);
    });

    test('rows of 40,000 keys are updated and deleted', async () => {
      const [count] = await Item.update({ name: 'changed' }, { where: { code: many } });
      expect(count).toBe(10);
      expect(await Item.destroy({ where: { code: many, name: 'changed' } })).toBe(10);
      expect(await Item.count()).toBe(11);
    });

    test('values are compared as the type of their column', async () => {
      await Wide.truncate();
      const at = new Date('2026-01-01T00:00:00Z');
      const key = '0193c2c5-8f0b-7e0f-8c0a-0123456789ab';
      await Wide.bulkCreate([
        { text: 'a', big: '9007199254740993', exact: '1.50', flag: true, at, key, bytes: Buffer.from('a') },
        { text: 'b', big: '5', exact: '2', flag: false, at: new Date(0), bytes: Buffer.from('b') },
      ]);
      const other = range(200);
      for (const where of [
        { text: [...other.map(String), 'a'] },
        { big: [...other.map((n) => n + 100), 9007199254740993n] },
        { exact: [...other.map((n) => n + 100), '1.5'] },
        { flag: [...other.map(() => true), true] },
        { at: [...other.map((n) => new Date(n + 1)), at] },
        { key: [...other.map((n) => `0193c2c5-8f0b-7e0f-8c0a-${String(n).padStart(12, '0')}`), key] },
        { bytes: [...other.map((n) => Buffer.from([n, 1])), Buffer.from('a')] },
      ]) {
        const found = await Wide.findAll({ where, attributes: ['text'], raw: true });
        expect([Object.keys(where)[0], found]).toEqual([Object.keys(where)[0], [{ text: 'a' }]]);
      }
    });

    test('a number that the column cannot hold equals none, in a list of any length', async () => {
      for (const length of [2, 150]) {
        for (const beyond of [3e9, '3000000000', 1e20, 1.5]) {
          const code = [...range(length, (n) => n + 1000), 4, beyond];
          await expect(Item.count({ where: { code } })).resolves.toBe(1);
          await expect(Item.count({ where: { code: { [Op.notIn]: code } } })).resolves.toBe(19);
        }
      }
    });

    test('a long list has SQL of the user among its values, as a short one', async () => {
      for (const length of [2, 150]) {
        const code = [...range(length, (n) => n + 1000), Sequelize.literal('1 + 2'), 4];
        const found = await Item.findAll({ where: { code }, order: ['code'] });
        expect(found.map((one) => one.code)).toEqual([3, 4]);
        await expect(Item.count({ where: { code: { [Op.notIn]: code } } })).resolves.toBe(18);
      }
    });

    test('numbers in a document are compared with a list', async () => {
      await Wide.truncate();
      await Wide.bulkCreate(range(300, (n) => ({ text: `${n}`, document: { n } })));
      expect(await Wide.count({ where: { 'document.n': range(200) } })).toBe(200);
    });

    test('conditions of more values than a statement has parameters', async () => {
      const pairs = range(9_000, (n) => ({ code: n, name: [`item ${n}`, `ITEM ${n}`, `Item ${n}`] }));
      expect(await Item.count({ where: { [Op.or]: pairs } })).toBe(20);
    }, 60_000);
  });

  test('the children of 34,000 parents are included separately', async () => {
    const parents = await Parent.bulkCreate(range(34_000, (n) => ({ name: `${n}` })));
    await Child.bulkCreate(range(100, (n) => ({ rank: n % 2, parentId: parents[n * 340].id })));
    const include = { model: Child, as: 'children', separate: true };
    const found = await Parent.findAll({ include, order: ['id'] });
    expect(found.filter(({ children }) => children.length === 1)).toHaveLength(100);
    expect(found[340].children[0].parentId).toBe(parents[340].id);
    const where = { id: { [Op.lte]: parents[680].id } };
    const limited = await Parent.findAll({ where, include: { ...include, limit: 1 }, order: ['id'] });
    expect(limited.filter(({ children }) => children.length === 1)).toHaveLength(3);
  });
});
