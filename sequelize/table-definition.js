'use strict';

// The arguments of `PhantomDBDialect.createTable` as the contract's `CreateTable`. Attributes are like those of a model;
// their types are PhantomDB SQL or data types of Sequelize.

const { toJson } = require('../driver/json.js');
const { columnDefinition, reference } = require('./column-definition.js');
const { escapeValue } = require('./escape.js');
const { tableOf } = require('./flatten/tables.js');
const { installEverywhere } = require('./install.js');

/**
 * @param {string | object} table
 * @param {Record<string, string | object>} attributes
 * @param {{ ifNotExists?: boolean, comment?: string }} options
 */
function tableDefinition(table, attributes, options) {
  const columns = [];
  const uniqueKeys = new Map();
  const dataTypes = dataTypesOfCopies();
  for (const [key, attribute] of Object.entries(attributes)) {
    const definition = isType(attribute) ? { type: attribute } : attribute;
    const column = columnOf(key, definition, dataTypes);
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

/** The data types of every copy of Sequelize; the copies are only searched for when a type is not text. */
function dataTypesOfCopies() {
  let copies;
  return () => {
    copies ??= installEverywhere().map(({ DataTypes }) => DataTypes);
    return copies;
  };
}

function columnOf(key, attribute, dataTypes) {
  if (attribute?.type === undefined) {
    throw new TypeError(`Attribute '${key}' has no type.`);
  }
  const { defaultValue } = attribute;
  const written = {
    type: typeOf(key, attribute.type, dataTypes),
    defaultValue: defaultValue === undefined || defaultValue === null ? undefined : defaultOf(key, defaultValue),
    references: attribute.references && referenceOf(attribute),
  };
  return { ...columnDefinition(attribute.field ?? key, attribute, written), generated: attribute.generated };
}

/** A type as PhantomDB SQL. The copy of Sequelize that a data type is from knows its name in PhantomDB SQL. */
function typeOf(key, type, dataTypes) {
  if (typeof type === 'string') {
    return type;
  }
  const instance = typeof type === 'function' ? new type() : type;
  for (const DataTypes of dataTypes()) {
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
  return escapeValue(isDocument ? toJson(value) : value);
}

/** The contract refuses an action that it does not know. */
function referenceOf({ references, onDelete, onUpdate }) {
  const actions = { onDelete: onDelete?.toUpperCase(), onUpdate: onUpdate?.toUpperCase() };
  return reference(references.model ?? references.table, { key: references.key ?? undefined, ...actions });
}

module.exports = { tableDefinition };
