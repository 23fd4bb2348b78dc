'use strict';

const { execFile } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const fs = require('node:fs');
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
  const server = process.env.PHANTOMDB_TEST_POSTGRES_URL;
  const name = `import_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(`/${name}?sslmode=disable`, server).href;
  let directory;

  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-import-'));
    await query(`CREATE DATABASE ${name}`, server);
    await query(SCHEMA);
  });

  afterAll(async () => {
    await query(`DROP DATABASE ${name}`, server);
    fs.rmSync(directory, { recursive: true, force: true });
  });

  async function query(sql, connectionString = url) {
    const client = new Client({ connectionString });
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
    const rows = async (sql) => (await dialect.query(name, sql)).rows;
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
    for (const column of ['tags', 'ip']) {
      expect(refused.stdout).toMatch(new RegExp(`odd +${column} `));
    }
    expect(fs.existsSync(data)).toBe(false);
    const accepted = await phantomdb('import', url, '--to', data, '--tables', 'odd', '--accept-lossy');
    expect(accepted.code).toBe(0);
    const dialect = new PhantomDBDialect(`file:${data}`);
    const { rows } = await dialect.query(name, 'SELECT tags, ip, huge FROM odd');
    expect(rows).toEqual([{ tags: [1, 2], ip: '10.0.0.1/32', huge: '12345678901234567890123456789012345678' }]);
    await dialect.close();
    expect(accepted.stdout + accepted.stderr).not.toContain(`:${new URL(server).password}@`);
  }, 60_000);
});
