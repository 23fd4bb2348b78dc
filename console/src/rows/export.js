// Exports of rows as files, each with one state of the table.

import { pagesOf } from '../api.js';
import { identifier, selectStatement } from '../sql-text.js';
import { textOf } from '../values.js';

/** A field of CSV. NULL is nothing at all, an empty text is a pair of quotes. */
function csvField(value) {
  const text = textOf(value);
  if (text === null) return '';
  return text === '' || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csvLine = (values) => `${values.map(csvField).join(',')}\r\n`;

/** For each format: its media type, what comes before the rows, what stands for a row, and what comes after the rows. */
export const FORMATS = {
  csv: { type: 'text/csv', head: csvLine, row: (_, row) => csvLine(row), tail: '' },
  json: {
    type: 'application/json',
    head: () => '[',
    row: (names, row, at) =>
      `${at === 0 ? '\n' : ',\n'}${JSON.stringify(Object.fromEntries(names.map((name, column) => [name, row[column]])))}`,
    tail: '\n]\n',
  },
};

/** Makes a file of rows and lets the browser save it. */
export function saveFile(name, type, parts) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The browser has begun to read it when the next task runs.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** The text of these rows in a format, as parts of a file. */
export function formatted(format, names, rows) {
  const { head, row, tail } = FORMATS[format];
  return [head(names), ...rows.map((values, at) => row(names, values, at)), tail];
}

/** Exports all rows of a condition. `onProgress` gets the number of rows that were read so far. */
export async function exportRows({ database, table, columns, condition, orderBy, format, onProgress }) {
  const names = columns.map(({ name }) => name);
  const { head, row, tail, type } = FORMATS[format];
  const parts = [head(names)];
  let count = 0;
  const statement = selectStatement(table, names.map(identifier).join(', '), { condition, orderBy });
  for await (const rows of pagesOf(database, statement)) {
    parts.push(rows.map((values, at) => row(names, values, count + at)).join(''));
    count += rows.length;
    onProgress(count);
  }
  parts.push(tail);
  saveFile(`${table.name}.${format}`, type, parts);
}
