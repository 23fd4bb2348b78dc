#!/usr/bin/env node

const { runCli } = require('../sequelize/native.js');

runCli(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
