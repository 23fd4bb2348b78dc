// The servers that contestants need, each in a process of its own.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort, startPostgres } from '../../scripts/postgres.mjs';
import { PGLITE_SERVER } from '../peers/install.mjs';
import phantomdbServer from '../server.js';

const { startServerOf } = phantomdbServer;
const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
// As of any real server, callers need a token. The processes that measure inherit it.
process.env.PHANTOMDB_TOKEN = randomUUID();

const postmaster = ({ directory }) =>
  Number(fs.readFileSync(path.join(directory, 'postmaster.pid'), 'utf8').split('\n')[0]);

async function postgres() {
  const server = await startPostgres();
  return { url: server.url, pids: [postmaster(server)], stop: () => server.stop() };
}

async function sqlite() {
  const server = await startServerOf(ROOT, ['--memory']);
  return { url: server.url, pids: [server.pid], stop: server.stop };
}

async function engine(behind) {
  const server = await startServerOf(ROOT, ['--allow-superuser'], { PHANTOMDB_ENGINE: behind.url });
  return { url: server.url, pids: [server.pid, ...behind.pids], stop: server.stop };
}

async function pglite() {
  const port = await freePort();
  const child = spawn(process.execPath, [PGLITE_SERVER, `--port=${port}`, '--db=memory://'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`PGlite ended: ${output}`)));
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (output.includes('listening')) resolve();
    });
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return { url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`, pids: [child.pid], stop };
}

/**
 * The servers `postgres`, `sqlite`, `engine` and `pglite`, each started when it is first asked for. `get(name)` answers with
 * its `url` and the `pids` of the processes that work for it; `restart(name)` with a new one; `stop()` stops all.
 */
export class Servers {
  #running = new Map();

  get(name) {
    if (!this.#running.has(name)) this.#running.set(name, this.#start(name));
    return this.#running.get(name);
  }

  async #start(name) {
    if (name === 'engine') return engine(await this.get('postgres'));
    return { pglite, postgres, sqlite }[name]();
  }

  async restart(name) {
    const old = this.#running.get(name);
    this.#running.delete(name);
    await (await old)?.stop();
    return this.get(name);
  }

  async stop() {
    // The engine's server comes first, because it needs PostgreSQL.
    for (const name of ['engine', 'postgres', 'sqlite', 'pglite']) {
      const server = this.#running.get(name);
      this.#running.delete(name);
      await (await server)?.stop();
    }
  }
}
