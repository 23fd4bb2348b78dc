'use strict';

// Writes the associations that foreign keys describe, as source. The attributes have the references and their actions on
// delete and update, so the associations themselves make no constraints.

const { source } = require('./attributes.js');
const { Names, camelCase, pascalCase, plural, singular, stemOf } = require('./names.js');
const { simpleKeys } = require('./table.js');

const tableKey = ({ name, schema }) => `${schema ?? ''}.${name}`;

/** True when the values of the column are unique in the table. */
function isUnique(schema, column) {
  const isAlone = (columns) => columns.length === 1 && columns[0] === column;
  return (
    isAlone(schema.primaryKey) || schema.constraints.some(({ type, columns }) => type === 'unique' && isAlone(columns))
  );
}

const call = (from, method, to, options) => `${from}.${method}(${to}, { ${options.join(', ')}, constraints: false });`;

/** @param {{ schema: object, modelName: string }[]} tables */
function associations(tables) {
  const byTable = new Map(tables.map((table) => [tableKey(table.schema.table), table]));
  const names = new Map(tables.map((table) => [table, new Names(table.schema.columns.map(({ name }) => name))]));
  const lines = [];
  for (const table of tables) {
    const keys = simpleKeys(table.schema)
      .map(({ columns: [column], references }) => ({
        column,
        references,
        target: byTable.get(tableKey(references.table)),
      }))
      .filter(({ target }) => target !== undefined);
    for (const foreignKey of keys) {
      lines.push(...oneToMany(table, foreignKey, keys, names));
    }
    lines.push(...manyToMany(table, keys, names));
  }
  return lines;
}

function oneToMany(table, { column, references, target }, keys, names) {
  const stem = stemOf(column);
  const isOnly = keys.filter((other) => other.target === target).length === 1;
  const many = !isUnique(table.schema, column);
  const own = camelCase(many ? plural(table.schema.table.name) : singular(table.schema.table.name));
  const byStem = `${own}By${pascalCase(stem)}`;
  const there = names.get(table).take(stem, `${stem}${target.modelName}`);
  const back = names.get(target).take(...(isOnly ? [own] : []), byStem);
  const to = references.columns[0];
  const isPrimary = target.schema.primaryKey.length === 1 && target.schema.primaryKey[0] === to;
  const foreignKey = `foreignKey: ${source(column)}`;
  const other = (option) => (isPrimary ? [] : [`${option}: ${source(to)}`]);
  return [
    call(table.modelName, 'belongsTo', target.modelName, [`as: ${source(there)}`, foreignKey, ...other('targetKey')]),
    call(target.modelName, many ? 'hasMany' : 'hasOne', table.modelName, [
      `as: ${source(back)}`,
      foreignKey,
      ...other('sourceKey'),
    ]),
  ];
}

/** A table whose primary key is two foreign keys connects two others. */
function manyToMany(table, keys, names) {
  const { primaryKey } = table.schema;
  const ends = primaryKey.map((name) => keys.find(({ column }) => column === name));
  if (ends.length !== 2 || ends.includes(undefined)) {
    return [];
  }
  return [ends, [ends[1], ends[0]]].map(([from, to]) => {
    const usual = camelCase(plural(to.target.schema.table.name));
    const as = names.get(from.target).take(usual, `${usual}By${pascalCase(stemOf(to.column))}`);
    return call(from.target.modelName, 'belongsToMany', to.target.modelName, [
      `as: ${source(as)}`,
      `through: { model: ${table.modelName}, unique: false }`,
      `foreignKey: ${source(from.column)}`,
      `otherKey: ${source(to.column)}`,
    ]);
  });
}

module.exports = { associations };
