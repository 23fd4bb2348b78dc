'use strict';

// `phantomdb models`: writes Sequelize models for the tables of a database.

const { promises: fs } = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const { PhantomDBDialect } = require('../../index.js');
const { isModulePackage } = require('../module-package.js');
const { filesOf, languages } = require('./files.js');
const { Misuse, NOTES, placeOf, readTables } = require('./tables.js');

const USAGE = `Writes Sequelize models for the tables of a database: one file for each, and
init-models with the associations.

Usage: phantomdb models --database <NAME> [OPTIONS]

Options:
  -d, --database <NAME>   The database
      --url <URL>         http://…, https://… or file:…, or a URL that names the
                          database too, phantomdb://HOST/NAME
                          [env: PHANTOMDB_URL] [default: http://localhost:8080]
  -o, --output <DIR>      Where to write [default: ./models]
  -t, --table <NAME>      Only this table; may be given more than once
      --skip <NAME>       Not this table; may be given more than once
      --lang <LANGUAGE>   ${languages.join(' or ')} [default: js]
      --esm               Write ECMAScript modules, whose imports end in .js.
                          This is the default where package.json says
                          "type": "module"
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
  esm: { type: 'boolean' },
  force: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

const FAILED = 1;
const MISUSED = 2;

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

async function run({ output, table, skip, lang, esm, force, ...where }) {
  const named = (list, { name, schema }) => list.includes(name) || list.includes(`${schema}.${name}`);
  const { url, database, options } = placeOf(where);
  const dialect = new PhantomDBDialect(url, { ...options, createDatabase: false });
  try {
    const isWanted = (candidate) => (table ? named(table, candidate) : !named([...NOTES, ...skip], candidate));
    const files = filesOf(await readTables(dialect, database, isWanted), lang, esm ?? (await isModulePackage()));
    await write(files, output, force);
    console.log(`Wrote ${Object.keys(files).length} files to ${output}.`);
  } catch (error) {
    if (error.code !== 'UNKNOWN_DATABASE') throw error;
    throw new Error(`There is no database "${database}" at ${dialect.url}.`);
  } finally {
    await dialect.close();
  }
}

/** Runs the command and returns the exit code. */
async function models(args) {
  let values;
  try {
    if (!parseArgs) throw new Error('phantomdb models needs Node 18.3 or later.');
    ({ values } = parseArgs({ args, options: OPTIONS }));
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
    console.error(error instanceof Misuse ? `${error.message}\n\n${USAGE}` : error.message);
    return error instanceof Misuse ? MISUSED : FAILED;
  }
}

module.exports = { models };
