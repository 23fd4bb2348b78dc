'use strict';

// Mocha loads this before Sequelize's test files. It puts a PhantomDBDialect into the place of `dialect: 'phantomdb'`, the
// setting that the tests take from DIALECT, and leaves Sequelize and the test files as they are.

const Module = require('node:module');
const path = require('node:path');
const Sequelize = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

const TESTS = path.resolve('test');
const SETTINGS = { database: 'sequelize_test', username: null, password: null, pool: { max: 5, idle: 3000 } };

// Not a hook: some tests clear all hooks.
const { runHooks } = Sequelize;
Sequelize.runHooks = function (name, config, options, ...rest) {
  if (name === 'beforeInit' && options?.dialect === 'phantomdb') {
    options.dialect = new PhantomDBDialect(process.env.PHANTOMDB_SUITE_URL);
  }
  return runHooks.call(this, name, config, options, ...rest);
};

// The tests take their settings by the name of the dialect, and files of Sequelize's `lib` by relative paths.
const load = Module._load;
Module._load = function (request, parent, isMain) {
  const fromTests = parent?.filename?.startsWith(TESTS);
  const wanted = fromTests ? request.replace(/^(\.\.\/)+lib\//, 'sequelize/lib/') : request;
  const loaded = load.call(this, wanted, parent, isMain);
  if (fromTests && /config\/config$/.test(request)) loaded.phantomdb ??= SETTINGS;
  return loaded;
};
