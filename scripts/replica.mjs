// A streaming replica of a PostgreSQL that `startPostgres` has started, for tests and benchmarks.
//
//   import { startReplica } from './replica.mjs';
//   const primary = await startPostgres({ flags: REPLICATED });
//   const replica = await startReplica(primary, { name: 'replica' });
//
// As a program it starts both, prints `primary URL` and `replica URL`, and stops them when its stdin ends:
//   node scripts/replica.mjs

import { spawn } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

import { binary, freePort, startPostgres } from './postgres.mjs';

/** What a primary with replicas is started with. */
export const REPLICATED = ['-c', 'wal_level=replica', '-c', 'max_wal_senders=10', '-c', 'wal_keep_size=256MB'];

/** Runs one statement; answers its rows. */
export async function sql(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Copies the files of a primary as they are, in a backup that it is told of. */
async function copyFiles(primary, directory) {
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    await client.query("SELECT pg_backup_start('replica', true)");
    const source = primary.directory;
    // A file may go away while it is copied; the log, which the replica gets from the primary, knows of that.
    const left = new Set(['postmaster.pid', 'postmaster.opts', 'pg_wal', 'pg_replslot', 'pg_stat_tmp']);
    await fs.cp(source, directory, {
      recursive: true,
      filter: (file) => !left.has(path.relative(source, file).split(path.sep)[0]),
    });
    for (const made of ['pg_wal/archive_status', 'pg_replslot', 'pg_stat_tmp']) {
      await fs.mkdir(path.join(directory, made), { recursive: true, mode: 0o700 });
    }
    const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    await fs.writeFile(path.join(directory, 'backup_label'), rows[0].labelfile, { mode: 0o600 });
  } finally {
    await client.end();
  }
}

/** Gives the files to the user that the primary runs as: PostgreSQL does not run as root. */
async function give(directory, { uid, gid }) {
  for (const entry of await fs.readdir(directory, { recursive: true })) {
    await fs.chown(path.join(directory, entry), uid, gid);
  }
  await fs.chown(directory, uid, gid);
}

async function answers(url) {
  for (const deadline = Date.now() + 30_000; ; ) {
    try {
      return await sql(url, 'SELECT 1');
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/**
 * Starts a replica on loopback that streams from the primary. `name` is what the primary knows it by, as in
 * `synchronous_standby_names`; `flags` are more arguments of `postgres`.
 * Answers with its `url`, `port`, `directory` and `process`, and `stop()`, which deletes its files.
 */
export async function startReplica(primary, { name = 'replica', flags = [] } = {}) {
  const [port, directory] = [await freePort(), await fs.mkdtemp(path.join(os.tmpdir(), 'phantomdb-replica-'))];
  const url = new URL(primary.url);
  url.port = String(port);
  await copyFiles(primary, directory);
  const { username, password } = url;
  const from = `host=127.0.0.1 port=${primary.port} user=${username} password=${password} application_name=${name}`;
  await fs.writeFile(path.join(directory, 'standby.signal'), '');
  await fs.appendFile(path.join(directory, 'postgresql.auto.conf'), `primary_conninfo = '${from}'\n`);
  const owner = await fs.stat(primary.directory);
  if (process.getuid?.() === 0) await give(directory, owner);
  await fs.chmod(directory, 0o700);
  const args = ['-D', directory, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=400'];
  const asOwner = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const child = spawn(await binary('postgres'), [...args, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...asOwner,
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-10_000);
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
    await ended;
    await fs.rm(directory, { recursive: true, force: true });
  };
  try {
    await Promise.race([
      answers(url.href),
      ended.then((code) => {
        throw new Error(`it ended with ${code}`);
      }),
    ]);
  } catch (error) {
    await stop();
    throw new Error(`the replica did not start: ${error.message}\n${log}`);
  }
  return { url: url.href, port, directory, process: child, stop };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const primary = await startPostgres({ flags: REPLICATED });
  const replica = await startReplica(primary);
  console.log(`primary ${primary.url}\nreplica ${replica.url}`);
  process.stdin.resume();
  process.stdin.once('end', async () => {
    await replica.stop();
    await primary.stop();
    process.exit();
  });
}
