'use strict';

// The copy of Sequelize that the tests of shortcuts run with: the current one, or an older one of node_modules, such as
// `sequelize-6.28`, that PHANTOMDB_TEST_SEQUELIZE names.

const path = require('node:path');

const { PhantomDBDialect } = require('../..');

const name = process.env.PHANTOMDB_TEST_SEQUELIZE ?? 'sequelize';
const lib = require(name);
PhantomDBDialect.use(lib);

/** A file of its `lib` folder. */
const internal = (file) => require(path.join(path.dirname(require.resolve(name)), file));

module.exports = { lib, internal };
