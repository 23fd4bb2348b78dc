'use strict';

// The same application with PhantomDB: one line is new and one has changed. Its own SQL stays SQLite's (`native: true`).

const { Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { run } = require('./application');

const dialect = new PhantomDBDialect(`file:${process.argv[2] ?? './data'}`, { native: true });
const sequelize = new Sequelize({ database: 'shop', dialect, logging: false });

run(sequelize).finally(() => sequelize.close());
