'use strict';

// `phantomdb studio`: opens the console of databases in the browser.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');

const { ROOT } = require('./addon-file.js');
const { copyOf } = require('./studio-copy.js');

const USAGE = `Opens the console in your browser: a page to look into databases and to change them.

Usage: phantomdb studio [URL] [--no-open]

URL is file:PATH or a path, or http://… or https://…, a server. Without it, it is PHANTOMDB_URL. The path is a directory of
databases that no other program has open; or a file, such as a saved snapshot or a backup: the page then shows a copy of it, which
cannot be changed. The command serves them until you press Ctrl-C. --no-open prints the URL of the page and opens no browser.

The databases of a program that is running are shown by its own dialect: await dialect.studio() is the URL of the page.`;

const MISUSED = 2;
const FAILED = 1;

/** The command that opens a URL in the browser of the user. */
function opener(url) {
  if (process.platform === 'darwin') return ['open', [url]];
  // The empty argument is the title of a window.
  if (process.platform === 'win32') return ['cmd', ['/c', 'start', '""', url.replace(/&/g, '^&')]];
  return ['xdg-open', [url]];
}

/** Opens the URL in the browser. Where there is none, the user has read the URL. */
function open(url) {
  const [program, args] = opener(url);
  const child = spawn(program, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function show(url, opens) {
  console.log(`The console is at ${url}`);
  if (opens) open(url);
}

/** What keeps the page of a server from being shown; undefined when it is there. */
function faultOf(url) {
  const { get } = url.startsWith('https:') ? require('https') : require('http');
  return new Promise((resolve) => {
    const request = get(url, { headers: { 'Accept-Encoding': 'gzip' }, timeout: 10000 }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        if (response.statusCode !== 200) text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? undefined : messageOf(text, response.statusCode)));
    });
    request.on('timeout', () => request.destroy(new Error('it does not answer')));
    request.on('error', (error) => resolve(error.message));
  });
}

/** The message of an error of the server, or the status of another program's. */
function messageOf(text, status) {
  try {
    return JSON.parse(text).message || `it answers ${status}`;
  } catch (_) {
    return `it answers ${status}, as no server of PhantomDB does`;
  }
}

/** Shows the page of a server. Returns the exit code. */
async function showServer(url, opens) {
  let page;
  try {
    page = new URL('console/', url.endsWith('/') ? url : `${url}/`).href;
  } catch (error) {
    console.error(`${url} is no URL: ${error.message}`);
    return MISUSED;
  }
  const fault = await faultOf(page);
  if (fault) {
    console.error(`${page} cannot be shown: ${fault}`);
    return FAILED;
  }
  show(page, opens);
  return 0;
}

/** Serves what is at a path. Returns the exit code. */
async function serveFiles(place, opens) {
  const stats = fs.existsSync(place) ? fs.statSync(place) : undefined;
  if (stats === undefined) {
    console.error(
      `phantomdb: there is no directory ${place}; \`phantomdb databases create NAME ${place}\` makes it with an empty database`,
    );
    return FAILED;
  }
  if (stats.isDirectory()) return serveDirectory(place, opens);
  let copy;
  try {
    copy = copyOf(place);
  } catch (error) {
    console.error(`phantomdb: ${error.message}`);
    return FAILED;
  }
  try {
    console.log(`The console shows a copy of ${place}, which cannot be changed.`);
    return await serveDirectory(copy.directory, opens, copy);
  } finally {
    copy.remove();
  }
}

/**
 * Serves a directory in a process of its own, until that ends. Returns its exit code.
 * @param {{ token: string, store: string }} [access] the token of the page, and the file with which the server knows it
 */
function serveDirectory(directory, opens, access) {
  const command = path.join(ROOT, 'bin', 'phantomdb.js');
  const args = [command, 'serve', '--data', directory, '--listen', '127.0.0.1:0', '--console'];
  if (access) args.push('--token-store', access.store);
  const fragment = access ? `#token=${access.token}` : '';
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // Ctrl-C reaches the server too, which then ends; this process ends with it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
  let printed = '';
  server.stdout.on('data', (chunk) => {
    const before = printed;
    printed += chunk;
    const listening = /listening on (\S+)\n/;
    if (!listening.test(before) && listening.test(printed))
      show(`${listening.exec(printed)[1]}/console/${fragment}`, opens);
  });
  return new Promise((resolve) => {
    server.on('error', (error) => {
      console.error(error.message);
      resolve(FAILED);
    });
    server.on('exit', (code) => resolve(code === null ? FAILED : code));
  });
}

/** Runs the command. Returns the exit code. */
async function studio(args) {
  const isHelp = args.includes('--help') || args.includes('-h');
  const urls = args.filter((arg) => arg !== '--no-open');
  if (isHelp || urls.length > 1 || (urls[0] || '').startsWith('-')) {
    console[isHelp ? 'log' : 'error'](USAGE);
    return isHelp ? 0 : MISUSED;
  }
  const url = urls[0] || process.env.PHANTOMDB_URL || '';
  const opens = !args.includes('--no-open');
  if (/^https?:\/\//.test(url)) return showServer(url, opens);
  // A letter alone before the colon is a drive of Windows.
  if (/^file:./.test(url) || (url !== '' && !/^[a-z][a-z\d+.-]+:/i.test(url)))
    return serveFiles(url.replace(/^file:(\/\/(?=\/))?/, ''), opens);
  console.error(
    url === ''
      ? `phantomdb studio needs a URL.\n\n${USAGE}`
      : `${url} cannot be opened: phantomdb studio takes a path, http://… or https://…. Databases in the memory of a ` +
          'program are shown by its own dialect: await dialect.studio() is the URL of the page.',
  );
  return MISUSED;
}

module.exports = { studio };
