'use strict';

// What `PhantomDBDialect.createTable` takes, as the contract's `CreateTable`: attributes like a model's, whose types
// are PhantomDB SQL or data types of Sequelize.

const { inspect } = require('util');

const { escapeValue } = require('./escape.js');

/** A table by name, or by name and schema. */
function tableOf(table) {
  if (typeof table === 'string') {
    return { name: table };
  }
  const name = table?.tableName ?? table?.name;
  if (typeof name !== 'string') {
    throw new TypeError(`A table is its name or { tableName, schema }, not ${inspect(table)}.`);
  }
  return { name, schema: table.schema ?? undefined };
}

/**
 * @param {string | object} table
 * @param {Record<string, string | object>} attributes
 * @param {{ ifNotExists?: boolean, comment?: string }} options
 */
function tableDefinition(table, attributes, options) {
  const columns = [];
  const uniqueKeys = new Map();
  for (const [key, attribute] of Object.entries(attributes)) {
    const definition = isType(attribute) ? { type: attribute } : attribute;
    const column = columnOf(key, definition);
    columns.push(column);
    if (typeof definition.unique === 'string') {
      uniqueKeys.set(definition.unique, [...(uniqueKeys.get(definition.unique) ?? []), column.name]);
    }
  }
  return {
    table: tableOf(table),
    columns,
    constraints: Array.from(uniqueKeys, ([name, names]) => ({ type: 'unique', name, columns: names })),
    ifNotExists: options.ifNotExists === true,
    comment: options.comment,
  };
}

function isType(attribute) {
  return typeof attribute === 'string' || typeof attribute === 'function' || typeof attribute?.toSql === 'function';
}

function columnOf(key, attribute) {
  if (attribute?.type === undefined) {
    throw new TypeError(`Attribute '${key}' has no type.`);
  }
  const { defaultValue } = attribute;
  return {
    name: attribute.field ?? key,
    type: typeOf(key, attribute.type),
    allowNull: attribute.allowNull !== false && attribute.primaryKey !== true,
    primaryKey: attribute.primaryKey === true,
    autoIncrement: attribute.autoIncrement === true,
    unique: attribute.unique === true,
    default: defaultValue === undefined || defaultValue === null ? undefined : defaultOf(key, defaultValue),
    generated: attribute.generated,
    references: attribute.references && referenceOf(attribute),
    comment: attribute.comment,
  };
}

/** A type as PhantomDB SQL. A data type of Sequelize knows its own name there, in the copy that it is from. */
function typeOf(key, type) {
  if (typeof type === 'string') {
    return type;
  }
  const instance = typeof type === 'function' ? new type() : type;
  const { installEverywhere } = require('./install.js');
  for (const { DataTypes } of installEverywhere()) {
    if (instance instanceof DataTypes.ABSTRACT) {
      const own = DataTypes.phantomdb[instance.key];
      return (own ? own.extend(instance) : instance).toSql({ attribute: key });
    }
  }
  throw new TypeError(
    `The type of attribute '${key}' is neither PhantomDB SQL such as 'VARCHAR(255)' nor a data type of sequelize 6.`,
  );
}

/** A default as an SQL expression. */
function defaultOf(key, value) {
  if (typeof value === 'function' || value?.constructor?.key) {
    if ((value.key ?? value.constructor.key) === 'NOW') {
      return 'now()';
    }
    throw new TypeError(`The default of attribute '${key}' must be a value, Sequelize.literal or DataTypes.NOW.`);
  }
  if (value?.constructor?.name === 'Literal') {
    return String(value.val);
  }
  const isDocument = typeof value === 'object' && !ArrayBuffer.isView(value) && !(value instanceof Date);
  return escapeValue(isDocument ? JSON.stringify(value) : value);
}

function referenceOf({ references, onDelete, onUpdate }) {
  const target = references.model ?? references.table;
  return {
    table: tableOf(typeof target?.getTableName === 'function' ? target.getTableName() : target),
    columns: [references.key ?? 'id'],
    onDelete: onDelete?.toUpperCase(),
    onUpdate: onUpdate?.toUpperCase(),
  };
}

module.exports = { tableOf, tableDefinition };
