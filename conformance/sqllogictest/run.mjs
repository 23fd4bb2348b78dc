// Runs SQLite's sqllogictest files on the SQLite engine, as a PostgreSQL would take them.
//
//   node conformance/sqllogictest/run.mjs --tests DIR [--files TEXT] [--most N] [--every N] [--url URL]
//                                        [--postgres URL] [--show N] [--require N]
//
// --tests    the folder `test` of a checkout of gregrahn/sqllogictest
// --files    only files whose path has this text; several with commas
// --most     so many records of each file at most; the statements that make the tables count too
// --every    only one file of so many
// --url      where the tests run (default: memory:)
// --postgres a `phantomdb serve` on PostgreSQL: a record that does not give what SQLite gives passes when PostgreSQL
//            gives the same, or refuses it too
// --show     so many of the failures are printed (default: 20)
// --require  exit with 1 when fewer records pass
//
// A record is left out when `skipif postgresql` stands before it, or `onlyif` with another name.

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

// Rows of objects would keep one of two columns with the same name.
const { Connection } = createRequire(import.meta.url)('../../driver/connection.js');

const text = { type: 'string' };
const { values: options } = parseArgs({
  options: {
    tests: text,
    files: text,
    most: text,
    every: text,
    url: text,
    postgres: text,
    show: text,
    require: text,
  },
});
if (!options.tests) {
  console.error('run.mjs --tests DIR: the folder `test` of a checkout of gregrahn/sqllogictest');
  process.exit(2);
}

const ENGINE = 'postgresql';

/** The records of a file: statements, and queries with what they should give. */
function* records(file) {
  for (const block of fs.readFileSync(file, 'utf8').split(/\r?\n(?:[ \t]*\r?\n)+/)) {
    const lines = block
      .split(/\r?\n/)
      .filter(
        (line, index, all) =>
          !line.startsWith('#') || all.slice(0, index).some((other) => /^(statement|query)/.test(other)),
      );
    let isAsked = true;
    while (/^(skipif|onlyif)\b/.test(lines[0] ?? '')) {
      const [word, name] = lines.shift().split(/\s+/);
      isAsked &&= word === 'skipif' ? name !== ENGINE : name === ENGINE;
    }
    const [kind, what, order] = (lines.shift() ?? '').split(/\s+/);
    if (!isAsked) continue;
    if (kind === 'halt') return;
    if (kind === 'statement') yield { kind, isRefused: what === 'error', sql: lines.join('\n') };
    if (kind !== 'query') continue;
    const end = lines.indexOf('----');
    const sql = lines.slice(0, end < 0 ? undefined : end).join('\n');
    yield { kind, types: what, order, sql, expected: end < 0 ? undefined : lines.slice(end + 1).filter(Boolean) };
  }
}

/** A value as the program `sqllogictest` prints it. */
function printed(value, type) {
  if (value === null || value === undefined) return 'NULL';
  // A text is read as far as it is a number.
  if (type === 'I') return String(Math.trunc(Number(value)) || Number.parseInt(value, 10) || 0);
  if (type === 'R') return Number(value).toFixed(3);
  return value === '' ? '(empty)' : String(value).replace(/[^ -~]/g, '@');
}

const byText = (a, b) => (a < b ? -1 : Number(a > b));

function answer(rows, { types, order }) {
  const lines = rows.map((row) => row.map((value, index) => printed(value, types[index])));
  if (order === 'rowsort') lines.sort((a, b) => byText(a.join('\n'), b.join('\n')));
  const values = lines.flat();
  return order === 'valuesort' ? values.sort(byText) : values;
}

/** Whether the values are those of the record, which names them or their hash. */
function isExpected(values, expected) {
  const hashed = /^(\d+) values hashing to (\w+)$/.exec(expected[0] ?? '');
  if (!hashed) return values.length === expected.length && values.every((value, index) => value === expected[index]);
  const hash = createHash('md5');
  for (const value of values) hash.update(`${value}\n`);
  return values.length === Number(hashed[1]) && hash.digest('hex') === hashed[2];
}

/** What a database makes of a record: the values of a query, or the error. */
async function outcome(connection, database, record) {
  try {
    const { rows } = await connection.query({ database, query: record.sql, parameters: '[]' });
    return { values: record.kind === 'query' ? answer(rows, record) : [] };
  } catch (error) {
    return { error };
  }
}

/** Why a record does not pass; undefined when it does. */
function failure({ values, error }, record) {
  if (error) return record.isRefused ? undefined : `${error.code}: ${error.message}`;
  if (record.kind === 'statement') return record.isRefused ? 'the statement should be refused' : undefined;
  if (!record.expected || isExpected(values, record.expected)) return undefined;
  return `gives ${values.slice(0, 12).join(' ')}, not ${record.expected.slice(0, 12).join(' ')}`;
}

/** A database on PostgreSQL that runs the statements of a file when a record asks for it, each once. */
class Reference {
  #connection;
  #database;
  #statements = [];
  #exists = false;

  constructor(connection, database) {
    this.#connection = connection;
    this.#database = database;
  }

  note(record) {
    if (record.kind === 'statement') this.#statements.push(record);
  }

  /** Whether PostgreSQL does with the record what was done here. */
  async agrees(record, { values, error }) {
    if (!this.#exists) await this.#connection.call('createDatabase', { name: this.#database });
    this.#exists = true;
    for (const earlier of this.#statements.splice(0)) await outcome(this.#connection, this.#database, earlier);
    const there = await outcome(this.#connection, this.#database, record);
    if (error || there.error) return Boolean(error && there.error);
    return values.join('\n') === there.values.join('\n');
  }

  async drop() {
    if (this.#exists) await this.#connection.call('dropDatabase', { name: this.#database });
  }
}

const most = Number(options.most ?? Number.POSITIVE_INFINITY);
const every = Number(options.every ?? 1);
const wanted = options.files?.split(',');
const files = fs
  .readdirSync(options.tests, { recursive: true })
  .filter((file) => file.endsWith('.test') && (!wanted || wanted.some((part) => file.includes(part))))
  .sort()
  .filter((_, index) => index % every === 0);

const connection = new Connection(options.url ?? 'memory:', '{}');
const postgres = options.postgres && new Connection(options.postgres, '{}');
const total = { passed: 0, failed: 0 };
let likePostgres = 0;
const failures = [];
for (const [index, file] of files.entries()) {
  const database = `slt_${process.pid}_${index}`;
  await connection.call('createDatabase', { name: database });
  const count = { passed: 0, failed: 0 };
  const reference = postgres && new Reference(postgres, database);
  for (const record of records(path.join(options.tests, file))) {
    if (count.passed + count.failed >= most) break;
    const result = await outcome(connection, database, record);
    let why = failure(result, record);
    if (why === undefined) {
      reference?.note(record);
    } else if (await reference?.agrees(record, result)) {
      likePostgres++;
      why = undefined;
    }
    count[why === undefined ? 'passed' : 'failed']++;
    if (why !== undefined) failures.push(`${file}: ${record.sql.replaceAll('\n', ' ').slice(0, 300)}\n  ${why}`);
  }
  await connection.call('dropDatabase', { name: database });
  await reference?.drop();
  total.passed += count.passed;
  total.failed += count.failed;
  if (count.failed) console.log(`${file}: ${count.passed} passed, ${count.failed} failed`);
}
await connection.close();
await postgres?.close();
for (const line of failures.slice(0, Number(options.show ?? 20))) console.log(line);
if (postgres) console.log(`${likePostgres} of those that passed differ from SQLite, and PostgreSQL differs likewise`);
console.log(`${files.length} files, ${total.passed} records passed, ${total.failed} failed`);
process.exit(total.passed < Number(options.require ?? 0) ? 1 : 0);
