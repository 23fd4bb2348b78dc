'use strict';

// New instances that `build` makes without Sequelize's constructor (`sequelize/shortcuts/build.js`), compared property by
// property with those that the constructor makes of the same values.

const { PhantomDBDialect } = require('..');
const { described } = require('./helpers/described.js');
const { lib } = require('./helpers/sequelize.js');

const { DataTypes, Model, Sequelize, fn, literal } = lib;

const dialect = new PhantomDBDialect('memory:');
const sequelize = new Sequelize('new', null, null, { dialect, logging: false });
afterAll(() => sequelize.close());

const isShared = (value) => value === sequelize || value instanceof DataTypes.ABSTRACT;

/** How many instances Sequelize's constructor has made. It reads this property of each instance's class. */
let constructed = 0;
Object.defineProperty(Model, '_overwrittenAttributesChecked', { get: () => ++constructed, set() {} });

const Upper = sequelize.define('Upper', {
  name: {
    type: DataTypes.STRING,
    set(value) {
      this.setDataValue('name', value.toUpperCase());
    },
  },
});

describe('a new instance is the same as that of the constructor', () => {
  let made = 0;
  const Made = () =>
    sequelize.models.Made ??
    sequelize.define(
      'Made',
      {
        name: DataTypes.STRING,
        count: { type: DataTypes.INTEGER, defaultValue: 7 },
        number: { type: DataTypes.INTEGER, defaultValue: () => made++ },
        isGood: { type: DataTypes.BOOLEAN, defaultValue: 'true' },
        place: { type: DataTypes.JSON, defaultValue: { at: [1, { two: 2 }] } },
        list: { type: DataTypes.JSON, defaultValue: [1, { two: 2 }] },
        day: DataTypes.DATEONLY,
        when: DataTypes.DATE,
        since: { type: DataTypes.DATE, defaultValue: new Date(5) },
        amount: { type: DataTypes.DECIMAL, defaultValue: literal('1 + 1') },
        createdAt: { type: DataTypes.DATE, defaultValue: new Date(6) },
        virtual: DataTypes.VIRTUAL,
      },
      { paranoid: true },
    );

  const VALUES = {
    none: {},
    'a value': { name: 'Ada' },
    'every value': {
      id: 5,
      name: 'Ada',
      count: 8,
      number: 9,
      isGood: 'false',
      place: { at: 1 },
      list: [],
      day: '2024-02-29',
      when: '2024-02-29T13:14:15Z',
      since: new Date(9),
      amount: '1.5',
      createdAt: new Date(10),
      updatedAt: 11,
      deletedAt: null,
      virtual: { any: 1 },
    },
    undefined: { name: undefined, count: undefined, id: undefined },
    nulls: { name: null, count: null, place: null, day: null, when: null, isGood: null },
    'what the default is': {
      count: 7,
      place: { at: [1, { two: 2 }] },
      list: [1, { two: 2 }],
      since: new Date(5),
      id: null,
    },
    'no number': { count: Number.NaN },
    'no attribute': { other: 1, toString: 2 },
    'a literal': { name: literal("'a'"), isGood: fn('now'), when: fn('now') },
    'a day that there is not': { day: '2023-02-29', when: 'never' },
    'a Date for a day': { day: new Date('2024-02-29T12:00:00Z') },
    'a path into a document': { 'place.at': 2 },
    'a symbol': { [Symbol.for('own')]: 1, name: 'Ada' },
  };
  const OPTIONS = {
    'no options': undefined,
    'some attributes': { attributes: ['name', ['any', 'count'], 'virtual'] },
    'no includes': { include: undefined, silent: undefined, raw: undefined },
    'raw values': { raw: true },
    'an old row': { isNewRecord: false },
  };

  const CASES = Object.keys(VALUES).flatMap((values) => Object.keys(OPTIONS).map((options) => [values, options]));
  test.each(CASES)('of %s, with %s', (values, options) => {
    const Class = Made();
    made = 0;
    const theirs = described(new Class(VALUES[values], OPTIONS[options]), isShared);
    made = 0;
    const ours = Class.build(VALUES[values], OPTIONS[options]);
    expect(described(ours, isShared)).toEqual(theirs);
    expect(made).toBeLessThanOrEqual(1);
  });

  test('where a class has a setter', () => {
    const values = { name: 'ada' };
    expect(described(Upper.build(values), isShared)).toEqual(described(new Upper(values), isShared));
    expect(Upper.build(values).name).toBe('ADA');
  });

  test('for several sets of values', () => {
    const Class = Made();
    const sets = [{ name: 'Ada' }, { name: 'Grace', count: 1 }];
    made = 0;
    const ours = Class.bulkBuild(sets);
    made = 0;
    const theirs = sets.map((values) => new Class(values, { isNewRecord: true }));
    expect(described(ours, isShared)).toEqual(described(theirs, isShared));
  });

  test('without the constructor, unless a class has its own', () => {
    const Class = Made();
    constructed = 0;
    Class.build({ name: 'Ada' });
    expect(constructed).toBe(0);
    class WithField extends Model {
      seen = [];
    }
    WithField.init({ name: DataTypes.STRING }, { sequelize, modelName: 'BuiltWithField' });
    expect(WithField.build({ name: 'Ada' }).seen).toEqual([]);
  });

  test('and shares no default with another one', () => {
    const [one, other] = [Made().build(), Made().build()];
    one.place.at[1].two = 3;
    expect(other.place).toEqual({ at: [1, { two: 2 }] });
  });
});
