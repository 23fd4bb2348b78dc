'use strict';

// A Sequelize with models of many kinds, and some rows, for the tests of shortcuts.

const { PhantomDBDialect } = require('../..');
const { lib } = require('./sequelize.js');

const { DataTypes, Model, Sequelize } = lib;

function open() {
  const dialect = new PhantomDBDialect('memory:');
  return new Sequelize('shortcuts', null, null, { dialect, logging: false });
}

/** Makes the tables and their rows. @returns the models by name */
async function defineModels(sequelize) {
  const User = sequelize.define('User', {
    name: DataTypes.STRING,
    email: { type: DataTypes.STRING, unique: true },
    age: DataTypes.INTEGER,
    settings: DataTypes.JSON,
  });
  const Renamed = sequelize.define(
    'Renamed',
    {
      firstName: { type: DataTypes.STRING, field: 'first_name' },
      loud: {
        type: new DataTypes.VIRTUAL(DataTypes.STRING, ['firstName']),
        get() {
          return this.firstName?.toUpperCase();
        },
      },
    },
    { paranoid: true, underscored: true, tableName: 'renamed', schema: 'other' },
  );
  const Keyless = sequelize.define('Keyless', { name: DataTypes.STRING }, { timestamps: false });
  Keyless.removeAttribute('id');
  const Scoped = sequelize.define(
    'Scoped',
    { name: DataTypes.STRING },
    {
      timestamps: false,
      defaultScope: { where: { name: 'Ada' } },
      scopes: {
        short: { attributes: ['name'] },
        owned: { include: 'owner' },
        last: { order: [['id', 'DESC']], limit: 1 },
        many: { group: 'name', attributes: ['name'] },
        needed: { rejectOnEmpty: true },
      },
    },
  );
  const Needed = sequelize.define('Needed', { name: DataTypes.STRING }, { timestamps: false, rejectOnEmpty: true });
  const Checked = sequelize.define(
    'Checked',
    {
      name: { type: DataTypes.STRING, allowNull: false, validate: { len: [2, 5] } },
      note: { type: DataTypes.TEXT, validate: { isLowercase: true } },
      kind: { type: DataTypes.STRING, defaultValue: 'usual' },
      place: { type: DataTypes.JSON, defaultValue: { at: 1 } },
      isGood: { type: DataTypes.BOOLEAN, defaultValue: false },
      loud: {
        type: DataTypes.VIRTUAL,
        set(value) {
          this.setDataValue('name', value.toUpperCase());
        },
      },
    },
    { timestamps: false },
  );
  const Whole = sequelize.define(
    'Whole',
    { low: DataTypes.INTEGER, high: DataTypes.INTEGER },
    {
      createdAt: 'made',
      updatedAt: false,
      validate: {
        inOrder() {
          if (this.low > this.high) throw new Error('low is above high');
        },
      },
    },
  );
  const Dated = sequelize.define('Dated', {
    name: DataTypes.STRING,
    createdAt: { type: DataTypes.DATE, allowNull: false },
    updatedAt: { type: DataTypes.DATE, defaultValue: () => new Date(0), validate: { isDate: true } },
  });
  const Keyed = sequelize.define('Keyed', {
    code: { type: DataTypes.STRING, primaryKey: true, defaultValue: 'first' },
    name: DataTypes.STRING,
  });
  const Made = sequelize.define(
    'Made',
    {
      name: DataTypes.STRING,
      count: { type: DataTypes.INTEGER, defaultValue: 7 },
      isGood: { type: DataTypes.BOOLEAN, defaultValue: 'true' },
      place: { type: DataTypes.JSON, defaultValue: { at: [1, { two: 2 }] } },
      since: { type: DataTypes.DATE, defaultValue: () => new Date(5) },
      day: DataTypes.DATEONLY,
      at: DataTypes.DATE,
      real: DataTypes.DOUBLE,
      amount: DataTypes.DECIMAL,
      big: DataTypes.BIGINT,
      virtual: DataTypes.VIRTUAL,
    },
    { paranoid: true, createdAt: 'made' },
  );
  const Loose = sequelize.define('Loose', {
    name: DataTypes.STRING,
    empty: { type: DataTypes.INTEGER, defaultValue: () => undefined },
  });
  class WithField extends Model {
    seen = [];
  }
  WithField.init({ name: DataTypes.STRING }, { sequelize, modelName: 'WithField' });
  const Versioned = sequelize.define('Versioned', { name: DataTypes.STRING }, { version: true });
  User.hasMany(Keyed, { as: 'keys' });
  Keyed.belongsTo(User, { as: 'owner', foreignKey: 'UserId' });
  User.hasMany(Renamed, { as: 'many', foreignKey: { name: 'userId', field: 'user_id' }, constraints: false });
  User.hasOne(Scoped, { as: 'scoped' });
  Scoped.belongsTo(User, { as: 'owner', foreignKey: 'UserId' });
  await sequelize.createSchema('other');
  await sequelize.sync();
  await User.bulkCreate(
    ['Ada', 'Grace', 'Alan'].map((name, i) => ({ name, email: `${name}@example.org`, age: 20 + i, settings: { i } })),
  );
  await Renamed.bulkCreate([{ firstName: 'Ada' }, { firstName: 'Grace' }]);
  await Renamed.destroy({ where: { firstName: 'Grace' } });
  await Keyed.bulkCreate([
    { code: 'a', name: 'one', UserId: 1 },
    { code: 'b', name: 'two', UserId: 1 },
    { code: 'c', name: 'one', UserId: 2 },
  ]);
  await Keyless.bulkCreate([{ name: 'a' }, { name: 'b' }]);
  await Scoped.bulkCreate([{ name: 'Ada' }, { name: 'Grace' }]);
  return {
    User,
    Renamed,
    Keyless,
    Scoped,
    Unscoped: Scoped.unscoped(),
    Short: Scoped.scope('short'),
    // Each use of a scope makes a class of its own.
    Owned: Scoped.scope('owned'),
    Last: Scoped.scope('last'),
    Many: Scoped.scope('many'),
    Wanted: Scoped.scope('needed'),
    Several: Scoped.scope('defaultScope', 'owned', 'last'),

    Needed,
    Checked,
    Whole,
    Dated,
    Keyed,
    Versioned,
    Made,
    Loose,
    WithField,
  };
}

module.exports = { open, defineModels };
