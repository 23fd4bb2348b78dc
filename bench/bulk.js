'use strict';

// bulkCreate of 10,000 rows of nine columns, and finding rows by a list, beside Sequelize's own dialect for SQLite.

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { compare, report } = require('./harness.js');

const ROWS = 10_000;

const rows = Array.from({ length: ROWS }, (_, n) => ({
  name: `name ${n}`,
  email: `user${n}@example.org`,
  age: n % 100,
  score: n * 1.5,
  active: n % 2 === 0,
  bio: `some longer text about the user with the number ${n}`,
  born: new Date(n * 86_400_000),
  city: `city ${n % 50}`,
  rank: n,
}));

async function contestant(options) {
  const sequelize = new Sequelize({ ...options, logging: false });
  const User = sequelize.define(
    'User',
    {
      name: DataTypes.STRING,
      email: DataTypes.STRING,
      age: DataTypes.INTEGER,
      score: DataTypes.DOUBLE,
      active: DataTypes.BOOLEAN,
      bio: DataTypes.TEXT,
      born: DataTypes.DATE,
      city: DataTypes.STRING,
      rank: DataTypes.INTEGER,
    },
    { timestamps: false },
  );
  await User.sync({ force: true });
  return { sequelize, User };
}

async function main() {
  const ours = await contestant({ dialect: new PhantomDBDialect('memory:') });
  const peer = await contestant({ dialect: 'sqlite', storage: ':memory:' });
  const both = (work) => ({
    'phantomdb memory:': () => work(ours.User),
    'sequelize + sqlite3': () => work(peer.User),
  });

  const cases = {
    [`bulkCreate of ${ROWS} rows x 9 columns, and truncate`]: async (User) => {
      await User.bulkCreate(rows);
      await User.destroy({ where: {}, truncate: true });
    },
    'the same without returning': async (User) => {
      await User.bulkCreate(rows, { returning: false });
      await User.destroy({ where: {}, truncate: true });
    },
    'bulkCreate of 10 rows, and truncate': async (User) => {
      await User.bulkCreate(rows.slice(0, 10));
      await User.destroy({ where: {}, truncate: true });
    },
  };
  for (const [title, work] of Object.entries(cases)) {
    report(title, await compare(both(work)), 'sequelize + sqlite3');
  }
  for (const { User } of [ours, peer]) await User.bulkCreate(rows);
  for (const length of [3, 50, 99, 100, 1000]) {
    const id = Array.from({ length }, (_, n) => n * 7 + 1);
    const work = (User) => User.findAll({ where: { id }, raw: true });
    report(`findAll by a list of ${length} keys`, await compare(both(work)), 'sequelize + sqlite3');
  }
  await Promise.all([ours, peer].map(({ sequelize }) => sequelize.close()));
}

main();
