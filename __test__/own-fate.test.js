// Calls that are made at the same time travel in one request. Each has its own fate, whatever values the others have.

const { DataTypes, Op, literal } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines');

const BEYOND = '99999999999999999999';
const HALF = 'Hi 🎉'.slice(0, 4);
const WHOLE = 'Hi \ufffd';

describe.each(engines)('each call has its own fate on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Thing;

  beforeAll(async () => {
    sequelize = engine.connect();
    Thing = sequelize.define(
      'Thing',
      {
        small: DataTypes.SMALLINT,
        whole: DataTypes.INTEGER,
        big: DataTypes.BIGINT,
        text: DataTypes.STRING,
        document: DataTypes.JSONB,
      },
      { timestamps: false },
    );
    await Thing.sync();
  });

  beforeEach(async () => {
    await Thing.destroy({ where: {} });
    await Thing.bulkCreate([
      { id: 1001, small: -5, whole: -5, big: -5 },
      { id: 1002, small: 32767, whole: 2147483647, big: '9223372036854775807' },
      { id: 1003 },
    ]);
  });

  const ids = async (where) => (await Thing.findAll({ where, order: ['id'] })).map(({ id }) => id - 1000);

  test('when others are refused', async () => {
    const outcomes = await Promise.allSettled([
      Thing.create({ big: BEYOND }),
      Thing.create({ text: 'mine' }),
      Thing.findAll({ where: literal('nonsense(') }),
      Thing.count({ where: { big: BEYOND } }),
      sequelize.query('SELECT $1 AS text', { bind: [HALF], type: 'SELECT' }),
      sequelize.query('SELECT 1; SELECT $1', { bind: [1] }),
      Thing.findOne({ where: { text: HALF } }),
      Thing.findByPk(1002),
    ]);
    const codes = outcomes.map(({ reason, value }) => reason?.original.code ?? JSON.parse(JSON.stringify(value)));
    expect(codes).toMatchObject([
      'OUT_OF_RANGE',
      { text: 'mine' },
      'SYNTAX_ERROR',
      0,
      [{ text: WHOLE }],
      'BAD_REQUEST',
      null,
      { id: 1002, big: '9223372036854775807' },
    ]);
  });

  test('half a surrogate pair is stored as U+FFFD, wherever it stands', async () => {
    const document = { [HALF]: [HALF, '\\ud83c', '🎉', { deep: HALF }] };
    const stored = { [WHOLE]: [WHOLE, '\\ud83c', '🎉', { deep: WHOLE }] };
    const created = await Thing.create({ text: HALF, document });
    await created.reload();
    expect(created).toMatchObject({ text: WHOLE, document: stored });
    await Thing.bulkCreate([{ text: HALF, document }]);
    await Thing.update({ text: HALF }, { where: { text: WHOLE } });
    for (const where of [
      { text: HALF },
      { text: [HALF] },
      { text: { [Op.startsWith]: HALF } },
      { document: { [Op.eq]: document } },
      { document: { [HALF]: { [Op.contains]: [HALF] } } },
      literal(`text = '${HALF}'`),
    ]) {
      expect(await Thing.count({ where })).toBe(2);
    }
    const [found] = await sequelize.query(
      `SELECT '${HALF}' AS text, :value AS replaced, CAST(:list AS JSONB) AS list, '${HALF}' AS "${HALF}"`,
      { replacements: { value: HALF, list: JSON.stringify([WHOLE]) }, type: 'SELECT' },
    );
    expect(found).toEqual({ text: WHOLE, replaced: WHOLE, list: [WHOLE], [WHOLE]: WHOLE });
    const [bound] = await sequelize.query('SELECT CAST($1 AS JSONB) AS list, CAST($2 AS JSONB) AS object', {
      bind: [[1, HALF], { [HALF]: HALF }],
      type: 'SELECT',
    });
    expect(bound).toEqual({ list: [1, WHOLE], object: { [WHOLE]: WHOLE } });
  });

  test('half a surrogate pair is stored as U+FFFD without Sequelize too', async () => {
    const dialect = new PhantomDBDialect(engine.url);
    const database = engine.database();
    try {
      await dialect.createDatabase(database);
      await dialect.createTable(database, 'plain', { text: 'TEXT', document: 'JSONB' });
      await dialect.insert(database, 'plain', { text: HALF, document: { [HALF]: HALF } });
      const row = { text: WHOLE, document: { [WHOLE]: WHOLE } };
      expect(await dialect.select(database, 'plain', { where: { text: HALF } })).toEqual([row]);
      expect((await dialect.query(database, 'SELECT * FROM plain WHERE text = $1', [HALF])).rows).toEqual([row]);
    } finally {
      await dialect.close();
    }
  });

  test.each(['small', 'whole', 'big'])('a number that %s cannot hold compares as numbers do', async (column) => {
    for (const beyond of [BEYOND, 9223372036854775808n, ...(column === 'big' ? [] : [3e9])]) {
      const cases = [
        [beyond, []],
        [{ [Op.ne]: beyond }, [1, 2]],
        [{ [Op.lt]: beyond }, [1, 2]],
        [{ [Op.gte]: beyond }, []],
        [{ [Op.in]: [beyond, -5] }, [1]],
        [{ [Op.notIn]: [beyond, -5] }, [2]],
        [{ [Op.between]: [`-${beyond}`, beyond] }, [1, 2]],
        [{ [Op.notBetween]: [-5, beyond] }, []],
        [{ [Op.or]: [beyond, -5] }, [1]],
      ];
      for (const [condition, expected] of cases) expect(await ids({ [column]: condition })).toEqual(expected);
      expect(await Thing.findOne({ where: { [column]: beyond } })).toBeNull();
      expect(await Thing.update({ text: 'x' }, { where: { [column]: beyond } })).toEqual([0]);
      expect(await Thing.destroy({ where: { [column]: { [Op.gt]: beyond } } })).toBe(0);
    }
  });

  test.each(['small', 'whole', 'big'])('a number that %s cannot hold is refused as a value', async (column) => {
    const outOfRange = { name: 'SequelizeDatabaseError', original: { code: 'OUT_OF_RANGE' } };
    for (const beyond of [BEYOND, `-${BEYOND}`, 9223372036854775808n]) {
      await expect(Thing.create({ [column]: beyond })).rejects.toMatchObject(outOfRange);
      await expect(Thing.bulkCreate([{ [column]: 1 }, { [column]: beyond }])).rejects.toMatchObject(outOfRange);
      await expect(Thing.update({ [column]: beyond }, { where: { id: 1001 } })).rejects.toMatchObject(outOfRange);
    }
    expect(await ids({})).toEqual([1, 2, 3]);
  });
});
