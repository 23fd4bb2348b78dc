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

/** How a value begins in SQL: a number, a text, a name in quotes, a parameter, a call, or something in parentheses. */
const OPERAND = String.raw`\s*(?:[-+]?\.?\d|(?:[a-z]+\s*)?'|["$(]|[a-z_][\w.]*\s*\(|(?:current|local)_\w+)`;

/**
 * How a filter begins that is SQL already. A text that people look for may begin with such a word, like `In the end`, and is
 * SQL only when a value follows.
 */
const CONDITIONS = [
  String.raw`(?:=|<>|!=|<=?|>=?|~\*?|!~\*?)`,
  String.raw`(?:not\s+)?(?:i?like|between|similar\s+to)\b${OPERAND}`,
  String.raw`(?:not\s+)?in\s*\(`,
  String.raw`is\s+(?:not\s+)?(?:(?:null|true|false|unknown)\s*(?:$|(?:and|or)\b)|distinct\s+from\b)`,
];
const CONDITION = new RegExp(`^(?:${CONDITIONS.join('|')})`, 'i');

/** How a condition on a document may begin besides. */
const OF_DOCUMENTS = /^(?:@>|<@|->>?|#>>?)\s*['(]/;

/** The beginning of an element of HTML, which is no comparison. */
const ELEMENT = /^<\/?[a-z][^<>]*>/i;

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The next day of a calendar; undefined for a day that there is not. */
function dayAfter(day) {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : new Date(time + 86_400_000).toISOString().slice(0, 10);
}

/**
 * The condition that the text of a column's filter stands for. The text is what follows the column in a condition
 * (`> 5`, `LIKE 'a%'`, `IS NULL`), or a value: a part of a text, the day of a time, or the whole of any other value.
 */
export function filterCondition({ name, wire }, text) {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const column = identifier(name);
  if (/^(not )?null$/i.test(trimmed)) return `${column} IS ${trimmed.toUpperCase()}`;
  if (CONDITION.test(trimmed) && !ELEMENT.test(trimmed)) return `${column} ${trimmed}`;
  if (wire === 'json' && OF_DOCUMENTS.test(trimmed)) return `${column} ${trimmed}`;
  const pattern = literal(`%${trimmed.replace(/[\\%_]/g, '\\$&')}%`);
  if (wire === 'string') return `${column} ILIKE ${pattern}`;
  if (wire === 'json' || wire === 'any') return `CAST(${column} AS TEXT) ILIKE ${pattern}`;
  const next = wire === 'timestamp' && DAY.test(trimmed) ? dayAfter(trimmed) : undefined;
  if (next !== undefined) return `${column} >= ${literal(trimmed)} AND ${column} < ${literal(next)}`;
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
