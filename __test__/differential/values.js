// Values by reference: a case holds small numbers and strings, and a column's type says which value each stands for.
// So a case is plain data that can be printed, replayed and made smaller, whatever the schema around it.

const { DataTypes } = require('sequelize');

const DOCUMENTS = [
  { n: 1, s: 'a', b: true, o: { k: 'x', n: 2 }, l: [1, 2, 3] },
  { n: 2.5, s: "it's", b: false, o: { k: 'y' }, l: [] },
  { n: -1, s: '', o: { n: 0 }, l: [5] },
  { s: 'A "q" \\', b: true },
  { n: null, s: 'é', o: {} },
  {},
];

const TYPES = {
  integer: {
    type: () => DataTypes.INTEGER,
    values: [0, 1, 2, 3, -1, 7, 100, 2147480000, -2147480000],
    ordered: true,
    number: true,
  },
  bigint: {
    type: () => DataTypes.BIGINT,
    values: [0, 1, 2, -1, 5, 4503599627370000, -4503599627370000],
    ordered: true,
    number: true,
  },
  double: { type: () => DataTypes.DOUBLE, values: [0, 0.5, 1, -1.25, 3.25, 1e10, 2], ordered: true, number: true },
  decimal: {
    type: () => DataTypes.DECIMAL(10, 2),
    values: [0, 1, 1.5, 2.25, -3.5, 9999999.75, 10, 9],
    ordered: true,
    number: true,
  },
  string: { type: () => DataTypes.STRING, ordered: true, text: true },
  text: { type: () => DataTypes.TEXT, ordered: true, text: true },
  boolean: { type: () => DataTypes.BOOLEAN, values: [true, false] },
  date: {
    type: () => DataTypes.DATE,
    values: [
      '2020-01-01T00:00:00.000Z',
      '2020-01-01T00:00:00.001Z',
      '2024-02-29T23:59:59.999Z',
      '1969-07-20T20:17:40Z',
    ],
    make: (text) => new Date(text),
    ordered: true,
  },
  dateOnly: { type: () => DataTypes.DATEONLY, values: ['2020-01-01', '2021-12-31', '1999-02-28'], ordered: true },
  time: { type: () => DataTypes.TIME, values: ['10:00:00', '23:59:59', '00:00:00'], ordered: true },
  enumeration: { type: () => DataTypes.ENUM('green', "it's", 'red'), values: ['red', 'green', "it's"], ordered: true },
  uuid: {
    type: () => DataTypes.UUID,
    values: ['11111111-1111-4111-8111-111111111111', 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'],
  },
  blob: { type: () => DataTypes.BLOB, values: ['', 'a', '\u00ff\u0000b'], make: (text) => Buffer.from(text, 'latin1') },
  json: { type: () => DataTypes.JSON, values: DOCUMENTS, make: (document) => structuredClone(document), json: true },
};

const TEXTS = [
  'a',
  'A',
  'ab',
  'aB',
  'b',
  '',
  ' ',
  '10',
  '2',
  '%',
  '_',
  'a%b',
  "it's",
  '"quoted"',
  '`ticks`',
  'back\\slash',
  '$1',
  '$name',
  ':name',
  '?',
  '-- comment',
  '/* c */',
  "'; DROP TABLE x; --",
  'é',
  '日本',
  '👍',
  'null',
  'true',
];

/** The value a reference stands for in a column of the type. */
function valueFor(typeName, reference) {
  const type = TYPES[typeName];
  if (type.text) return typeof reference === 'string' ? reference : TEXTS[reference % TEXTS.length];
  const index = typeof reference === 'string' ? reference.length : reference;
  const value = type.values[index % type.values.length];
  return type.make ? type.make(value) : value;
}

module.exports = { TYPES, TEXTS, valueFor };
