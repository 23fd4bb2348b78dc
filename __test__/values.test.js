const moment = require('moment');
const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { formatBindParameters } = require('../sequelize/bind.js');
const { escapeValue } = require('../sequelize/escape.js');
const { rowsToObjects, toWire } = require('../driver/values.js');

const sequelize = new Sequelize('values', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
afterAll(() => sequelize.close());

describe('what each data type is called in PhantomDB SQL', () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation();
  afterAll(() => warn.mockRestore());

  test('what of a type is ignored is said', () => {
    sequelize.normalizeDataType(DataTypes.SMALLINT.UNSIGNED);
    expect(warn.mock.calls.join()).toContain("does not support 'SMALLINT' with UNSIGNED or ZEROFILL");
  });

  test.each([
    [DataTypes.TINYINT, 'TINYINT'],
    [DataTypes.SMALLINT, 'SMALLINT'],
    [DataTypes.MEDIUMINT, 'MEDIUMINT'],
    [DataTypes.INTEGER, 'INTEGER'],
    [DataTypes.INTEGER(11).UNSIGNED.ZEROFILL, 'INTEGER'],
    [DataTypes.BIGINT, 'BIGINT'],
    [DataTypes.BIGINT(20), 'BIGINT'],
    [DataTypes.STRING, 'VARCHAR(255)'],
    [DataTypes.STRING(1234), 'VARCHAR(1234)'],
    [DataTypes.STRING.BINARY, 'BLOB'],
    [DataTypes.CHAR(10), 'CHAR(10)'],
    [DataTypes.TEXT, 'TEXT'],
    [DataTypes.TEXT('tiny'), 'TEXT'],
    [DataTypes.CITEXT, 'CITEXT'],
    [DataTypes.BOOLEAN, 'BOOLEAN'],
    [DataTypes.DATE, 'TIMESTAMP'],
    [DataTypes.DATE(3), 'TIMESTAMP(3)'],
    [DataTypes.DATE(6), 'TIMESTAMP(6)'],
    [DataTypes.DATEONLY, 'DATE'],
    [DataTypes.TIME, 'TIME'],
    [DataTypes.FLOAT, 'FLOAT'],
    [DataTypes.FLOAT(11, 10), 'FLOAT'],
    [DataTypes.REAL, 'REAL'],
    [DataTypes.DOUBLE, 'DOUBLE PRECISION'],
    [DataTypes.DECIMAL, 'DECIMAL'],
    [DataTypes.DECIMAL(10, 2), 'DECIMAL(10,2)'],
    [DataTypes.UUID, 'UUID'],
    [DataTypes.UUIDV4, 'UUID'],
    [DataTypes.ENUM('a', "b'c"), "ENUM('a','b''c')"],
    [DataTypes.BLOB, 'BLOB'],
    [DataTypes.BLOB('long'), 'BLOB'],
    [DataTypes.JSON, 'JSON'],
    [DataTypes.JSONB, 'JSONB'],
    [DataTypes.ARRAY(DataTypes.STRING(10)), 'VARCHAR(10)[]'],
    [DataTypes.ARRAY(DataTypes.ARRAY(DataTypes.INTEGER)), 'INTEGER[][]'],
  ])('%p is %s', (type, expected) => {
    expect(sequelize.normalizeDataType(type).toSql()).toBe(expected);
  });

  test.each([
    [DataTypes.GEOMETRY('POINT'), 'GEOMETRY'],
    [DataTypes.GEOGRAPHY, 'GEOGRAPHY'],
    [DataTypes.HSTORE, 'HSTORE'],
    [DataTypes.RANGE(DataTypes.INTEGER), 'RANGE'],
    [DataTypes.TSVECTOR, 'TSVECTOR'],
    [DataTypes.CIDR, 'CIDR'],
    [DataTypes.INET, 'INET'],
    [DataTypes.MACADDR, 'MACADDR'],
  ])('a model may have %p, but it cannot be synced', async (type, name) => {
    const Refused = sequelize.define('Refused', { it: type });
    await expect(Refused.sync()).rejects.toThrow(`PhantomDB has no type ${name}`);
    sequelize.modelManager.removeModel(Refused);
  });
});

describe('what a value of a data type is on the wire', () => {
  const identity = (value) => value;
  /** As the numbers of libraries for decimals are. */
  const decimal = (digits) => ({ toString: () => digits });
  const day = new Date('2026-01-02T03:04:05.006Z');
  const timestamp = { type: 'timestamp', value: '2026-01-02T03:04:05.006Z' };

  test.each([
    [DataTypes.INTEGER, 2 ** 31, 2 ** 31],
    [DataTypes.INTEGER, '12', 12],
    [DataTypes.INTEGER, 1.5, 1.5],
    [DataTypes.BIGINT, 9007199254740993n, { type: 'integer', value: '9007199254740993' }],
    [DataTypes.BIGINT, '9007199254740993', { type: 'integer', value: '9007199254740993' }],
    [DataTypes.BIGINT, '-5', -5],
    [DataTypes.BIGINT, 'five', 'five'],
    [DataTypes.BIGINT, decimal('9007199254740993'), { type: 'integer', value: '9007199254740993' }],
    // What `hashids.decode` answers.
    [DataTypes.INTEGER, [12], 12],
    [DataTypes.INTEGER, [1, 2], [1, 2]],
    [DataTypes.INTEGER, {}, {}],
    [DataTypes.STRING, '', ''],
    [DataTypes.STRING, '😀', '😀'],
    [DataTypes.STRING, 5, '5'],
    [DataTypes.STRING.BINARY, 'hi', { type: 'blob', value: 'aGk=' }],
    [DataTypes.TEXT, 'x', 'x'],
    [DataTypes.BOOLEAN, true, true],
    [DataTypes.BOOLEAN, 0, false],
    [DataTypes.BOOLEAN, 'true', true],
    [DataTypes.DATE, day, timestamp],
    [DataTypes.DATE, day.getTime(), timestamp],
    [DataTypes.DATE, '2026-01-02T03:04:05.006Z', timestamp],
    [DataTypes.DATE, '2026-01-02T05:04:05.006+02:00', timestamp],
    [DataTypes.DATE, moment(day), timestamp],
    [DataTypes.DATEONLY, '2026-01-02', { type: 'date', value: '2026-01-02' }],
    [DataTypes.DATEONLY, new Date(2026, 0, 2), { type: 'date', value: '2026-01-02' }],
    [DataTypes.TIME, '10:11:12', { type: 'time', value: '10:11:12' }],
    [DataTypes.FLOAT, 1.5, 1.5],
    [DataTypes.FLOAT, '1.5', 1.5],
    [DataTypes.FLOAT, decimal('1.5'), 1.5],
    [DataTypes.FLOAT, Number.NaN, { type: 'float', value: 'NaN' }],
    [DataTypes.DOUBLE, -Infinity, { type: 'float', value: '-Infinity' }],
    [DataTypes.DOUBLE, 'infinity', { type: 'float', value: 'Infinity' }],
    [DataTypes.REAL, 'x', 'x'],
    [DataTypes.DECIMAL(10, 2), '1.20', { type: 'decimal', value: '1.20' }],
    [DataTypes.DECIMAL(10, 2), decimal('1.2'), { type: 'decimal', value: '1.2' }],
    [DataTypes.DECIMAL(10, 2), 1.2, { type: 'decimal', value: '1.2' }],
    [
      DataTypes.UUID,
      'C0FFEE00-0000-4000-8000-000000000000',
      { type: 'uuid', value: 'c0ffee00-0000-4000-8000-000000000000' },
    ],
    [DataTypes.ENUM('a'), 'a', 'a'],
    [DataTypes.BLOB, Buffer.from('hi'), { type: 'blob', value: 'aGk=' }],
    [DataTypes.BLOB, 'hi', { type: 'blob', value: 'aGk=' }],
    [DataTypes.BLOB, new Uint8Array([104, 105]), { type: 'blob', value: 'aGk=' }],
    [DataTypes.JSON, { a: [1] }, { type: 'json', value: '{"a":[1]}' }],
    [DataTypes.JSONB, 'text', { type: 'json', value: '"text"' }],
  ])('%p of %p', (type, value, expected) => {
    const own = sequelize.normalizeDataType(type);
    expect(own.bindParam(value, { bindParam: identity, escape: identity })).toEqual(expected);
    expect(own.stringify(value, {})).toEqual(expected);
  });

  test('an invalid date is refused', () => {
    const date = sequelize.normalizeDataType(DataTypes.DATE);
    expect(() => date.stringify(new Date(Number.NaN), {})).toThrow('is not a valid date');
    const dateOnly = sequelize.normalizeDataType(DataTypes.DATEONLY);
    expect(() => dateOnly.stringify('2026-02-30', {})).toThrow('is not a valid date');
  });

  test('without a type it is what JavaScript makes of it', () => {
    expect([null, undefined, true, 'x', 1.5].map(toWire)).toEqual([null, null, true, 'x', 1.5]);
    expect(toWire(2n ** 60n)).toEqual({ type: 'integer', value: '1152921504606846976' });
    expect(toWire(day)).toEqual(timestamp);
    expect(toWire(moment(day))).toEqual(timestamp);
    expect(toWire(Buffer.from('hi'))).toEqual({ type: 'blob', value: 'aGk=' });
    expect(toWire(Number.NaN)).toEqual({ type: 'float', value: 'NaN' });
    expect(toWire([1, { a: 2 }])).toEqual({ type: 'json', value: '[1,{"a":2}]' });
    expect(toWire(Object('boxed'))).toBe('boxed');
    expect(() => toWire(() => 1)).toThrow('A function cannot be a value');
    expect(() => toWire(new Date(Number.NaN))).toThrow('An invalid Date');
  });
});

describe('rows', () => {
  test('become objects with the values of their types', () => {
    const columns = ['timestamp', 'float', 'float', 'blob', 'json', 'decimal', 'integer', 'integer', 'any'];
    const [row] = rowsToObjects({
      columns: columns.map((type, index) => ({ name: `${type}${index}`, type })),
      rows: [
        [
          '2026-01-02T03:04:05.006Z',
          'NaN',
          1.5,
          'aGk=',
          { a: 1 },
          '1.20',
          '9007199254740993',
          5,
          { type: 'blob', value: 'aGk=' },
        ],
      ],
    });
    expect(Object.values(row)).toEqual([
      new Date('2026-01-02T03:04:05.006Z'),
      Number.NaN,
      1.5,
      Buffer.from('hi'),
      { a: 1 },
      '1.20',
      '9007199254740993',
      5,
      Buffer.from('hi'),
    ]);
  });

  test('a null stays one, and a column may be called __proto__', () => {
    const columns = [
      { name: '__proto__', type: 'integer' },
      { name: 'at', type: 'timestamp' },
    ];
    const [row] = rowsToObjects({ columns, rows: [[1, null]] });
    expect(Object.entries(row)).toEqual([
      ['__proto__', 1],
      ['at', null],
    ]);
  });
});

describe('binds', () => {
  test.each([
    ['$1 and $2', [1, 2], '$1 and $2', [1, 2]],
    ['$a, $b, $a', { a: 1, b: null }, '$1, $2, $1', [1, null]],
    ["$a, '$a', $$, '$$x'", { a: 1 }, "$1, '$a', $, '$x'", [1]],
    ['"$a" = $a', { a: 1 }, '"$a" = $1', [1]],
    ['`$a``` = $a', { a: 1 }, '`$a``` = $1', [1]],
    ["E'it\\'s $a' || $a", { a: 1 }, "E'it\\'s $a' || $1", [1]],
    ["'it''s' || $a -- $b\n/* $c */", { a: 1 }, "'it''s' || $1 -- $b\n/* $c */", [1]],
    ['a$b = $a', { a: 1 }, 'a$b = $1', [1]],
    ['$one::int', { one: 1 }, '$1::int', [1]],
  ])('%s', (sql, values, expected, parameters) => {
    expect(formatBindParameters(sql, values)).toEqual([expected, parameters]);
  });

  test.each([
    ['$2', [1], '$2'],
    ['$0', [1], '$0'],
    ['$01', [1], '$01'],
    ['$a', [1], '$a'],
    ['$1', { 1: 1 }, '$1'],
    ['$toString', {}, '$toString'],
    ["'$a'", { b: 1 }, '$a'],
    ['$a', 'text', '$a'],
  ])('%s without a value is refused', (sql, values, name) => {
    expect(() => formatBindParameters(sql, values)).toThrow(
      `Named bind parameter "${name}" has no value in the given object.`,
    );
  });
});

describe('replacements', () => {
  const { SqlString } = { SqlString: require('sequelize/lib/sql-string') };

  test.each([
    ["it's", "'it''s'"],
    ["\\' OR 1=1 --", "'\\'' OR 1=1 --'"],
    [true, 'true'],
    [null, 'NULL'],
    [1.5, '1.5'],
    [Number.NaN, "CAST('NaN' AS DOUBLE PRECISION)"],
    [10n, '10'],
    [new Date('2026-01-02T03:04:05.006Z'), "'2026-01-02T03:04:05.006Z'"],
    [Buffer.from("t'e"), "X'742765'"],
    [['a', 1, null], "'a', 1, NULL"],
    [
      [
        ['a', 1],
        ['b', 2],
      ],
      "('a', 1), ('b', 2)",
    ],
  ])('%p is %s', (value, expected) => {
    expect(escapeValue(value)).toBe(expected);
    expect(SqlString.escape(value, undefined, 'phantomdb', true)).toBe(expected);
  });

  test('NUL and what has no literal are refused', () => {
    expect(() => escapeValue('a\0b')).toThrow('NUL');
    expect(() => escapeValue({ toString: () => "'" })).toThrow('Invalid value');
    expect(() => escapeValue({ replace: () => "' OR 1=1" })).toThrow('Invalid value');
    expect(() => escapeValue(Symbol('x'))).toThrow('Invalid value');
  });

  test('other dialects escape as they did', () => {
    expect(SqlString.escape("it's \\", undefined, 'sqlite')).toBe("'it''s \\'");
    expect(SqlString.escape("it's", undefined, 'mysql')).toBe("'it\\'s'");
  });
});
