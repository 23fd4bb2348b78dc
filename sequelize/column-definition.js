'use strict';

// Attributes as the contract's `ColumnDefinition` and `Reference`. A model's attributes and those that are given to
// `PhantomDBDialect.createTable` have the same options; they differ in how types, defaults and tables are written.

const { tableOf } = require('./flatten/tables.js');

/**
 * @param {string} name of the column
 * @param {object} attribute
 * @param {object} written the parts that the caller writes
 * @param {string} written.type
 * @param {string} [written.defaultValue] an SQL expression
 * @param {object} [written.references] see `reference`
 */
function columnDefinition(name, attribute, { type, defaultValue, references }) {
  return {
    name,
    type,
    allowNull: attribute.allowNull !== false,
    primaryKey: Boolean(attribute.primaryKey),
    autoIncrement: Boolean(attribute.autoIncrement || attribute.autoIncrementIdentity),
    unique: attribute.unique === true,
    default: defaultValue,
    references,
    comment: attribute.comment || undefined,
  };
}

/**
 * A column's `Reference`.
 *
 * @param target the table or model that is referred to
 * @param {{ key?: string, onDelete?: string, onUpdate?: string }} options the actions as the contract names them
 * @param {string} [schema] of a table that is named without one
 */
function reference(target, { key = 'id', onDelete, onUpdate }, schema) {
  return { table: tableOf(target, schema), columns: [key], onDelete, onUpdate };
}

module.exports = { columnDefinition, reference };
