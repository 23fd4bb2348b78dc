// Values of which no model tells the type: those of queryInterface, and those beside an expression or a column of an
// association. The engine knows the type.

const { DataTypes, Op, cast, col, fn, where } = require('sequelize');
const { engines } = require('./helpers/engines.js');

describe.each(engines)('values without an attribute on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let queryInterface;
  let Post;
  let Note;

  const rows = () => sequelize.query('SELECT * FROM "Posts" ORDER BY "id"', { type: 'SELECT' });
  const ids = async (condition, options) =>
    (await Post.findAll({ where: condition, order: ['id'], ...options })).map(({ id }) => id);

  beforeEach(async () => {
    sequelize = engine.connect();
    queryInterface = sequelize.getQueryInterface();
    const { ARRAY, INTEGER, JSONB, TEXT } = DataTypes;
    Post = sequelize.define('Post', { n: INTEGER, tags: ARRAY(TEXT), meta: JSONB }, { timestamps: false });
    Note = sequelize.define('Note', { marks: ARRAY(INTEGER) }, { timestamps: false });
    Post.hasMany(Note, { as: 'notes' });
    await sequelize.sync();
  });

  test('queryInterface writes arrays and documents', async () => {
    await queryInterface.bulkInsert('Posts', [{ tags: ['a', 'b"c'] }]);
    await queryInterface.bulkInsert('Posts', [
      { tags: [], meta: { k: [1, null] } },
      { tags: null, meta: [1, 'x'] },
    ]);
    await queryInterface.insert(null, 'Posts', { meta: { m: 1 } });
    await queryInterface.bulkUpdate('Posts', { tags: ['d'], meta: { u: {} } }, { id: 1 });
    await queryInterface.bulkInsert('Notes', [{ marks: [1, 2], PostId: 1 }]);
    expect(await rows()).toEqual([
      { id: 1, n: null, tags: ['d'], meta: { u: {} } },
      { id: 2, n: null, tags: [], meta: { k: [1, null] } },
      { id: 3, n: null, tags: null, meta: [1, 'x'] },
      { id: 4, n: null, tags: null, meta: { m: 1 } },
    ]);
    expect(await Note.findAll({ raw: true })).toEqual([{ id: 1, marks: [1, 2], PostId: 1 }]);
  });

  test('queryInterface refuses what is no value', async () => {
    for (const value of [new Map(), () => 1, Symbol('s')]) {
      await expect(queryInterface.bulkInsert('Posts', [{ n: value }])).rejects.toThrow('Invalid value');
      await expect(queryInterface.bulkInsert('Posts', [{ n: value }, { n: value }])).rejects.toThrow('Invalid value');
      await expect(queryInterface.bulkUpdate('Posts', { n: value }, { id: 1 })).rejects.toThrow('Invalid value');
    }
  });

  describe('in a condition', () => {
    beforeEach(async () => {
      await Post.bulkCreate([
        { n: 1, tags: ['a', 'b'], meta: ['x'] },
        { n: 0, tags: ['c'], meta: { k: 1 } },
      ]);
      await Note.bulkCreate([
        { marks: [1, 2], PostId: 1 },
        { marks: [3], PostId: 2 },
      ]);
    });

    test('the operators of arrays take a column of an association', async () => {
      const withNotes = { include: 'notes' };
      expect(await ids({ '$notes.marks$': { [Op.contains]: [1] } }, withNotes)).toEqual([1]);
      expect(await ids({ '$notes.marks$': { [Op.overlap]: [2, 3] } }, withNotes)).toEqual([1, 2]);
      expect(await ids({ '$notes.marks$': { [Op.contained]: [3, 4] } }, withNotes)).toEqual([2]);
      expect(await ids({ '$notes.marks$': { [Op.eq]: [1, 2] } }, withNotes)).toEqual([1]);
      expect(await ids({ '$notes.marks$': { [Op.ne]: [1, 2] } }, withNotes)).toEqual([2]);
      expect(await ids({ '$notes.marks$': { [Op.contains]: [] } }, withNotes)).toEqual([1, 2]);
    });

    test('they take an expression', async () => {
      expect(await ids(where(col('tags'), { [Op.contains]: ['a'] }))).toEqual([1]);
      expect(await ids(where(col('Post.tags'), Op.overlap, ['c', 'd']))).toEqual([2]);
      expect(await ids(where(col('meta'), { [Op.contains]: ['x'] }))).toEqual([1]);
      expect(await ids(where(fn('string_to_array', 'a,b', ','), { [Op.contained]: ['a', 'b', 'c'] }))).toEqual([1, 2]);
      expect(await ids({ $tags$: { [Op.overlap]: ['b', 'c'] } })).toEqual([1, 2]);
    });

    test('an array is an argument of a function and of a cast', async () => {
      expect(await ids({ tags: { [Op.overlap]: cast(['b"', 'a'], 'text[]') } })).toEqual([1]);
      expect(await ids(where(cast(col('tags'), 'varchar(9)[]'), { [Op.contains]: cast(['c'], 'varchar[]') }))).toEqual([
        2,
      ]);
      expect(await ids({ n: { [Op.eq]: fn('any', cast([1, 3], 'integer[]')) } })).toEqual([1]);
      expect(await ids({ tags: cast([], 'text[]') })).toEqual([]);
      await Post.update({ tags: fn('array_cat', col('tags'), ['d', "e'"]) }, { where: { n: 0 } });
      const attributes = ['tags', [fn('cardinality', [1, 2, 3]), 'count'], [cast('{4}', 'int[]'), 'numbers']];
      expect(await Post.findOne({ attributes, where: { n: 0 }, raw: true })).toEqual({
        tags: ['c', 'd', "e'"],
        count: 3,
        numbers: [4],
      });
    });

    test('they work without a model', async () => {
      const found = await queryInterface.select(null, 'Posts', { where: { tags: { [Op.contains]: ['c'] } } });
      expect(found.map(({ id }) => id)).toEqual([2]);
      await queryInterface.bulkDelete('Posts', { tags: { [Op.overlap]: ['a'] } });
      expect((await rows()).map(({ id }) => id)).toEqual([2]);
    });

    test('a boolean beside a number is the number, however the condition is sent', async () => {
      expect(await ids({ n: true })).toEqual([1]);
      expect(await ids({ n: { [Op.lt]: true } })).toEqual([2]);
      expect(await ids({ n: [true, false] })).toEqual([1, 2]);
      expect(await Post.count({ where: { n: true } })).toBe(1);
    });
  });
});
