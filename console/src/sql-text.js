// Names and values as PhantomDB SQL.

/** A name in double quotes. */
export const identifier = (name) => `"${String(name).replaceAll('"', '""')}"`;

/** The name of a table, with its schema when it has one. */
export const tableSql = ({ name, schema }) => (schema ? `${identifier(schema)}.${identifier(name)}` : identifier(name));

/** A text in single quotes, which the server reads as a value of the type that it is compared with. */
export const literal = (text) => `'${String(text).replaceAll("'", "''")}'`;

/** The name of a table as people read it. */
export const tableLabel = ({ name, schema }) => (schema ? `${schema}.${name}` : name);

/** The table in which the console keeps the statements that people save. */
export const CONSOLE_TABLE = 'console_saved_queries';

export const isConsoleTable = ({ name, schema }) => name === CONSOLE_TABLE && schema === undefined;

/** The name of a table in a list or a diagram, with a mark when the table is the console's own. */
export const markedLabel = (table) => (isConsoleTable(table) ? `${tableLabel(table)} (console)` : tableLabel(table));

export const isSameTable = (one, other) => one.name === other.name && (one.schema ?? '') === (other.schema ?? '');

/** A key of a table for maps. */
export const tableKey = ({ name, schema }) => JSON.stringify([schema ?? '', name]);

/** A condition that all of these hold; undefined for none. */
export function allOf(conditions) {
  const given = conditions.filter((condition) => condition !== undefined && condition.trim() !== '');
  if (given.length < 2) return given[0];
  return given.map((condition) => `(${condition})`).join(' AND ');
}

/** The operators with which a filter begins that is SQL already. */
const OPERATOR = /^(=|<>|!=|<=?|>=?|~\*?|!~\*?|(not\s+)?(i?like|in|between|similar)\b|is\b)/i;

/**
 * The condition that the text of a column's filter stands for. The text is what follows the column in a condition
 * (`> 5`, `LIKE 'a%'`, `IS NULL`), or a value: a part of a text, or the whole of any other value.
 */
export function filterCondition({ name, wire }, text) {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const column = identifier(name);
  if (/^(not )?null$/i.test(trimmed)) return `${column} IS ${trimmed.toUpperCase()}`;
  if (OPERATOR.test(trimmed)) return `${column} ${trimmed}`;
  const pattern = literal(`%${trimmed.replace(/[\\%_]/g, '\\$&')}%`);
  if (wire === 'string') return `${column} ILIKE ${pattern}`;
  if (wire === 'json' || wire === 'any') return `CAST(${column} AS TEXT) ILIKE ${pattern}`;
  return `${column} = ${literal(trimmed)}`;
}

/** The condition after FROM. A comment at its end ends with its line. */
const where = (condition) => (condition === undefined ? '' : ` WHERE (${condition}\n)`);

/** The statement that reads these columns of the rows of a condition. */
export const selectStatement = (table, columns, { condition, orderBy }) =>
  `SELECT ${columns} FROM ${tableSql(table)}${where(condition)}${orderBy === undefined ? '' : ` ORDER BY ${orderBy}`}`;

/** The statement that counts the rows, up to one more than `most`. */
export function countStatement(table, condition, most) {
  const from = `${tableSql(table)}${where(condition)}`;
  if (condition === undefined || most === undefined) return `SELECT count(*) FROM ${from}`;
  return `SELECT count(*) FROM (SELECT 1 FROM ${from} LIMIT ${most + 1}) AS counted`;
}
