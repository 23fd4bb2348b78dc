'use strict';

// The cases of compare.mjs. Each is given a Sequelize and the module it came from, makes its tables, and returns the call to
// measure and, where calls would add up, what to do between two of them.

const ROWS = 1000;
const PARENTS = 100;
const CHILDREN = 10;
const MODELS = 20;
const CALLERS = 64;

let next = 0;
/** Goes through the keys of the table, the same on both sides. */
const key = () => 1 + (next++ % ROWS);

async function users(sequelize, { DataTypes }, rows = ROWS) {
  const User = sequelize.define('User', {
    name: DataTypes.STRING,
    email: { type: DataTypes.STRING, unique: true },
    age: DataTypes.INTEGER,
  });
  await sequelize.sync({ force: true });
  const data = Array.from({ length: rows }, (_, i) => ({
    name: `User ${i}`,
    email: `user${i}@example.com`,
    age: i % 90,
  }));
  if (rows > 0) await User.bulkCreate(data);
  return User;
}

const newUser = () => ({ name: 'Ada', email: `ada${next++}@example.org`, age: 36 });

async function wide(sequelize, { DataTypes }) {
  const Wide = sequelize.define(
    'Wide',
    {
      text: DataTypes.STRING,
      longText: DataTypes.TEXT,
      whole: DataTypes.INTEGER,
      large: DataTypes.BIGINT,
      real: DataTypes.DOUBLE,
      exact: DataTypes.DECIMAL(10, 2),
      flag: DataTypes.BOOLEAN,
      at: DataTypes.DATE,
      day: DataTypes.DATEONLY,
    },
    { timestamps: false },
  );
  await sequelize.sync({ force: true });
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    text: `text ${i}`,
    longText: `a longer text, of the row ${i}`,
    whole: i,
    large: i * 1_000_000,
    real: i / 3,
    exact: `${i}.25`,
    flag: i % 2 === 0,
    at: new Date(1_700_000_000_000 + i),
    day: '2024-02-29',
  }));
  return { Wide, rows };
}

async function parents(sequelize, { DataTypes }) {
  const Parent = sequelize.define('Parent', { name: DataTypes.STRING });
  const Child = sequelize.define('Child', { name: DataTypes.STRING, age: DataTypes.INTEGER });
  Parent.hasMany(Child);
  Child.belongsTo(Parent);
  await sequelize.sync({ force: true });
  await Parent.bulkCreate(Array.from({ length: PARENTS }, (_, i) => ({ name: `Parent ${i}` })));
  const children = Array.from({ length: PARENTS * CHILDREN }, (_, i) => ({
    name: `Child ${i}`,
    age: i % 20,
    ParentId: 1 + (i % PARENTS),
  }));
  await Child.bulkCreate(children);
  return { Parent, Child };
}

const CASES = {
  async findByPk(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => User.findByPk(key()) };
  },
  async create(sequelize, module) {
    const User = await users(sequelize, module, 0);
    return { call: () => User.create(newUser()) };
  },
  async update(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => User.update({ age: next % 90 }, { where: { id: key() } }) };
  },
  async 'bulkCreate of 1,000 rows of 9 columns'(sequelize, module) {
    const { Wide, rows } = await wide(sequelize, module);
    return { call: () => Wide.bulkCreate(rows), between: () => Wide.destroy({ truncate: true }) };
  },
  async 'findAll of 1,000 rows, raw'(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => User.findAll({ raw: true }) };
  },
  async 'findAll of 1,000 rows'(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => User.findAll() };
  },
  async 'include hasMany, 100 with 10 each'(sequelize, module) {
    const { Parent, Child } = await parents(sequelize, module);
    return { call: () => Parent.findAll({ include: Child }) };
  },
  async 'transaction of create and update'(sequelize, module) {
    const User = await users(sequelize, module);
    const call = () =>
      sequelize.transaction(async (transaction) => {
        const user = await User.create(newUser(), { transaction });
        await user.update({ age: 37 }, { transaction });
      });
    return { call };
  },
  async upsert(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => User.upsert({ id: key(), name: 'Ada', age: next % 90 }) };
  },
  async findAndCountAll(sequelize, module) {
    const User = await users(sequelize, module);
    const { Op } = module;
    return { call: () => User.findAndCountAll({ where: { age: { [Op.gt]: next++ % 80 } }, order: ['id'], limit: 20 }) };
  },
  async 'sync force of 20 models'(sequelize, { DataTypes }) {
    for (let i = 0; i < MODELS; i++) {
      const model = sequelize.define(`Model${i}`, {
        name: { type: DataTypes.STRING, allowNull: false },
        email: { type: DataTypes.STRING, unique: true },
        age: DataTypes.INTEGER,
        score: DataTypes.DECIMAL(10, 2),
        active: { type: DataTypes.BOOLEAN, defaultValue: true },
      });
      if (i > 0) model.belongsTo(sequelize.models[`Model${i - 1}`]);
    }
    return { call: () => sequelize.sync({ force: true }) };
  },
  async 'findByPk by 64 callers, all 64'(sequelize, module) {
    const User = await users(sequelize, module);
    return { call: () => Promise.all(Array.from({ length: CALLERS }, () => User.findByPk(key()))) };
  },
};

module.exports = { CASES };
