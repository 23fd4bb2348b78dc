'use strict';

// `phantomdb studio`: opens the console of databases in the browser.

const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');

const { ROOT } = require('./addon-file.js');
const { isWholeUrl, locate, partsOf } = require('./database-url.js');
const { copyOf } = require('./studio-copy.js');

const USAGE = `Opens the console in your browser: a page to look into databases and to change
them.

Usage: phantomdb studio [URL] [--no-open]

URL is file:PATH or a path, or http://… or https://…, a server.
phantomdb://HOST:PORT/DATABASE, phantomdb+https://HOST/DATABASE and
phantomdb+file:./DIRECTORY/DATABASE open one database of it. Without a URL, it
is PHANTOMDB_URL. The path is a directory of databases, which programs may use
meanwhile; or a file, such as a saved snapshot or a backup: the page then shows
a copy of it, which cannot be changed. The command serves them until you press
Ctrl-C. --no-open prints the URL of the page and opens no browser.

The databases in the memory of a program are shown by its own dialect:
await dialect.studio() is the URL of the page.`;

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

/** The fragment with which the page takes a token and opens a database, each of which may be undefined. */
function fragment({ token, database }) {
  const secret = token && `token=${encodeURIComponent(token)}`;
  const place = database && `/${encodeURIComponent(database)}`;
  const parts = [secret, place].filter(Boolean);
  return parts.length === 0 ? '' : `#${parts.join('&')}`;
}

/** Shows the page of a server. Returns the exit code. */
async function showServer({ url, ...opened }, opens) {
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
  show(page + fragment(opened), opens);
  return 0;
}

/** Shows what is at a path. Returns the exit code. */
async function showFiles(place, database, opens) {
  const stats = fs.existsSync(place) ? fs.statSync(place) : undefined;
  try {
    if (stats === undefined) {
      throw new Error(
        `there is no directory ${place}; \`phantomdb databases create NAME ${place}\` makes it with an empty database`,
      );
    }
    return await (stats.isDirectory() ? showDirectory(place, database, opens) : showCopy(place, opens));
  } catch (error) {
    console.error(`phantomdb: ${error.message}`);
    return FAILED;
  }
}

/** Shows the databases of a directory, which other programs of this computer may use meanwhile, until a signal comes. */
async function showDirectory(directory, database, opens) {
  // Here, since the usage and servers need no addon.
  const { Client } = require('./client.js');
  const client = new Client(`file:${directory}`, {});
  try {
    const page = await client.at().studio();
    show(database === undefined ? page : `${page}&/${encodeURIComponent(database)}`, opens);
    await signalled();
    return 0;
  } finally {
    await client.close();
  }
}

/** Waits until the process is asked to end. Signals alone do not keep Node running. */
async function signalled() {
  const running = setInterval(() => {}, 0x7fffffff);
  await new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
  });
  clearInterval(running);
}

/** Shows a copy of a file, which the server lets nobody change, until a signal comes. */
async function showCopy(file, opens) {
  const copy = copyOf(file);
  try {
    console.log(`The console shows a copy of ${file}, which cannot be changed.`);
    return await serveCopy(copy, opens);
  } finally {
    copy.remove();
  }
}

/** Serves a copy in a process of its own, until that ends. Returns its exit code. */
function serveCopy({ directory, store, token }, opens) {
  const command = path.join(ROOT, 'bin', 'phantomdb.js');
  const place = ['--data', directory, '--token-store', store];
  const args = [command, 'serve', ...place, '--listen', '127.0.0.1:0', '--console'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  // Ctrl-C reaches the server too, which then ends; this process ends with it.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => server.kill(signal));
  let printed = '';
  server.stdout.on('data', (chunk) => {
    const before = printed;
    printed += chunk;
    const listening = /listening on (\S+)\n/;
    if (!listening.test(before) && listening.test(printed)) {
      show(`${listening.exec(printed)[1]}/console/#token=${token}`, opens);
    }
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
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
  let place;
  try {
    place = placeOf(urls[0] || process.env.PHANTOMDB_URL || '');
  } catch (error) {
    console.error(error.message);
    return MISUSED;
  }
  const opens = !args.includes('--no-open');
  const { url, database } = place;
  if (/^https?:\/\//.test(url)) return showServer(place, opens);
  // A letter alone before the colon is a drive of Windows.
  if (/^file:./.test(url) || (url !== '' && !/^[a-z][a-z\d+.-]+:/i.test(url)))
    return showFiles(url.replace(/^file:(\/\/(?=\/))?/, ''), database, opens);
  console.error(
    url === ''
      ? `phantomdb studio needs a URL.\n\n${USAGE}`
      : `${url} cannot be opened: phantomdb studio takes a path, http://… or https://…, or phantomdb://…. Databases in the ` +
          'memory of a program are shown by its own dialect: await dialect.studio() is the URL of the page.',
  );
  return MISUSED;
}

/** The place that a URL names, and the database and the token if it names those too. */
function placeOf(url) {
  if (!isWholeUrl(url)) return { url };
  const parts = partsOf(url);
  return { ...locate(parts), token: parts.password };
}

module.exports = { studio };
