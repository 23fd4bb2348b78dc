#!/usr/bin/env node
'use strict';

/** The commands that are not, or not only, the server's. Each takes the arguments, and returns the exit code. */
const COMMANDS = {
  init: (args) => require('../sequelize/init/command.js').init(args),
  models: (args) => require('../sequelize/models/command.js').models(args),
  studio: (args) => require('../driver/studio.js').studio(args),
  schema: (args) => {
    const { asksForModels, schema } = require('../sequelize/models/schema.js');
    return asksForModels(args) ? schema(args) : runServer(['schema', ...args]);
  },
  'build-addon': (args) => require('../driver/build-addon.js').buildAddon(args),
};

/** The commands of Rust that Ctrl-C cancels and SIGTERM simply ends. */
const WITHOUT_SIGTERM = ['sql', 'databases', 'schema', 'status'];

/** Runs the commands that are written in Rust. */
function runServer(args) {
  const { runCli } = require('../driver/native.js');
  // Node's own handlers raise the signal again, which the server's, which call them, would take for a new one for ever.
  // With listeners Node leaves the signals to the server.
  for (const signal of WITHOUT_SIGTERM.includes(args[0]) ? ['SIGINT'] : ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {});
  }
  return runCli(args);
}

async function main(args) {
  const [command, ...rest] = args;
  return Object.hasOwn(COMMANDS, command) ? COMMANDS[command](rest) : runServer(args);
}

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
