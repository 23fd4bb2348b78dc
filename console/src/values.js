// Values of columns: how they are read from the server, shown, and written back.

import { identifier, literal } from './sql-text.js';

/** The most characters of a value that a list of rows reads. */
export const CUT = 300;

/** A column of a table as the console uses it. `wire` says how its values travel. */
export function columnOf(definition) {
  const parts = definition.dataType;
  return { ...definition, wire: parts?.wire ?? 'any', length: parts?.length, values: parts?.values };
}

const isLong = ({ wire, length }) => wire === 'string' && !(length <= CUT);

/** The expression that reads as much of a column as a list shows: a blob by its size, a document by its text. */
function listExpression(column) {
  const name = identifier(column.name);
  if (column.wire === 'blob') return `length(${name})`;
  if (column.wire === 'json' || column.wire === 'any') return `left(CAST(${name} AS TEXT), ${CUT + 1})`;
  return isLong(column) ? `left(${name}, ${CUT + 1})` : name;
}

export const listColumns = (columns) => columns.map(listExpression).join(', ');

/** The expression that reads all of a column. A document is read as text, which keeps the digits of its numbers. */
function fullExpression({ name, wire }) {
  return wire === 'json' || wire === 'any' ? `CAST(${identifier(name)} AS TEXT)` : identifier(name);
}

export const fullColumns = (columns) => columns.map(fullExpression).join(', ');

/**
 * A value out of a list of rows.
 * @returns {{ text: string | null, isCut: boolean, bytes?: number }} `text` is null for NULL
 */
export function listed(column, value) {
  if (value === null) return { text: null, isCut: false };
  if (column.wire === 'blob') return { text: `${byteSize(Number(value))}`, isCut: true, bytes: Number(value) };
  const text = textOf(value);
  const isCut = (isLong(column) || column.wire === 'json' || column.wire === 'any') && [...text].length > CUT;
  return { text: isCut ? [...text].slice(0, CUT).join('') : text, isCut };
}

/** A value as text: documents as JSON. */
export function textOf(value) {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

export function byteSize(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB'];
  let size = bytes;
  let unit = -1;
  do {
    size /= 1000;
    unit += 1;
  } while (size >= 1000 && unit < units.length - 1);
  return `${size.toFixed(1)} ${units[unit]}`;
}

/** Reads base64 as bytes. */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** Writes bytes as base64. */
export function base64Of(bytes) {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}

/**
 * Says why a column cannot take a text as its value; undefined when the server may take it. The server checks it again.
 */
export function wrongText(column, text) {
  if (text === null) return column.allowNull ? undefined : 'this column takes no NULL';
  switch (column.wire) {
    case 'integer':
      return /^\s*[-+]?\d+\s*$/.test(text) ? undefined : 'this is not a whole number';
    case 'boolean':
      return text === 'true' || text === 'false' ? undefined : 'write true or false';
    case 'json':
      return wrongDocument(text);
    default:
      return undefined;
  }
}

function wrongDocument(text) {
  try {
    return JSON.parse(text) === null ? 'the document null cannot be written here; choose NULL' : undefined;
  } catch (error) {
    return `this is not JSON: ${error.message}`;
  }
}

/** A text as a parameter of a statement, which says the type of a value that is no text. */
export function parameterOf({ wire }, text) {
  if (text === null || wire === 'string') return text;
  if (wire === 'boolean') return text === 'true';
  const typed = ['integer', 'decimal', 'blob'].includes(wire);
  return typed ? { type: wire, value: text.trim() } : text;
}

/** The expression of a parameter. A document travels as text, so that its numbers keep their digits. */
export const placeholderOf = ({ wire }, number) => (wire === 'json' ? `CAST($${number} AS JSONB)` : `$${number}`);

/** The condition that a column has a value. */
export function equals({ name, wire }, text) {
  const column = identifier(name);
  if (text === null) return `${column} IS NULL`;
  return wire === 'blob' ? `${column} = decode(${literal(text)}, 'base64')` : `${column} = ${literal(text)}`;
}

/** A document with a line for each of its values. Works on the text, so that numbers keep their digits. */
export function indented(text) {
  let depth = 0;
  const line = () => `\n${'  '.repeat(depth)}`;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s[\]{}:,"]+/g) ?? [];
  let out = '';
  tokens.forEach((token, at) => {
    const closes = token === ']' || token === '}';
    if (closes) depth -= 1;
    const isEmpty = closes && '[{'.includes(tokens[at - 1] ?? '');
    if (closes && !isEmpty) out += line();
    out += token;
    if (token === '[' || token === '{') {
      depth += 1;
      if (!']}'.includes(tokens[at + 1] ?? '')) out += line();
    } else if (token === ',') {
      out += line();
    } else if (token === ':') {
      out += ' ';
    }
  });
  return out;
}
