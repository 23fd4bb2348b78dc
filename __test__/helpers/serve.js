const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '../..');

/** Starts `phantomdb serve`; resolves once it serves. */
async function serve(args) {
  const child = spawn(process.execPath, ['bin/phantomdb.js', 'serve', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const url = await new Promise((resolve, reject) => {
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const found = /listening on (\S+)/.exec(stdout);
      if (found) resolve(found[1]);
    });
    ended.then((how) => reject(new Error(`phantomdb serve ended with ${how}: ${log}`)));
  });
  return { child, ended, url, log: () => log };
}

module.exports = { serve };
