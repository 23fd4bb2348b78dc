// The tables of the statements: `v` with a column of each type, `w`, which refers to it, and `x`, which some of them write.

const { literal, sqlName, quoted } = require('./literals');

const columns = (alias, list) => list.map(([name, type]) => ({ name: `${alias}."${name}"`, type }));

const V = [
  ['id', 'int4'],
  ['truth', 'bool'],
  ['small', 'int2'],
  ['whole', 'int4'],
  ['big', 'int8'],
  ['exact', 'numeric'],
  ['price', 'numeric'],
  ['float', 'float8'],
  ['word', 'text'],
  ['name', 'varchar'],
  ['bytes', 'bytea'],
  ['day', 'date'],
  ['hour', 'time'],
  ['at', 'timestamptz'],
  ['key', 'uuid'],
  ['document', 'jsonb'],
  ['numbers', 'int4[]'],
  ['words', 'text[]'],
];
const W = [
  ['id', 'int4'],
  ['v_id', 'int4'],
  ['kind', 'text'],
  ['count', 'int4'],
  ['amount', 'numeric'],
];
/** `x` has what `v` has at first. */
const X = V;
const DECLARED = { price: 'DECIMAL(10,2)', name: 'VARCHAR(40)', hour: 'TIME(6)', at: 'TIMESTAMP(6)', bytes: 'BLOB' };
const V_ROWS = 7;
const W_ROWS = 9;

const COLUMNS = { v: (alias) => columns(alias, V), w: (alias) => columns(alias, W), x: (alias) => columns(alias, X) };

function create(name, list) {
  const written = list.slice(1).map(([column, type]) => `"${column}" ${DECLARED[column] ?? sqlName(type)}`);
  return `CREATE TABLE "${name}" ("id" INTEGER PRIMARY KEY, ${written.join(', ')})`;
}

/** A column of SQLite has no float -0. */
function fits(column, text) {
  if (column === 'float' && text.includes("'-0'")) return false;
  return column !== 'price' || !/\d{9}|Infinity|e1/.test(text);
}

/** The statements that make and fill the tables. */
function statements(random) {
  const value = ([column, type]) => {
    for (;;) {
      const text = literal(random, type);
      if (fits(column, text)) return text;
    }
  };
  const v = Array.from({ length: V_ROWS }, (_, id) => `(${[id + 1, ...V.slice(1).map(value)].join(', ')})`);
  const w = Array.from({ length: W_ROWS }, (_, id) => {
    const main = random.percent(20) ? 'NULL' : 1 + random.below(V_ROWS + 1);
    const cells = [id + 1, main, quoted(random.of(['a', 'b', 'c'])), random.below(5), `${random.below(3000) / 100}`];
    return `(${cells.join(', ')})`;
  });
  return [
    create('v', V),
    create('w', W),
    create('x', X),
    `INSERT INTO "v" VALUES ${v.join(', ')}`,
    `INSERT INTO "w" VALUES ${w.join(', ')}`,
    'INSERT INTO "x" SELECT * FROM "v"',
  ];
}

module.exports = { COLUMNS, statements };
