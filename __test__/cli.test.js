'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');

const { PhantomDBDialect } = require('..');

/** Starts `phantomdb` with the arguments; `url` when it serves. */
async function start(...args) {
  const server = spawn(process.execPath, [path.join(__dirname, '..', 'bin', 'phantomdb.js'), ...args]);
  let printed = '';
  const url = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      printed += chunk;
      const listening = /phantomdb listening on (http:\S+)/.exec(printed);
      if (listening) {
        resolve(listening[1]);
      }
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', () => reject(new Error(printed)));
  });
  return { server, url };
}

test.each(['SIGTERM', 'SIGINT'])('phantomdb serves, and %s stops it with exit code 0', async (signal) => {
  const { server, url } = await start('serve', '--listen', '127.0.0.1:0', '--memory');
  const dialect = new PhantomDBDialect(url);
  expect((await dialect.query('app', 'SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await dialect.close();
  const exited = once(server, 'exit');
  server.kill(signal);
  expect(await exited).toEqual([0, null]);
});

test('phantomdb says what is wrong with its command line', async () => {
  await expect(start('launch')).rejects.toThrow(/unrecognized subcommand 'launch'/);
});

test.each(['studio', 'init', 'models', 'build-addon'])('the help of %s fits a terminal', (command) => {
  const program = path.join(__dirname, '..', 'bin', 'phantomdb.js');
  const { stdout, status } = spawnSync(process.execPath, [program, command, '--help'], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout.split('\n').filter((line) => [...line].length > 80)).toEqual([]);
});
