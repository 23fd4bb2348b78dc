'use strict';

// Starts `phantomdb serve` in a process of its own, on a free port.

const { spawn } = require('node:child_process');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');

/** @returns {Promise<{ url: string, pid: number, stop: () => Promise<void> }>} a server of this checkout */
const startServer = (...args) => startServerOf(ROOT, args);

/**
 * @param {string} checkout the folder of the checkout whose server it is
 * @param {string[]} args more arguments of `phantomdb serve`
 * @param {Record<string, string>} [env] more environment variables
 * @returns {Promise<{ url: string, pid: number, stop: () => Promise<void> }>}
 */
function startServerOf(checkout, args, env = {}) {
  const cli = path.join(checkout, 'bin', 'phantomdb.js');
  const child = spawn(process.execPath, [cli, 'serve', '--listen', '127.0.0.1:0', ...args], {
    env: { ...process.env, ...env },
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
        pid: child.pid,
        async stop() {
          child.kill('SIGTERM');
          await stopped;
        },
      });
    });
  });
}

module.exports = { startServer, startServerOf };
