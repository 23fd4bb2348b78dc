// Op.or, Op.and and Op.not over objects on a JSON attribute mean what the SQL of Sequelize's own postgres dialect means.

const { DataTypes, Op } = require('sequelize');
const { engines } = require('./helpers/engines');

describe.each(engines)('conditions on documents on $name', ({ start }) => {
  const engine = start();
  let Thing;

  beforeAll(async () => {
    const sequelize = engine.connect();
    Thing = sequelize.define('Thing', { j: DataTypes.JSONB, n: DataTypes.INTEGER }, { timestamps: false });
    await Thing.sync();
    await Thing.bulkCreate([
      { j: { x: 1 }, n: 1 },
      { j: { x: 3, y: 2 }, n: 2 },
      { j: { a: { x: 1 } }, n: 3 },
      { j: { a: { y: 2, z: null } }, n: 4 },
      { j: 'text', n: 5 },
      { j: null, n: 6 },
    ]);
  });

  test.each([
    ['or of paths', { j: { [Op.or]: [{ x: 1 }, { y: 2 }] } }, [1, 2]],
    ['or of an object', { j: { [Op.or]: { x: 1, y: 2 } } }, [1, 2]],
    ['and of paths', { j: { [Op.and]: [{ y: 2 }, { x: { [Op.gt]: 2 } }] } }, [2]],
    ['or of a path with several keys', { j: { [Op.or]: [{ x: 3, y: 2 }, { a: { x: 1 } }] } }, [2, 3]],
    ['or of a path and the whole document', { j: { [Op.or]: [{ x: 1 }, 'text'] } }, [1, 5]],
    ['or of containments', { j: { [Op.or]: [{ [Op.contains]: { y: 2 } }, { [Op.contains]: { a: {} } }] } }, [2, 3, 4]],
    ['or within or', { j: { [Op.or]: [{ x: { [Op.or]: [1, 3] } }, { a: { x: { [Op.not]: 2 } } }] } }, [1, 2, 3]],
    ['or beside a path', { j: { [Op.or]: [{ x: 1 }, { x: 3 }], y: 2 } }, [2]],
    ['or of paths below a path', { j: { a: { [Op.or]: [{ x: 1 }, { y: 2 }] } } }, [3, 4]],
    ['not a document', { j: { [Op.not]: { x: 1 } } }, [2, 3, 4, 5]],
    ['not equal to a document', { j: { [Op.ne]: { x: 1 } } }, [2, 3, 4, 5]],
    ['not one of documents', { j: { [Op.not]: [{ x: 1 }, { x: 3, y: 2 }] } }, [3, 4, 5]],
    ['not a document below a path', { j: { a: { [Op.not]: { x: 1 } } } }, [4]],
    ['a document below a path', { j: { a: { [Op.eq]: { y: 2, z: null } } } }, [4]],
    ['not a condition', { [Op.not]: { j: { x: 1 } } }, [2]],
    ['a dotted key', { 'j.a': { [Op.or]: [{ x: 1 }, { y: 2 }] } }, [3, 4]],
  ])('%s', async (_, where, expected) => {
    const found = await Thing.findAll({ where, order: ['n'] });
    expect(found.map(({ n }) => n)).toEqual(expected);
  });

  test('conditions may be nested deeply, and no more than a query can be', async () => {
    const nested = (levels) => {
      let where = { n: 1 };
      for (let level = 0; level < levels; level++) {
        where = level % 2 ? { [Op.and]: [where, { n: 1 }] } : { [Op.or]: [where, { j: { x: level } }] };
      }
      return where;
    };
    for (const levels of [60, 90]) expect(await Thing.count({ where: nested(levels) })).toBe(1);
    await expect(Thing.count({ where: nested(400) })).rejects.toThrow(/nested deeper than 100 levels/);
    expect(await Thing.count({ where: { n: 1 } })).toBe(1);
  });
});
