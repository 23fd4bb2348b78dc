'use strict';

// The attributes of a model, as source, from the columns of a table.

const { inspect } = require('util');

/** PhantomDB's types without arguments: Sequelize's, and TypeScript's. */
const TYPES = {
  TINYINT: ['TINYINT', 'number'],
  SMALLINT: ['SMALLINT', 'number'],
  MEDIUMINT: ['MEDIUMINT', 'number'],
  INTEGER: ['INTEGER', 'number'],
  BIGINT: ['BIGINT', 'number | string'],
  FLOAT: ['FLOAT', 'number'],
  REAL: ['REAL', 'number'],
  'DOUBLE PRECISION': ['DOUBLE', 'number'],
  DECIMAL: ['DECIMAL', 'string'],
  BOOLEAN: ['BOOLEAN', 'boolean'],
  VARCHAR: ['STRING', 'string'],
  CHAR: ['CHAR', 'string'],
  TEXT: ['TEXT', 'string'],
  CITEXT: ['CITEXT', 'string'],
  TIMESTAMP: ['DATE', 'Date'],
  DATE: ['DATEONLY', 'string'],
  TIME: ['TIME', 'string'],
  UUID: ['UUID', 'string'],
  BLOB: ['BLOB', 'Buffer'],
  JSON: ['JSON', 'unknown'],
  JSONB: ['JSONB', 'unknown'],
};
const NUMBERS = ['TINYINT', 'SMALLINT', 'MEDIUMINT', 'INTEGER', 'FLOAT', 'REAL', 'DOUBLE PRECISION'];
const TEXTS = ['VARCHAR', 'CHAR', 'TEXT', 'CITEXT', 'DATE', 'TIME', 'UUID', 'DECIMAL', 'ENUM'];

/** A value as source. */
const source = (value) => inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY, maxStringLength: null });
const key = (name) => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : source(name));
const literal = (sql) => `sequelize.literal(${source(sql)})`;

function split(type) {
  const [, name, inner] = /^([^(]+)(?:\((.*)\))?$/s.exec(type) ?? [];
  return { name: name?.trim().toUpperCase(), inner };
}

const unquote = (text) => text.slice(1, -1).replaceAll("''", "'");
const enumValues = (inner) => Array.from(inner.matchAll(/'(?:[^']|'')*'/g), ([text]) => unquote(text));

/** A type as source; one that Sequelize has not, as its text. */
function dataType(type) {
  const { name, inner } = split(type);
  if (name === 'ENUM') {
    return `DataTypes.ENUM(${enumValues(inner).map(source).join(', ')})`;
  }
  const known = Object.hasOwn(TYPES, name) ? TYPES[name][0] : undefined;
  if (known === undefined) {
    return source(type);
  }
  const isPlain = inner === undefined || (known === 'STRING' && inner === '255');
  return `DataTypes.${known}${isPlain ? '' : `(${inner.replace(/\s*,\s*/g, ', ')})`}`;
}

function typescriptType(type) {
  const { name, inner } = split(type);
  if (name === 'ENUM') {
    return enumValues(inner).map(source).join(' | ');
  }
  return Object.hasOwn(TYPES, name) ? TYPES[name][1] : 'unknown';
}

/** A default as source: a value where its text is one of the column's type, or the expression. */
function defaultValue({ default: text, type }) {
  const { name } = split(type);
  const quoted = /^'(?:[^']|'')*'$/.test(text);
  if (/^null$/i.test(text)) {
    return 'null';
  }
  if (name === 'BOOLEAN' && /^(true|false)$/i.test(text)) {
    return text.toLowerCase();
  }
  if (NUMBERS.includes(name) && /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text) {
    return text;
  }
  if (TEXTS.includes(name) && quoted) {
    return source(unquote(text));
  }
  return literal(text);
}

function tableSource({ name, schema }) {
  return schema === undefined ? source(name) : `{ tableName: ${source(name)}, schema: ${source(schema)} }`;
}

function referenceFields({ table, columns, onDelete, onUpdate, deferrable, initiallyDeferred }) {
  const timing = initiallyDeferred ? 'INITIALLY_DEFERRED' : 'INITIALLY_IMMEDIATE';
  const when = deferrable || initiallyDeferred ? `, deferrable: new Deferrable.${timing}()` : '';
  const fields = [`references: { model: ${tableSource(table)}, key: ${source(columns[0])}${when} }`];
  if (onDelete) fields.push(`onDelete: ${source(onDelete)}`);
  if (onUpdate) fields.push(`onUpdate: ${source(onUpdate)}`);
  return fields;
}

/** One attribute as source. `unique` is `true`, the name of a constraint, or nothing. */
function attribute(column, { isPrimary, unique, reference }) {
  const fields = [`type: ${dataType(column.type)}`];
  if (isPrimary) fields.push('primaryKey: true');
  if (column.autoIncrement) fields.push('autoIncrement: true');
  if (!column.allowNull && !isPrimary) fields.push('allowNull: false');
  if (unique !== undefined) fields.push(`unique: ${source(unique)}`);
  if (column.default !== undefined && column.default !== null) fields.push(`defaultValue: ${defaultValue(column)}`);
  if (reference) fields.push(...referenceFields(reference));
  if (column.comment) fields.push(`comment: ${source(column.comment)}`);
  return `${key(column.name)}: { ${fields.join(', ')} }`;
}

module.exports = { attribute, key, literal, source, typescriptType };
