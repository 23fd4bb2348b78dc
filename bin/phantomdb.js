#!/usr/bin/env node

const { runCli } = require('../sequelize/native.js');

// Node's own handlers raise the signal once more, counting on it to end the process at once. The server, which takes the
// signal as well and ends in good order, would never come to it. A listener takes Node's handlers away.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});

runCli(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
