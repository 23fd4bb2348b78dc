// Answers in a form in which two dialects can be compared: what is different in it is in docs/compatibility.md.

const { Model } = require('sequelize');

const MANY = ['books', 'tags', 'team', 'tagged'];
const TIMES = ['createdAt', 'updatedAt', 'deletedAt'];

/** SQLite's dialect leaves dates as its own text where it does not know the column. */
const DATE_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+00:00$/;
/** A decimal is a string here, exact, and a number there. */
const DECIMAL_TEXT = /^-?\d+\.\d\d$/;

function scalar(value) {
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `blob ${value.toString('hex')}`;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : Number(value.toPrecision(12));
  if (typeof value === 'string' && DECIMAL_TEXT.test(value)) return Number(value);
  // The other side leaves a document in a raw result as text.
  if (typeof value === 'string' && value.startsWith('{')) return comparable(JSON.parse(value));
  if (typeof value === 'string' && DATE_TEXT.test(value)) return new Date(value).toISOString();
  return value;
}

const text = (value) => JSON.stringify(value);
const byText = (a, b) => (text(a) < text(b) ? -1 : 1);

function comparable(value, key = '') {
  if (value instanceof Model) return comparable(value.get({ plain: true }), key);
  const isTime = TIMES.some((name) => key === name || key.endsWith(`.${name}`));
  if (isTime && value !== null && value !== undefined) return 'a time';
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    return MANY.includes(key) ? items.sort(byText) : items;
  }
  if (value === null || value === undefined) return null;
  if (typeof value === 'object' && Object.getPrototypeOf(Object.getPrototypeOf(value) ?? {}) === null) {
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    return Object.fromEntries(names.sort().map((name) => [name, comparable(value[name], name)]));
  }
  return scalar(value);
}

/** A row that was made. This dialect reads all its columns back, Sequelize's own for SQLite its key alone. */
function made(instance) {
  return Object.fromEntries(Object.entries(comparable(instance)).filter(([, value]) => value !== null));
}

/** Rows that have no order of their own. */
const unordered = (value) => (Array.isArray(value) ? comparable(value).sort(byText) : comparable(value));

/** Whether rows can share what they are ordered by: those without a main row, and those of one main row. */
const canTie = ({ include = [], raw }) => include.some((item) => item.right || raw);

/** Of the rows of a right join that have no main row Sequelize keeps one, whichever comes first. */
const hasMainRow = ({ include = [], raw }, row) => raw || row.id !== null || !include.some((item) => item.right);

function rowsOf(rows, options) {
  const main = rows.filter((row) => hasMainRow(options, row));
  return options.order && !canTie(options) ? comparable(main) : unordered(main);
}

module.exports = { comparable, made, unordered, rowsOf };
