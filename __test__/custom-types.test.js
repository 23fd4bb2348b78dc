const { DataTypes, Utils } = require('sequelize');
const { engines } = require('./helpers/engines.js');

/** A type as "Extending data types" of Sequelize's guide has it: what is not mandatory is left out. */
class PLAIN extends DataTypes.ABSTRACT {
  toSql() {
    return 'VARCHAR(20)';
  }
}
PLAIN.prototype.key = PLAIN.key = 'PLAIN';

class TEMPERATURE extends DataTypes.ABSTRACT {
  toSql() {
    return 'INTEGER';
  }

  validate(value) {
    if (Number.isNaN(Number.parseFloat(value))) throw new Error(`${value} is no temperature`);
    return true;
  }

  _stringify(value) {
    return String(Math.round(Number.parseFloat(value)));
  }
}
TEMPERATURE.prototype.key = TEMPERATURE.key = 'TEMPERATURE';

class POINT extends DataTypes.ABSTRACT {
  toSql() {
    return 'TEXT';
  }

  _stringify({ x, y }) {
    return `${x};${y}`;
  }

  static parse(value) {
    const [x, y] = value.split(';').map(Number);
    return { x, y };
  }
}
POINT.prototype.key = POINT.key = 'POINT';
POINT.types = { phantomdb: ['POINT'] };

describe.each(engines)('types of the user on $name', ({ start }) => {
  const engine = start();
  let Place;

  beforeAll(async () => {
    Object.assign(DataTypes, {
      PLAIN: Utils.classToInvokable(PLAIN),
      TEMPERATURE: Utils.classToInvokable(TEMPERATURE),
      POINT: Utils.classToInvokable(POINT),
    });
    const sequelize = engine.connect({ typeValidation: true });
    sequelize.refreshTypes();
    Place = sequelize.define(
      'Place',
      { name: DataTypes.PLAIN, degrees: new DataTypes.TEMPERATURE(), at: DataTypes.POINT },
      { timestamps: false },
    );
    await Place.sync();
  });
  afterAll(() => {
    Place.sequelize.connectionManager._clearTypeParser();
    for (const { key } of [PLAIN, TEMPERATURE, POINT]) delete DataTypes[key];
  });
  beforeEach(() => Place.truncate());

  test('are columns of the type that they say', async () => {
    const described = await Place.describe();
    expect([described.name.type, described.degrees.type, described.at.type]).toEqual([
      'VARCHAR(20)',
      'INTEGER',
      'TEXT',
    ]);
  });

  test('are written, found and read without `parse`', async () => {
    const { id } = await Place.create({ name: "O'Hara", degrees: '21.4' });
    await Place.bulkCreate([{ name: 'second', degrees: 3 }, { name: null }]);
    expect(await Place.findByPk(id, { raw: true })).toEqual({ id, name: "O'Hara", degrees: 21, at: null });
    expect(await Place.count({ where: { name: ["O'Hara", 'second'] } })).toBe(2);
    expect(await Place.findOne({ where: { degrees: '2.9' }, raw: true })).toMatchObject({ name: 'second' });
    await Place.update({ name: 'renamed' }, { where: { name: "O'Hara" } });
    expect((await Place.findByPk(id)).name).toBe('renamed');
    await expect(Place.create({ degrees: 'warm' })).rejects.toThrow('warm is no temperature');
  });

  test('are read by their `parse`', async () => {
    await Place.create({ at: { x: 1, y: 2.5 } });
    expect((await Place.findOne()).at).toEqual({ x: 1, y: 2.5 });
  });
});
