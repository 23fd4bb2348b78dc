// Values of each type, as SQL: the usual ones, the edges, and what is special to the type.

/** The name of each type in a cast. */
const SQL_NAMES = {
  bool: 'BOOLEAN',
  int2: 'SMALLINT',
  int4: 'INTEGER',
  int8: 'BIGINT',
  numeric: 'NUMERIC',
  float4: 'REAL',
  float8: 'DOUBLE PRECISION',
  text: 'TEXT',
  varchar: 'VARCHAR',
  bpchar: 'CHAR(4)',
  bytea: 'BYTEA',
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
  interval: 'INTERVAL',
  uuid: 'UUID',
  json: 'JSON',
  jsonb: 'JSONB',
};

const SCALARS = Object.keys(SQL_NAMES);

const isArray = (type) => type.endsWith('[]');
const elementOf = (type) => type.slice(0, -2);
const sqlName = (type) => (isArray(type) ? `${SQL_NAMES[elementOf(type)]}[]` : SQL_NAMES[type]);

const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** The texts that can be read as a value of the type. */
const TEXTS = {
  bool: ['true', 'false', 't', 'no', '1', 'off', ' yes '],
  int2: ['0', '1', '2', '-1', '7', '100', '-300', '32767', '-32768'],
  int4: ['0', '1', '2', '3', '-1', '-2', '5', '10', '42', '1000', '-99999', '2147483647', '-2147483648'],
  int8: ['0', '1', '2', '-1', '12', '3000000000', '-3000000000', '9223372036854775807', '-9223372036854775808'],
  numeric: [
    '0',
    '1',
    '1.5',
    '-2.50',
    '0.001',
    '100',
    '-99.995',
    '123456789012345678901234567890.123456789',
    '0.00',
    'NaN',
    'Infinity',
    '-Infinity',
    '12.345',
    '1e10',
    '2.5',
    '-0.5',
    '1e-20',
  ],
  float4: ['0', '1', '1.5', '-2.25', '0.1', '3e10', 'NaN', 'Infinity', '-Infinity', '-0', '16777217', '1e-30'],
  float8: [
    '0',
    '1',
    '1.5',
    '-2.25',
    '0.1',
    '0.5',
    '1e300',
    '-1e-300',
    'NaN',
    'Infinity',
    '-Infinity',
    '-0',
    '123456789.123',
    '2.5',
    '1e15',
    '1e16',
    '123456.789e3',
  ],
  text: [
    '',
    'a',
    'abc',
    'Hello World',
    'ÄÖü ß',
    'naïve 🎉',
    ' spaced  ',
    '12',
    '-1.5',
    'x%y_z',
    'back\\slash',
    "it's",
    'abcabc',
    'ABC',
    'aaa',
    'a,b,,c',
    'true',
    '2024-02-29',
    '{"a": 1}',
    'tab\there',
    'line\nbreak',
    'İstanbul',
    'e\u0301',
  ],
  bytea: ['\\x', '\\x00', '\\xdeadbeef', '\\x616263', '\\xff00ff', 'abc', '\\x61c3a4'],
  date: [
    '2024-02-29',
    '2023-12-31',
    '1970-01-01',
    '1999-01-08',
    '0001-01-01',
    '9999-12-31',
    'infinity',
    '-infinity',
    'January 8, 1999',
    '20240131',
    '2000-03-01',
  ],
  time: ['00:00:00', '12:34:56', '23:59:59.999999', '04:05:06.789', '4:05 PM', '24:00:00', '12:00'],
  timestamp: [
    '2024-02-29 12:34:56',
    '2023-12-31 23:59:59.999999',
    '1970-01-01 00:00:00',
    '1999-01-08 04:05:06.789',
    '0001-01-01 00:00:00',
    'infinity',
    '-infinity',
    '2024-03-31 02:30:00',
    '2024-10-27 02:30:00',
    '2000-01-01',
    '9999-12-31 23:59:59',
  ],
  timestamptz: [
    '2024-02-29 12:34:56+00',
    '2023-12-31 23:59:59.999999+02',
    '1970-01-01 00:00:00Z',
    '1999-01-08 04:05:06.789-08',
    'infinity',
    '-infinity',
    '2024-03-31T01:00:00Z',
    '2024-10-27 02:30:00 Europe/Berlin',
    '2000-01-01 America/New_York',
    '0044-03-15 10:00:00+00',
  ],
  interval: [
    '1 day',
    '0',
    '-3 hours',
    '1 year 2 mons 3 days 04:05:06.789',
    '1 mon -1 day',
    '90 minutes',
    'P1Y2M3DT4H5M6S',
    '1.5 months',
    '-1 year',
    '36:00:00',
    '0.000001 seconds',
    '100 days',
    '@ 1 minute ago',
  ],
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
    '{018f4e3c7a8b7c0d9e1f2a3b4c5d6e7f}',
    '01890a5d-ac96-774b-bcce-b302099a8057',
  ],
  json: [
    '{}',
    '[]',
    'null',
    '1',
    '"text"',
    'true',
    '{"a": 1, "b": [1, 2, {"c": null}], "a": 2}',
    '[1, "two", null, [3], {"k": "v"}]',
    '{"b":{"c":"d"}, "n" : 1.50}',
    '[{"a":1},{"a":2,"b":"x"}]',
    '"\\u00e4\\n"',
    '-1.5e3',
    '{"x": null, "y": {"z": null}}',
  ],
};
TEXTS.varchar = TEXTS.text;
TEXTS.bpchar = ['', 'a', 'ab  ', 'abc', 'ABCD', '12'];
TEXTS.jsonb = TEXTS.json;

const ARRAY_ITEM_LIMIT = 4;

/** The elements of an array, as they stand between the braces. */
const item = (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** A text that can be read as a value of the type. */
function textOf(random, type) {
  if (!isArray(type)) return random.of(TEXTS[type]);
  const list = (count) =>
    Array.from({ length: count }, () => (random.percent(10) ? 'NULL' : item(random.of(TEXTS[elementOf(type)]))));
  // An array of documents has one dimension on SQLite.
  if (!type.startsWith('json') && random.percent(10)) return `{{${list(2)}},{${list(2)}}}`;
  return `{${list(random.below(ARRAY_ITEM_LIMIT))}}`;
}

/** Types whose name may stand before a string: `DATE '2024-02-29'`. */
const BEFORE_STRING = new Set(['date', 'time', 'timestamp', 'timestamptz', 'interval', 'numeric', 'uuid', 'jsonb']);
const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/;

/** A value of the type. */
function literal(random, type) {
  if (type === 'json[]') return `ARRAY[${literal(random, 'json')}, ${literal(random, 'json')}]`;
  if (random.percent(4)) return random.percent(50) ? 'NULL' : `CAST(NULL AS ${sqlName(type)})`;
  const text = textOf(random, type);
  if (type === 'bool' && random.percent(80)) return random.of(['TRUE', 'FALSE']);
  // A cast to REAL gives a float of 64 bits, and one to JSON a JSONB.
  if (type === 'float4') return `float4(CAST(${quoted(text)} AS DOUBLE PRECISION))`;
  if (type === 'json') return `to_json(CAST(${quoted(text)} AS JSONB))`;
  const isPlain = PLAIN_NUMBER.test(text) && (type === 'int4' || (type === 'numeric' && text.includes('.')));
  if (isPlain && text !== '-2147483648') return text.startsWith('-') ? `(${text})` : text;
  const chance = random.next() * 100;
  if (chance < 15) return `${quoted(text)}::${sqlName(type)}`;
  if (chance < 30 && BEFORE_STRING.has(type)) return `${sqlName(type)} ${quoted(text)}`;
  return `CAST(${quoted(text)} AS ${sqlName(type)})`;
}

/** A value of the type as an application binds it; undefined for a type whose values are written only. */
function bound(random, type) {
  if (random.percent(4)) return null;
  if (isArray(type)) {
    const items = Array.from({ length: random.below(ARRAY_ITEM_LIMIT) }, () => bound(random, elementOf(type)));
    return items.includes(undefined) ? undefined : items;
  }
  const text = random.of(TEXTS[type]);
  switch (type) {
    case 'bool':
      return random.percent(50);
    case 'int2':
    case 'int4':
    case 'float8':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'int8':
    case 'numeric':
      return Number.isSafeInteger(Number(text)) && random.percent(50) ? Number(text) : text;
    case 'text':
    case 'varchar':
    case 'uuid':
    case 'interval':
    case 'date':
    case 'time':
      return text;
    case 'timestamptz':
      return random.of(['2024-02-29T12:34:56.000Z', '1970-01-01T00:00:00.000Z', '2024-03-31T01:00:00.123Z']);
    case 'jsonb':
      return random.percent(70) ? text : JSON.parse(random.of(['{"a": 1}', '[1, null]', '{"b": {"c": "d"}}']));
    default:
      return undefined;
  }
}

module.exports = { SCALARS, bound, elementOf, isArray, literal, quoted, sqlName, textOf };
