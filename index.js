'use strict';

const { PhantomDBDialect } = require('./sequelize/phantomdb-dialect.js');
const { PhantomDBError } = require('./driver/phantomdb-error.js');
const { installEverywhere } = require('./sequelize/install.js');
const { patchSequelizeCli, patchStartingCli } = require('./sequelize/sequelize-cli.js');

installEverywhere();
patchSequelizeCli(PhantomDBDialect);
patchStartingCli(PhantomDBDialect);

module.exports = { PhantomDBDialect, PhantomDBError };
