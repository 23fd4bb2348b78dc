// A real server process on files, which can be killed, stopped and started anew in the same place, and a proxy that
// cuts connections.

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('../..');

const root = path.join(__dirname, '../..');

/** Starts `phantomdb serve`; resolves once it serves. */
async function serve(args) {
  const child = spawn(process.execPath, ['bin/phantomdb.js', 'serve', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
  const url = await new Promise((resolve, reject) => {
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      const found = /listening on (\S+)/.exec(stdout);
      if (found) resolve(found[1]);
    });
    ended.then((how) => reject(new Error(`phantomdb serve ended with ${how}: ${log}`)));
  });
  return { child, ended, url, log: () => log };
}

/** A server with a directory of its own, always on the same port. */
class FaultyServer {
  #running;
  #port = 0;
  #args;

  constructor(...args) {
    this.#args = args;
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-faults-'));
  }

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  get port() {
    return this.#port;
  }

  log() {
    return this.#running.log();
  }

  async start() {
    const listen = `127.0.0.1:${this.#port}`;
    this.#running = await serve(['--listen', listen, '--data', this.directory, ...this.#args]);
    this.#port = Number(new URL(this.#running.url).port);
  }

  signal(signal) {
    this.#running.child.kill(signal);
  }

  /** Ends it with the signal; resolves once it is gone. */
  async end(signal = 'SIGKILL') {
    this.signal(signal);
    await this.#running.ended;
  }

  async remove() {
    this.signal('SIGCONT');
    await this.end();
    fs.rmSync(this.directory, { recursive: true });
  }
}

/** A Sequelize on the database `faults` at a URL, closed by the caller. */
function connectTo(url, dialectOptions = {}, options = {}) {
  const dialect = new PhantomDBDialect(url, dialectOptions);
  return new Sequelize('faults', null, null, { dialect, logging: false, ...options });
}

/**
 * Between a client and the server at a port: of each request it asks `fate`, which answers where to cut the connection:
 * `'before'` the server has the request, `'after'` it has it and before the client has any of the answer, `'within'` the
 * answer, or not at all. `lost` is called when an answer was thrown away.
 */
async function cuttingProxy(port, fate, lost = () => {}) {
  const open = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(port, '127.0.0.1');
    const ends = [near, far];
    let cut;
    const close = () => {
      for (const end of ends) end.destroy();
    };
    for (const end of ends) {
      end.setNoDelay(true);
      end.on('error', close);
      end.on('close', close);
      open.add(end);
      end.on('close', () => open.delete(end));
    }
    near.on('data', (request) => {
      cut = fate(request.toString('latin1'));
      if (cut === 'before') close();
      else far.write(request);
    });
    far.on('data', (answer) => {
      if (cut === undefined) {
        near.write(answer);
      } else if (cut === 'within') {
        near.write(answer.subarray(0, answer.length - 1), close);
      } else {
        close();
        lost();
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      for (const end of open) end.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Runs `work` for 0, 1, … with so many at once. */
async function inParallel(count, width, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

module.exports = { FaultyServer, connectTo, cuttingProxy, inParallel, serve, sleep };
