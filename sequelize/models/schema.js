'use strict';

// `phantomdb schema --format sequelize`: prints Sequelize models for the tables of a database. `phantomdb models` writes
// them to files; the other formats are the server's.

const { parseArgs } = require('util');

const { PhantomDBDialect } = require('../../index.js');
const { defaultUrl } = require('../../driver/dialect-options.js');
const { LOCKS_DATABASE } = require('../../driver/named-lock.js');
const { isWholeUrl } = require('../../driver/database-url.js');
const { filesOf } = require('./files.js');
const { Misuse, NOTES, placeOf, readTables } = require('./tables.js');

const FAILED = 1;
const MISUSED = 2;
const UNREACHABLE = 3;

const OPTIONS = {
  database: { type: 'string', short: 'd' },
  format: { type: 'string' },
  table: { type: 'string', short: 't', multiple: true },
};

/** True when the arguments of `phantomdb schema` ask for models. */
function asksForModels(args) {
  return args.some((arg, at) => arg === '--format=sequelize' || (arg === '--format' && args[at + 1] === 'sequelize'));
}

/** A path without a scheme is a directory, as in the other commands. */
const withScheme = (url) => (/^[a-z][a-z+]*:/i.test(url) ? url : `file:${url}`);

function read(args) {
  if (!parseArgs) throw new Misuse('phantomdb schema --format sequelize needs Node 18.3 or later.');
  let parsed;
  try {
    parsed = parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new Misuse(error.message);
  }
  const { values, positionals } = parsed;
  if (positionals.length > 1) throw new Misuse(`There is one URL, and not also ${positionals[1]}.`);
  const url = positionals.length > 0 ? withScheme(positionals[0]) : defaultUrl();
  return { ...values, url };
}

/** The name of the only database at a place, beside that of the locks, which migrations leave behind. */
async function onlyDatabase(url) {
  const dialect = new PhantomDBDialect(url, { createDatabase: false });
  try {
    const names = (await dialect.listDatabases()).filter((name) => name !== LOCKS_DATABASE);
    if (names.length === 1) return names[0];
    throw new Misuse(`Name the database with --database; there are ${names.join(', ') || 'none yet'}.`);
  } finally {
    await dialect.close();
  }
}

/** A pattern of `*` and `?` for the names of tables. */
function matcher(patterns) {
  const escaped = (text) => text.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  const toRegExp = (pattern) => new RegExp(`^${escaped(pattern).replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 'is');
  const expressions = patterns.map(toRegExp);
  return (name) => expressions.some((expression) => expression.test(name));
}

async function print({ url, database, table }) {
  const named = isWholeUrl(url) || database ? { url, database } : { url, database: await onlyDatabase(url) };
  const place = placeOf(named);
  const dialect = new PhantomDBDialect(place.url, { ...place.options, createDatabase: false });
  try {
    const matches = table && matcher(table);
    const isWanted = ({ name, schema }) =>
      matches ? matches(schema ? `${schema}.${name}` : name) : !NOTES.includes(name);
    const files = filesOf(await readTables(dialect, place.database, isWanted), 'js', false);
    const text = Object.entries(files).map(([name, content]) => `// ${name}\n${content}`);
    process.stdout.write(text.join('\n'));
  } finally {
    await dialect.close();
  }
}

/** Runs the command and returns the exit code. */
async function schema(args) {
  // A reader that reads no further, such as `head`, has what it wanted.
  process.stdout.on('error', (error) => {
    if (error.code !== 'EPIPE') throw error;
  });
  try {
    await print(read(args));
    return 0;
  } catch (error) {
    console.error(`phantomdb: ${error.message}`);
    if (error instanceof Misuse) return MISUSED;
    return error.code === 'UNAVAILABLE' ? UNREACHABLE : FAILED;
  }
}

module.exports = { asksForModels, schema };
