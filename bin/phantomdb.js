#!/usr/bin/env node
'use strict';

const { runCli } = require('../driver/native.js');

/** The one command that is not the server's: it writes JavaScript, and needs Sequelize. */
const MODELS = 'models';

/** Runs the server's commands. */
function runServer(args) {
  // Node's own handlers raise the signal again, which the server's, which call them, would take for a new one for ever.
  // With listeners Node leaves the signals to the server.
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {});
  }
  return runCli(args);
}

const args = process.argv.slice(2);
const ended = args[0] === MODELS ? require('../sequelize/models/command.js').models(args.slice(1)) : runServer(args);

ended.then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
