'use strict';

// The tables of a database, for the commands that write models.

const { existsSync } = require('fs');

const { consoleTable } = require('../../driver/contract.js');
const { defaultUrl } = require('../../driver/dialect-options.js');
const { isWholeUrl } = require('../../driver/database-url.js');
const { readConfiguration } = require('../configuration.js');
const { Names, modelNames } = require('./names.js');

/** A command line that is wrong. */
class Misuse extends Error {}

/** Tables in which tools keep their own state. */
const NOTES = ['SequelizeMeta', 'SequelizeData', consoleTable];

/** Names that have another meaning in the files. */
const RESERVED = [
  ...['init-models', 'Buffer', 'CreationOptional', 'DataTypes', 'Date', 'Deferrable', 'InferAttributes'],
  ...['InferCreationAttributes', 'Literal', 'Model', 'Object', 'Sequelize'],
];

/** The tables with their descriptions and the names of their models. */
async function readTables(dialect, database, isWanted) {
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

/** Where the tables are: at a connection string, or at a URL that names the database too. */
function placeOf({ url = defaultUrl(), database }) {
  const place = isWholeUrl(url)
    ? readConfiguration({ dialect: 'phantomdb', url, database })
    : { url, database, options: {} };
  if (place.database === undefined) throw new Misuse('--database is missing.');
  const directory = /^file:(?:\/\/(?=\/))?(.*)$/.exec(place.url)?.[1];
  if (directory !== undefined && !existsSync(directory)) throw new Error(`There is no directory ${directory}.`);
  return place;
}

module.exports = { Misuse, NOTES, placeOf, readTables };
