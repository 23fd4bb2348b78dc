'use strict';

// Measures the translation of finder options to SQL that is ready to send: PhantomDB's translator beside Sequelize's own
// generator.

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

let calls = 0;

// The options are new for each call, as in a request handler, with other values each time.
const large = () => {
  const n = ++calls;
  return {
    attributes: ['id', 'firstName', 'lastName', 'email', 'age'],
    where: {
      firstName: { [Op.like]: `Jo${n}%` },
      age: { [Op.gt]: n % 40, [Op.lt]: 65 },
      active: n % 2 === 0,
      email: { [Op.ne]: null },
      [Op.or]: [
        { lastName: { [Op.in]: ['Doe', `Smith ${n}`] } },
        { score: { [Op.gte]: n / 2 } },
        { [Op.and]: [{ lastName: { [Op.startsWith]: 'A' } }, { score: { [Op.between]: [1, n] } }, { age: n % 90 }] },
      ],
    },
    order: [
      ['age', 'DESC'],
      ['lastName', 'ASC'],
    ],
    limit: 20,
    offset: (n % 10) * 20,
  };
};
const byPrimaryKey = () => ({ attributes: ['id', 'firstName', 'lastName', 'email', 'age'], where: { id: ++calls } });

/** Adds an alias that no call had before, so that no cached translation fits. */
const inNewShape = (make) => () => {
  const options = make();
  options.attributes.push(['score', `score${calls}`]);
  return options;
};

async function main() {
  const stock = prepare({ dialect: 'sqlite' });
  const ours = prepare({ dialect: new PhantomDBDialect('memory:') });
  const compile = (options) => {
    ours.generator.compile('select', ours.generator.selectPlan('Users', options, ours.User), options);
  };
  for (const [title, options] of Object.entries({
    'a large where, order and limit; known shapes, other values': large,
    'a large where, order and limit; a new shape in each call': inNewShape(large),
    'a primary key; a known shape, other values': byPrimaryKey,
    'a primary key; a new shape in each call': inNewShape(byPrimaryKey),
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
