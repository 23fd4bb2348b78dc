'use strict';

// An application as it was: Sequelize with sqlite3, and its data in the file that is named.

const { Sequelize } = require('sequelize');
const { run } = require('./application');

const sequelize = new Sequelize({ dialect: 'sqlite', storage: process.argv[2] ?? 'shop.db', logging: false });

run(sequelize).finally(() => sequelize.close());
