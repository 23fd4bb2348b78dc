'use strict';

// `phantomdb models`: writes Sequelize models for the tables of a database.

const fs = require('fs/promises');
const path = require('path');
const { parseArgs } = require('util');

const { PhantomDBDialect } = require('../../index.js');
const { filesOf, languages } = require('./files.js');
const { Names, modelNames } = require('./names.js');

/** Tables in which tools keep their own state. */
const NOTES = ['SequelizeMeta', 'SequelizeData'];

const USAGE = `Writes Sequelize models for the tables of a database: one file for each, and init-models with the associations.

Usage: phantomdb models --database <NAME> [OPTIONS]

Options:
  -d, --database <NAME>   The database
      --url <URL>         http://…, https://… or file:… [env: PHANTOMDB_URL] [default: http://localhost:8080]
  -o, --output <DIR>      Where to write [default: ./models]
  -t, --table <NAME>      Only this table; may be given more than once
      --skip <NAME>       Not this table; may be given more than once
      --lang <LANGUAGE>   ${languages.join(' or ')} [default: js]
      --force             Overwrite files that are there
  -h, --help              Print help

A server's token is taken from the environment variable PHANTOMDB_TOKEN.`;

const OPTIONS = {
  database: { type: 'string', short: 'd' },
  url: { type: 'string' },
  output: { type: 'string', short: 'o', default: './models' },
  table: { type: 'string', short: 't', multiple: true },
  skip: { type: 'string', multiple: true, default: [] },
  lang: { type: 'string', default: 'js' },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

const FAILED = 1;
const MISUSED = 2;

/** Names that have another meaning in the files. */
const RESERVED = [
  ...['init-models', 'Buffer', 'CreationOptional', 'DataTypes', 'Date', 'Deferrable', 'InferAttributes'],
  ...['InferCreationAttributes', 'Literal', 'Model', 'Object', 'Sequelize'],
];

/** The tables with their descriptions and the names of their models. */
async function read(dialect, database, isWanted) {
  const names = new Names(RESERVED);
  const tables = [];
  const found = (await dialect.listTables(database)).filter(isWanted);
  // The tables of the default schema get their names first.
  found.sort((one, other) => Number(one.schema !== undefined) - Number(other.schema !== undefined));
  for (const table of found) {
    const schema = await dialect.describeTable(database, { tableName: table.name, schema: table.schema });
    tables.push({ schema, modelName: names.take(...modelNames(table)) });
  }
  return tables;
}

async function write(files, output, force) {
  await fs.mkdir(output, { recursive: true });
  if (!force) {
    const there = new Set(await fs.readdir(output));
    const taken = Object.keys(files).filter((name) => there.has(name));
    if (taken.length > 0) {
      throw new Error(`In ${output} there is ${taken.join(', ')} already; --force overwrites.`);
    }
  }
  for (const [name, text] of Object.entries(files)) {
    await fs.writeFile(path.join(output, name), text);
  }
}

async function run({ url, database, output, table, skip, lang, force }) {
  const named = (list, { name, schema }) => list.includes(name) || list.includes(`${schema}.${name}`);
  const dialect = new PhantomDBDialect(url, { createDatabase: false });
  try {
    const isWanted = (candidate) => (table ? named(table, candidate) : !named([...NOTES, ...skip], candidate));
    const files = filesOf(await read(dialect, database, isWanted), lang);
    await write(files, output, force);
    console.log(`Wrote ${Object.keys(files).length} files to ${output}.`);
  } finally {
    await dialect.close();
  }
}

/** Runs the command and returns the exit code. */
async function models(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS }));
    if (!values.help && values.database === undefined) throw new Error('--database is missing.');
    if (!languages.includes(values.lang)) throw new Error(`--lang is ${languages.join(' or ')}, not '${values.lang}'.`);
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return MISUSED;
  }
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    await run(values);
    return 0;
  } catch (error) {
    console.error(error.message);
    return FAILED;
  }
}

module.exports = { models };
