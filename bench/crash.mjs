// Kills a phantomdb server on files with SIGKILL under load, again and again, and starts it on the same directory. Writers insert
// rows, in transactions too, and note which the server has acknowledged. Fails when an acknowledged write is missing or was
// made twice, when half of a transaction is there, when rows nobody sent are, or when `phantomdb check` finds a fault.
//
//   node bench/crash.mjs [kills, 200] [--command PROGRAM]
//
// PROGRAM is PhantomDB's command line, `node bin/phantomdb.js` unless it is given. Everything runs on loopback and in a temporary
// directory, and is removed at the end.

import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const WRITERS = 8;
/** How long a server is let work, at most, in milliseconds. */
const LIFE_MAX = 400;
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { command: { type: 'string', default: `${process.execPath} bin/phantomdb.js` } },
});
const kills = Number(positionals[0] ?? 200);
const [program, ...first] = values.command.split(' ');

async function serve(data) {
  const args = [...first, 'serve', '--listen', '127.0.0.1:0', '--data', data];
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    const found = /listening on (\S+)/.exec(said);
    if (found) return { url: found[1], child, ended };
  }
  throw new Error('phantomdb serve did not start');
}

async function call(url, where, body, headers = {}) {
  const options = body && { method: 'POST', body: JSON.stringify(body), headers };
  const response = await fetch(`${url}${where}`, options);
  const text = await response.text();
  if (!response.ok) throw new Error(`${where}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

const query = (url, sql, parameters = [], headers = {}) =>
  call(url, '/databases/crash/query', { query: sql, parameters }, headers);
const insert = (url, id, pair, headers) => query(url, 'INSERT INTO rows VALUES ($1, $2)', [id, pair], headers);

/** The ids that were sent; true once the server has acknowledged them. Two rows of a transaction have the same pair. */
const sent = new Map();
let next = 0;

/** Writes until the server is gone. Every third write is a transaction of two rows. */
async function write(url) {
  for (;;) {
    next += 2;
    const pair = next;
    const ids = [pair - 1, pair];
    for (const id of ids) sent.set(id, false);
    try {
      if (pair % 3 === 0) {
        const { transaction_id: transaction } = await call(url, '/transactions', { database: 'crash' });
        const headers = { 'PhantomDB-Transaction': transaction };
        for (const id of ids) await insert(url, id, pair, headers);
        await call(url, `/transactions/${transaction}/commit`, {});
        for (const id of ids) sent.set(id, true);
      } else {
        for (const id of ids) {
          await insert(url, id, null);
          sent.set(id, true);
        }
      }
    } catch {
      // The server was killed. Whether it made this write is its own affair, as it has not said so.
      return;
    }
  }
}

/** What is wrong with the rows that are there. */
function faults(rows) {
  const counts = new Map();
  const pairs = new Map();
  for (const [id, pair] of rows) {
    counts.set(id, (counts.get(id) ?? 0) + 1);
    if (pair !== null) pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  const ids = (test) => [...sent].filter(test).map(([id]) => id);
  return {
    lost: ids(([id, isAcknowledged]) => isAcknowledged && !counts.has(id)),
    twice: [...counts].filter(([, count]) => count > 1).map(([id]) => id),
    halves: [...pairs].filter(([, count]) => count !== 2).map(([pair]) => pair),
    unknown: [...counts.keys()].filter((id) => !sent.has(id)),
  };
}

async function main() {
  const directory = await fs.mkdtemp(path.join(os.tmpdir(), 'phantomdb-crash-'));
  const data = path.join(directory, 'data');
  let server = await serve(data);
  try {
    await call(server.url, '/databases', { name: 'crash' });
    // No key, so that a write that is made twice is seen.
    await query(server.url, 'CREATE TABLE rows (id INTEGER NOT NULL, pair INTEGER)');
    let slowest = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const { url, child, ended } = server;
      const writers = Array.from({ length: WRITERS }, () => write(url));
      await sleep(20 + Math.random() * LIFE_MAX);
      child.kill('SIGKILL');
      await Promise.all([ended, ...writers]);
      const start = performance.now();
      server = await serve(data);
      await query(server.url, 'SELECT count(*) FROM rows');
      slowest = Math.max(slowest, performance.now() - start);
    }
    const { rows } = await query(server.url, 'SELECT id, pair FROM rows');
    server.child.kill('SIGTERM');
    await server.ended;
    const found = faults(rows);
    const check = promisify(execFile)(program, [...first, 'check', path.join(data, 'crash.db')], { cwd: root });
    const integrity = await check.then(
      () => 'ok',
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    const acknowledged = [...sent.values()].filter(Boolean).length;
    const counts = Object.entries(found).map(([what, ids]) => `${what}: ${ids.length}`);
    console.log(`kills: ${kills}, writes acknowledged: ${acknowledged}, rows: ${rows.length}, ${counts.join(', ')}`);
    console.log(`integrity: ${integrity}, slowest start until the first answer: ${Math.round(slowest)} ms`);
    if (integrity !== 'ok' || Object.values(found).some((ids) => ids.length > 0)) process.exitCode = 1;
  } finally {
    server.child.kill('SIGKILL');
    await fs.rm(directory, { recursive: true, force: true });
  }
}

await main();
