'use strict';

// Finder options to SQL that is ready to send: PhantomDB's translator beside Sequelize's own generator.

const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { compare, report } = require('./harness');

function prepare(options) {
  const sequelize = new Sequelize('bench', null, null, { logging: false, ...options });
  const User = sequelize.define('User', {
    firstName: DataTypes.STRING,
    lastName: DataTypes.STRING,
    email: DataTypes.STRING,
    age: DataTypes.INTEGER,
    score: DataTypes.DOUBLE,
    active: DataTypes.BOOLEAN,
  });
  return { sequelize, User, generator: sequelize.getQueryInterface().queryGenerator };
}

// Made anew for each call, as a request handler does.
const large = () => ({
  attributes: ['id', 'firstName', 'lastName', 'email', 'age'],
  where: {
    firstName: { [Op.like]: 'Jo%' },
    age: { [Op.gt]: 18, [Op.lt]: 65 },
    active: true,
    email: { [Op.ne]: null },
    [Op.or]: [
      { lastName: { [Op.in]: ['Doe', 'Smith'] } },
      { score: { [Op.gte]: 4.5 } },
      { [Op.and]: [{ lastName: { [Op.startsWith]: 'A' } }, { score: { [Op.between]: [1, 2] } }, { age: 30 }] },
    ],
  },
  order: [
    ['age', 'DESC'],
    ['lastName', 'ASC'],
  ],
  limit: 20,
  offset: 40,
});
const byPrimaryKey = () => ({ attributes: ['id', 'firstName', 'lastName', 'email', 'age'], where: { id: 7 } });

async function main() {
  const stock = prepare({ dialect: 'sqlite' });
  const ours = prepare({ dialect: new PhantomDBDialect('memory:') });
  const compile = (options) => {
    ours.generator.compile('select', ours.generator.selectPlan('Users', options, ours.User), options);
  };
  for (const [title, options] of Object.entries({
    'a large where, order and limit': large,
    'a primary key': byPrimaryKey,
  })) {
    const contestants = {
      "Sequelize's own generator (sqlite)": () => stock.generator.selectQuery('Users', options(), stock.User),
      'PhantomDB, values bound': () => compile(options()),
      'PhantomDB, text': () => ours.generator.selectQuery('Users', options(), ours.User),
    };
    report(title, await compare(contestants), "Sequelize's own generator (sqlite)");
  }
  await ours.sequelize.close();
  await stock.sequelize.close();
}

main();
