'use strict';

const { PhantomDBDialect } = require('./sequelize/phantomdb-dialect.js');
const { PhantomDBError } = require('./driver/phantomdb-error.js');
const { installEverywhere } = require('./sequelize/install.js');

installEverywhere();

module.exports = { PhantomDBDialect, PhantomDBError };
