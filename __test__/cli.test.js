'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');

describe('phantomdb serve', () => {
  test.each(['SIGTERM', 'SIGINT'])('ends in good order on %s', async (signal) => {
    const cli = path.join(__dirname, '..', 'bin', 'phantomdb.js');
    const options = { stdio: ['ignore', 'pipe', 'ignore'] };
    const child = spawn(process.execPath, [cli, 'serve', '--listen', '127.0.0.1:0', '--memory'], options);
    const ended = new Promise((resolve) => child.once('exit', (code, by) => resolve([code, by])));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 4000);
    expect(await ended).toEqual([0, null]);
    clearTimeout(timer);
  });
});
