'use strict';

// Writes the attributes of a model, as source, from the columns of a table.

const { inspect } = require('util');

const { typeNamed } = require('../../driver/type-table.js');

/** TypeScript's types for the values of each wire type. */
const TYPESCRIPT = {
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
  timestamp: 'Date',
  blob: 'Buffer',
  json: 'unknown',
  decimal: 'string',
  string: 'string',
  date: 'string',
  time: 'string',
  uuid: 'string',
};
/** The wire types whose values are text. */
const TEXTS = ['string', 'date', 'time', 'uuid', 'decimal', 'enum'];

/** A value as source. */
const source = (value) => inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY, maxStringLength: null });
const key = (name) => (/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? name : source(name));
const literal = (sql) => `sequelize.literal(${source(sql)})`;

const unquote = (text) => text.slice(1, -1).replace(/''/g, "'");

/** Beyond 2^53 - 1 a value comes as a string. */
const isBig = ({ name, wire }) => wire === 'integer' && typeNamed(name).bits > 53;

function argumentsOf({ length, precision, scale, values }) {
  return values?.map(source) ?? [length, precision, scale].filter((argument) => argument !== undefined);
}

/** A type as source; one that Sequelize does not have, as its text. */
function dataType({ type, dataType: parts }) {
  if (parts === undefined) {
    return source(type);
  }
  if (parts.element) return `DataTypes.ARRAY(${dataType({ dataType: parts.element })})`;
  const [name] = typeNamed(parts.name).sequelize;
  const list = argumentsOf(parts).join(', ');
  // The length that Sequelize gives a STRING by itself.
  const isPlain = list === '' || (name === 'STRING' && list === '255');
  return `DataTypes.${name}${isPlain ? '' : `(${list})`}`;
}

function typescriptType({ dataType: parts }) {
  if (parts === undefined) {
    return 'unknown';
  }
  if (parts.element) {
    // The elements come as they travel: a time is text.
    const { element } = parts;
    const type = element.wire === 'timestamp' ? 'string' : typescriptType({ dataType: element });
    return `Array<${type} | null>`;
  }
  if (parts.values) {
    return parts.values.map(source).join(' | ');
  }
  return isBig(parts) ? 'number | string' : TYPESCRIPT[parts.wire];
}

/** A default as source: a value when its text is one of the column's type, else the expression. */
function defaultValue({ default: text, dataType: parts }) {
  const isNumber = parts?.wire === 'float' || (parts?.wire === 'integer' && !isBig(parts));
  const quoted = /^'(?:[^']|'')*'$/.test(text);
  if (/^null$/i.test(text)) {
    return 'null';
  }
  if (parts?.wire === 'boolean' && /^(true|false)$/i.test(text)) {
    return text.toLowerCase();
  }
  if (isNumber && /^-?\d+(\.\d+)?$/.test(text) && String(Number(text)) === text) {
    return text;
  }
  if (TEXTS.includes(parts?.wire) && quoted) {
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

/** Writes one attribute as source. `unique` is `true`, the name of a constraint, or undefined. */
function attribute(column, { isPrimary, unique, reference }) {
  const fields = [`type: ${dataType(column)}`];
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
