#!/usr/bin/env node
'use strict';

const { runCli } = require('../sequelize/native.js');

// Node's own handlers raise the signal again, which the server's, which call them, would take for a new one for ever.
// With listeners Node leaves the signals to the server.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {});
}

runCli(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
