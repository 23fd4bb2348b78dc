// DataTypes.ARRAY: values, conditions, and the description of the column.

const { Sequelize, DataTypes, Op } = require('sequelize');
const { engines } = require('./helpers/engines');
const { attribute, typescriptType } = require('../sequelize/models/attributes.js');

const { col, fn, literal } = Sequelize;
const ids = (rows) => rows.map(({ id }) => id);

describe.each(engines)('arrays on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Post;

  beforeAll(async () => {
    sequelize = engine.connect();
    Post = sequelize.define(
      'Post',
      {
        tags: { type: DataTypes.ARRAY(DataTypes.STRING(20)), allowNull: false, defaultValue: ['new', 'it"s'] },
        scores: DataTypes.ARRAY(DataTypes.INTEGER),
        prices: DataTypes.ARRAY(DataTypes.DECIMAL(10, 2)),
        flags: DataTypes.ARRAY(DataTypes.BOOLEAN),
        times: DataTypes.ARRAY(DataTypes.DATE),
        large: DataTypes.ARRAY(DataTypes.BIGINT),
        documents: DataTypes.ARRAY(DataTypes.JSONB),
        grid: DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.INTEGER)),
      },
      { timestamps: false },
    );
    await sequelize.sync({ force: true });
    await Post.bulkCreate([
      { id: 1, tags: ['a', 'b'], scores: [1, 2], prices: ['1.5', 2] },
      { id: 2, tags: ['b', 'c d'], scores: [2, null, 3], prices: [] },
      { id: 3, tags: [], scores: null },
    ]);
  });

  const found = async (where) => ids(await Post.findAll({ where, attributes: ['id'], order: ['id'] }));

  test('values come back as they were given', async () => {
    const given = {
      tags: ['x', 'a "quoted" \\ one', 'NULL', '{}', ''],
      scores: [-1, null],
      prices: ['0.10', '12345678.99'],
      flags: [true, false, null],
      times: ['2026-01-02T03:04:05.006Z'],
      large: ['9007199254740993', 1],
      documents: [{ a: [1, 'x'] }, [2], 'text', null],
      grid: [
        [1, 2],
        [3, 4],
      ],
    };
    const { id } = await Post.create({ ...given, id: 7, times: [new Date(given.times[0])] });
    expect((await Post.findByPk(id, { raw: true })) ?? {}).toMatchObject(given);
    const instance = await Post.findByPk(id);
    await instance.update({ tags: [...instance.tags, 'more'], scores: [] });
    await instance.reload();
    expect([instance.tags.length, instance.scores]).toEqual([6, []]);
    await instance.destroy();
  });

  test('a default is an array', async () => {
    const post = await Post.create({ id: 9 });
    expect((await post.reload()).tags).toEqual(['new', 'it"s']);
    await sequelize.query('INSERT INTO "Posts" ("id") VALUES (10)');
    expect((await Post.findByPk(10)).tags).toEqual(['new', 'it"s']);
    await Post.destroy({ where: { id: [9, 10] } });
  });

  test('conditions compare arrays', async () => {
    expect(await found({ tags: { [Op.contains]: ['b'] } })).toEqual([1, 2]);
    expect(await found({ tags: { [Op.contained]: ['a', 'b', 'z'] } })).toEqual([1, 3]);
    expect(await found({ tags: { [Op.overlap]: ['c d', 'q'] } })).toEqual([2]);
    expect(await found({ tags: ['a', 'b'] })).toEqual([1]);
    expect(await found({ tags: { [Op.eq]: [] } })).toEqual([3]);
    expect(await found({ tags: { [Op.ne]: ['a', 'b'] } })).toEqual([2, 3]);
    expect(await found({ tags: { [Op.not]: ['a', 'b'] } })).toEqual([2, 3]);
    expect(await found({ scores: { [Op.contains]: [2] } })).toEqual([1, 2]);
    expect(await found({ prices: { [Op.contains]: ['2.00'] } })).toEqual([1]);
    expect(await found({ scores: null })).toEqual([3]);
    expect(await found({ [Op.or]: [{ scores: { [Op.overlap]: [1] } }, { tags: [] }] })).toEqual([1, 3]);
    expect(await found({ id: { [Op.any]: [1, 3] } })).toEqual([1, 3]);
    expect(await found(literal(`'a' = ANY ("tags")`))).toEqual([1]);
    expect(await found(Sequelize.where(fn('cardinality', col('tags')), 2))).toEqual([1, 2]);
  });

  test('literals join arrays and read elements', async () => {
    await Post.update({ scores: fn('array_append', col('scores'), 7) }, { where: { id: 1 } });
    await Post.update({ tags: literal(`"tags" || ARRAY['z']`) }, { where: { id: 3 } });
    const attributes = ['scores', 'tags', [literal('"tags"[1]'), 'first']];
    expect(await Post.findAll({ where: { id: [1, 3] }, attributes, order: ['id'], raw: true })).toEqual([
      { scores: [1, 2, 7], tags: ['a', 'b'], first: 'a' },
      { scores: null, tags: ['z'], first: 'z' },
    ]);
    await Post.update({ scores: [1, 2] }, { where: { id: 1 } });
    await Post.update({ tags: [] }, { where: { id: 3 } });
  });

  test('an element that does not fit is refused', async () => {
    const refused = (values) => expect(Post.create(values)).rejects;
    await refused({ scores: ['x'] }).toMatchObject({ original: { code: 'TYPE_MISMATCH' } });
    await refused({ scores: [3e9] }).toMatchObject({ original: { code: 'OUT_OF_RANGE' } });
    await refused({ tags: ['a text of more than twenty characters'] }).toMatchObject({
      original: { code: 'OUT_OF_RANGE' },
    });
    const Enums = sequelize.define('Enums', { it: DataTypes.ARRAY(DataTypes.ENUM('a')) });
    await expect(Enums.sync()).rejects.toThrow('an array of ENUM is not supported');
    sequelize.modelManager.removeModel(Enums);
  });

  test('a table is described with its arrays, and a column becomes one', async () => {
    const queryInterface = sequelize.getQueryInterface();
    const described = await queryInterface.describeTable('Posts');
    expect(described.tags).toMatchObject({ type: 'VARCHAR(20)[]', allowNull: false });
    expect(described.grid.type).toBe('INTEGER[]');
    await queryInterface.addColumn('Posts', 'extra', { type: DataTypes.ARRAY(DataTypes.UUID) });
    await queryInterface.addColumn('Posts', 'other', { type: 'TEXT[]' });
    const { extra, other } = await queryInterface.describeTable('Posts');
    expect([extra.type, other.type]).toEqual(['UUID[]', 'TEXT[]']);
    await queryInterface.removeColumn('Posts', 'extra');
    await queryInterface.removeColumn('Posts', 'other');
  });
});

test('a model is written with its arrays', () => {
  const column = {
    name: 'tags',
    type: 'VARCHAR(20)[]',
    dataType: { name: 'ARRAY', wire: 'json', element: { name: 'VARCHAR', wire: 'string', length: 20 } },
    allowNull: true,
  };
  expect(attribute(column, {})).toBe('tags: { type: DataTypes.ARRAY(DataTypes.STRING(20)) }');
  expect(typescriptType(column)).toBe('Array<string | null>');
});
