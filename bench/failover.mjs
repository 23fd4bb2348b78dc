// Runs a real fail-over: a PostgreSQL with a synchronous streaming replica, a phantomdb server in front of both, and clients that
// write and read through it with Sequelize. The primary is killed under load and the replica promoted. Prints how long writes
// and reads paused. Fails when an acknowledged write is lost, a write was made twice, a read failed, a client did not read
// what it wrote, or writes did not continue within 10 seconds.
//
//   node bench/failover.mjs [seconds of load before and after, 5]
//
// Everything runs on loopback and in temporary directories, and is removed at the end.

import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DataTypes, Sequelize } from 'sequelize';

import { PhantomDBDialect } from '../index.mjs';
import { startPostgres } from '../scripts/postgres.mjs';
import { REPLICATED, sql, startReplica } from '../scripts/replica.mjs';

const CALLERS = 8;
const WITHIN_MS = 10_000;
const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

async function serve(primary, replica) {
  const engine = new URL(primary.url);
  const both = primary.url.replace(engine.host, `${engine.host},127.0.0.1:${replica.port}`);
  const args = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--engine',
    `${both}?target_session_attrs=read-write`,
    '--allow-superuser',
  ];
  const child = spawn(process.execPath, ['bin/phantomdb.js', ...args, '--replica', replica.url], {
    cwd: root,
    stdio: ['ignore', 'pipe', process.env.PHANTOMDB_LOG_LEVEL ? 'inherit' : 'ignore'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    const found = /listening on (\S+)/.exec(said);
    if (!found) continue;
    const stop = async () => {
      child.kill('SIGTERM');
      await ended;
    };
    return { url: found[1], stop };
  }
  throw new Error('phantomdb serve did not start');
}

/** Makes commits wait for the replica, and waits until they do. */
async function synchronize(primary) {
  await sql(primary.url, "ALTER SYSTEM SET synchronous_standby_names = 'replica'");
  await sql(primary.url, "ALTER SYSTEM SET synchronous_commit = 'remote_apply'");
  await sql(primary.url, 'SELECT pg_reload_conf()');
  for (;;) {
    const [row] = await sql(primary.url, 'SELECT sync_state FROM pg_stat_replication');
    if (row?.sync_state === 'sync') return;
    await sleep(50);
  }
}

/** Opens a Sequelize over HTTP with the one model of this script. */
function connect(url, pool) {
  const sequelize = new Sequelize('failover', null, null, {
    dialect: new PhantomDBDialect(url),
    logging: false,
    pool: { max: pool },
  });
  const entry = { writer: DataTypes.INTEGER, number: DataTypes.INTEGER };
  return { sequelize, Entry: sequelize.define('Entry', entry, { timestamps: false }) };
}

/** Records the longest time between two answers to one caller, over all callers. */
class Pauses {
  longest = 0;
  #last = new Map();

  answered(caller) {
    const now = performance.now();
    this.longest = Math.max(this.longest, now - (this.#last.get(caller) ?? now));
    this.#last.set(caller, now);
  }
}

async function write(load, Entry, writer) {
  for (let number = 0; !load.over; number++) {
    const begun = performance.now();
    try {
      const { id } = await Entry.create({ writer, number });
      load.acknowledged.push(id);
      load.writes.answered(writer);
      if (load.killed && begun > load.killed) load.resumed ??= performance.now();
    } catch (error) {
      load.unacknowledged.push(error.message);
      continue;
    }
    try {
      const own = await Entry.findOne({ where: { writer, number } });
      if (!own) load.unseen++;
    } catch (error) {
      load.failedReads.push(error.message);
    }
  }
}

async function read(load, Entry, reader) {
  while (!load.over) {
    try {
      await Entry.findOne({ order: [['id', 'DESC']] });
      load.reads.answered(reader);
      load.readCount++;
    } catch (error) {
      load.failedReads.push(error.message);
    }
  }
}

async function killed(primary) {
  const [pid] = (await fs.readFile(path.join(primary.directory, 'postmaster.pid'), 'utf8')).split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** Counts the acknowledged writes that the promoted replica lacks, and the writes it has twice. */
async function verify(replica, load) {
  const url = new URL(replica.url);
  url.pathname = '/failover';
  const kept = new Set((await sql(url.href, 'SELECT id FROM "Entries"')).map(({ id }) => id));
  const twice = await sql(url.href, 'SELECT 1 FROM "Entries" GROUP BY writer, number HAVING count(*) > 1');
  return { lost: load.acknowledged.filter((id) => !kept.has(id)).length, twice: twice.length };
}

async function fail(primary, replica, url, seconds) {
  const load = {
    acknowledged: [],
    unacknowledged: [],
    failedReads: [],
    unseen: 0,
    readCount: 0,
    writes: new Pauses(),
    reads: new Pauses(),
  };
  const [writing, reading] = [connect(url, CALLERS), connect(url, CALLERS)];
  await writing.sequelize.sync();
  const callers = Array.from({ length: CALLERS }, (_, caller) => [
    write(load, writing.Entry, caller),
    read(load, reading.Entry, caller),
  ]).flat();
  await sleep(seconds * 1000);
  const before = load.acknowledged.length;
  await killed(primary);
  load.killed = performance.now();
  await sql(replica.url, 'SELECT pg_promote()');
  const promoted = performance.now() - load.killed;
  await sleep(seconds * 1000);
  load.over = true;
  await Promise.all(callers);
  await Promise.all([writing, reading].map(({ sequelize }) => sequelize.close()));
  return { load, before, promoted };
}

function report({ load, before, promoted, lost, twice }) {
  const ms = (duration) => `${Math.round(duration)} ms`;
  const resumed = load.resumed ? load.resumed - load.killed : Number.POSITIVE_INFINITY;
  const figures = {
    'acknowledged writes before the kill': before,
    'acknowledged writes in all': load.acknowledged.length,
    'writes that failed': load.unacknowledged.length,
    'acknowledged writes that are lost': lost,
    'writes that were made twice': twice,
    'own writes that were not read': load.unseen,
    reads: load.readCount,
    'reads that failed': load.failedReads.length,
    'replica promoted after': ms(promoted),
    'first new write acknowledged after': ms(resumed),
    'longest pause of a writer': ms(load.writes.longest),
    'longest pause of a reader': ms(load.reads.longest),
  };
  for (const [what, figure] of Object.entries(figures)) console.log(`${what.padEnd(38)} ${figure}`);
  for (const message of new Set([...load.failedReads, ...load.unacknowledged])) console.log(`failed: ${message}`);
  return lost + twice + load.unseen + load.failedReads.length === 0 && resumed < WITHIN_MS;
}

const seconds = Number(process.argv[2] ?? 5);
const started = [];
try {
  const primary = await startPostgres({ durable: true, flags: REPLICATED });
  started.push(primary);
  const replica = await startReplica(primary);
  started.push(replica);
  await synchronize(primary);
  const server = await serve(primary, replica);
  started.push(server);
  const run = await fail(primary, replica, server.url, seconds);
  process.exitCode = report({ ...run, ...(await verify(replica, run.load)) }) ? 0 : 1;
} finally {
  for (const one of started.toReversed()) await one.stop();
}
