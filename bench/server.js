'use strict';

// Starts `phantomdb serve` in a process of its own, on a free port.

const { spawn } = require('node:child_process');
const path = require('node:path');

/** @returns {Promise<{ url: string, stop: () => Promise<void> }>} */
function startServer(...args) {
  const cli = path.join(__dirname, '..', 'bin', 'phantomdb.js');
  const child = spawn(process.execPath, [cli, 'serve', '--listen', '127.0.0.1:0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stopped = new Promise((resolve) => child.once('exit', resolve));
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', (code) => reject(new Error(`phantomdb serve ended with ${code}`)));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      const url = /listening on (\S+)/.exec(output)?.[1];
      if (!url) return;
      resolve({
        url,
        async stop() {
          child.kill('SIGTERM');
          await stopped;
        },
      });
    });
  });
}

module.exports = { startServer };
