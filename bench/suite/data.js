'use strict';

// The models of the cases, and the rows in them. Each row can be told from its number, so that answers can be checked.

const userOf = (id) => ({ name: `User ${id}`, email: `user${id}@example.com`, age: id % 90 });

/** A model `User` with the rows 1 to `count`. The email is unique. */
async function users({ sequelize, module: { DataTypes } }, count) {
  const User = sequelize.define('User', {
    name: DataTypes.STRING,
    email: { type: DataTypes.STRING, unique: true },
    age: DataTypes.INTEGER,
  });
  await sequelize.sync({ force: true });
  if (count > 0) await User.bulkCreate(Array.from({ length: count }, (_, i) => userOf(i + 1)));
  return User;
}

const WIDE_COLUMNS = {
  text: 'STRING',
  longText: 'TEXT',
  whole: 'INTEGER',
  large: 'BIGINT',
  real: 'DOUBLE',
  city: 'STRING',
  flag: 'BOOLEAN',
  at: 'DATE',
  day: 'DATEONLY',
};

const wideOf = (i) => ({
  text: `text ${i}`,
  longText: `a longer text, of the row ${i}`,
  whole: i,
  large: i * 1_000_000,
  real: i / 3,
  city: `city ${i % 50}`,
  flag: i % 2 === 0,
  at: new Date(1_700_000_000_000 + i),
  day: '2024-02-29',
});

/** A model `Wide` of nine columns beside the key, without rows. */
async function wide({ sequelize, module: { DataTypes } }) {
  const columns = Object.entries(WIDE_COLUMNS).map(([name, type]) => [name, DataTypes[type]]);
  const Wide = sequelize.define('Wide', Object.fromEntries(columns), { timestamps: false });
  await sequelize.sync({ force: true });
  return Wide;
}

/** Parents with `width` children each; the child `id` belongs to the parent `1 + (id - 1) % parents`. */
async function families({ sequelize, module: { DataTypes } }, parents, width) {
  const Parent = sequelize.define('Parent', { name: DataTypes.STRING });
  const Child = sequelize.define('Child', { name: DataTypes.STRING, age: DataTypes.INTEGER });
  const Toy = sequelize.define('Toy', { name: DataTypes.STRING });
  Parent.hasMany(Child);
  Child.belongsTo(Parent);
  Child.hasMany(Toy);
  Toy.belongsTo(Child);
  await sequelize.sync({ force: true });
  await Parent.bulkCreate(Array.from({ length: parents }, (_, i) => ({ name: `Parent ${i + 1}` })));
  await Child.bulkCreate(Array.from({ length: parents * width }, (_, i) => childOf(i + 1, parents)));
  return { Parent, Child, Toy };
}

const childOf = (id, parents) => ({ name: `Child ${id}`, age: id % 20, ParentId: 1 + ((id - 1) % parents) });
const toyOf = (id, children) => ({ name: `Toy ${id}`, ChildId: 1 + ((id - 1) % children) });

module.exports = { WIDE_COLUMNS, childOf, families, toyOf, userOf, users, wide, wideOf };
