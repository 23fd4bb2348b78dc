'use strict';

// The parts of the console that need no browser.

const { consoleModule } = require('../helpers/console-module.js');

describe('filters', () => {
  const { filterCondition, allOf, tableSql } = consoleModule('sql-text.js');

  test.each([
    ['string', '', undefined],
    ['string', 'null', '"c" IS NULL'],
    ['string', ' NOT NULL ', '"c" IS NOT NULL'],
    ['string', 'nullable', '"c" ILIKE \'%nullable%\''],
    ['string', "100% o'clock_\\", "\"c\" ILIKE '%100\\% o''clock\\_\\\\%'"],
    ['string', "LIKE 'a%'", '"c" LIKE \'a%\''],
    ['string', "<> 'a'", '"c" <> \'a\''],
    ['string', 'inside', '"c" ILIKE \'%inside%\''],
    ['string', "in ('a', 'b')", "\"c\" in ('a', 'b')"],
    ['integer', '5', '"c" = \'5\''],
    ['integer', '>= 5', '"c" >= 5'],
    ['integer', 'BETWEEN 1 AND 2', '"c" BETWEEN 1 AND 2'],
    ['json', 'x', 'CAST("c" AS TEXT) ILIKE \'%x%\''],
  ])('%s %j', (wire, text, condition) => {
    expect(filterCondition({ name: 'c', wire }, text)).toBe(condition);
  });

  test('conditions are joined so that each keeps its meaning', () => {
    expect(allOf([undefined, '', ' '])).toBeUndefined();
    expect(allOf(['a OR b'])).toBe('a OR b');
    expect(allOf(['a OR b', 'c'])).toBe('(a OR b) AND (c)');
    expect(tableSql({ name: 'a"b', schema: 'c' })).toBe('"c"."a""b"');
  });
});

test('rows of a condition are counted up to a limit', () => {
  const { countStatement } = consoleModule('sql-text.js');
  const table = { name: 'a"b', schema: 's' };
  expect(countStatement(table, undefined, 10)).toBe('SELECT count(*) FROM "s"."a""b"');
  expect(countStatement(table, 'n > 1 -- many', undefined)).toBe(
    'SELECT count(*) FROM "s"."a""b" WHERE (n > 1 -- many\n)',
  );
  expect(countStatement(table, 'n > 1', 10)).toBe(
    'SELECT count(*) FROM (SELECT 1 FROM "s"."a""b" WHERE (n > 1\n) LIMIT 11) AS counted',
  );
});

describe('saved statements', () => {
  const { placeOfSaved } = consoleModule('sql/saved-place.js');
  const [read, write, schema] = [
    { canWrite: false, canChangeSchema: false },
    { canWrite: true, canChangeSchema: false },
    { canWrite: true, canChangeSchema: true },
  ];

  test.each([
    [read, true, false, /may not write/],
    [write, true, true, /Everybody who may read/],
    [read, false, false, /may not make it/],
    [write, false, false, /may not make it/],
    [schema, false, true, /makes the table console_saved_queries/],
  ])('%j, with the table: %j', (rights, hasTable, isInDatabase, note) => {
    expect(placeOfSaved(rights, hasTable)).toMatchObject({ isInDatabase, note: expect.stringMatching(note) });
  });
});

describe('values', () => {
  const { indented, listed, wrongText, byteSize } = consoleModule('values.js');

  test('a document is laid out without a change of its numbers and texts', () => {
    const text = '{"a": [1.10, 12345678901234567890, {}], "b": [], "c": {"x": "} , [\\" :"}}';
    expect(indented(text)).toBe(
      '{\n  "a": [\n    1.10,\n    12345678901234567890,\n    {}\n  ],\n  "b": [],\n  "c": {\n    "x": "} , [\\" :"\n  }\n}',
    );
    expect(indented('null')).toBe('null');
  });

  test('a long text is cut between characters, and a short one is not', () => {
    const column = { wire: 'string' };
    expect(listed(column, '🎉'.repeat(300))).toEqual({ text: '🎉'.repeat(300), isCut: false });
    expect(listed(column, '🎉'.repeat(301))).toEqual({ text: '🎉'.repeat(300), isCut: true });
    expect(listed({ wire: 'blob' }, 12_345)).toEqual({ text: '12.3 kB', isCut: true, bytes: 12_345 });
    expect(listed(column, null)).toEqual({ text: null, isCut: false });
    expect(byteSize(999)).toBe('999 B');
  });

  test.each([
    [{ wire: 'integer' }, '-5', undefined],
    [{ wire: 'integer' }, '5.5', 'this is not a whole number'],
    [{ wire: 'boolean' }, 'yes', 'write true or false'],
    [{ wire: 'string', allowNull: false }, null, 'this column takes no NULL'],
    [{ wire: 'json' }, '{"a":1}', undefined],
    [{ wire: 'json' }, '{a:1}', expect.stringMatching(/^this is not JSON/)],
  ])('%j takes %j: %s', (column, text, wrong) => {
    expect(wrongText({ allowNull: true, ...column }, text)).toEqual(wrong);
  });
});

describe('plans', () => {
  const { planTree } = consoleModule('sql/plan.js');
  const outline = (nodes) => nodes.map(({ text, notes, children }) => [text, notes, outline(children)]);

  test('of SQLite, whose rows name their parents', () => {
    const columns = ['id', 'parent', 'notused', 'detail'].map((name) => ({ name }));
    const rows = [
      [3, 0, 0, 'MATERIALIZE x'],
      [7, 3, 0, 'SCAN t'],
      [20, 0, 0, 'SEARCH u USING INDEX i (a=?)'],
    ];
    expect(outline(planTree({ columns, rows }))).toEqual([
      ['MATERIALIZE x', [], [['SCAN t', [], []]]],
      ['SEARCH u USING INDEX i (a=?)', [], []],
    ]);
  });

  test('of PostgreSQL, whose lines are indented', () => {
    const lines = [
      'Hash Join  (cost=1.0..2.0 rows=1 width=4)',
      '  Hash Cond: (a.id = b.id)',
      '  ->  Seq Scan on a  (cost=0.00..1.0 rows=1 width=4)',
      '        Filter: (n > 1)',
      '  ->  Hash  (cost=0.0..1.0 rows=1 width=4)',
      '        ->  Seq Scan on b  (cost=0.0..1.0 rows=1 width=4)',
    ];
    expect(outline(planTree({ columns: [{ name: 'QUERY PLAN' }], rows: lines.map((line) => [line]) }))).toEqual([
      [
        'Hash Join  (cost=1.0..2.0 rows=1 width=4)',
        ['Hash Cond: (a.id = b.id)'],
        [
          ['Seq Scan on a  (cost=0.00..1.0 rows=1 width=4)', ['Filter: (n > 1)'], []],
          ['Hash  (cost=0.0..1.0 rows=1 width=4)', [], [['Seq Scan on b  (cost=0.0..1.0 rows=1 width=4)', [], []]]],
        ],
      ],
    ]);
  });
});

test('the figures of the time between two readings of the metrics', () => {
  const { between, reading } = consoleModule('live/metrics.js');
  const text = (count, slow) =>
    [
      '# TYPE phantomdb_request_duration_seconds histogram',
      `phantomdb_request_duration_seconds_sum{route="find",code="200"} ${(count * 0.002).toFixed(3)}`,
      `phantomdb_request_duration_seconds_count{route="find",code="200"} ${count}`,
      `phantomdb_request_duration_seconds_bucket{le="0.001",route="find",code="200"} ${count - slow}`,
      `phantomdb_request_duration_seconds_bucket{le="0.01",route="find",code="200"} ${count}`,
      `phantomdb_request_duration_seconds_bucket{le="+Inf",route="find",code="200"} ${count}`,
      `phantomdb_statements_total ${count}`,
      `phantomdb_lock_waits_total ${slow}`,
      'phantomdb_open_transactions 3',
      '# EOF',
    ].join('\n');
  const [before, after] = [reading(text(10, 0), 1000), reading(text(30, 2), 3000)];
  expect(after.transactions).toBe(3);
  const figures = between(before, after);
  expect(figures).toMatchObject({ requests: 10, statements: 10, lockWaits: 1 });
  expect(figures.routes).toMatchObject([{ route: 'find', rate: 10, half: 1, most: 10, count: 30 }]);
  expect(figures.routes[0].mean).toBeCloseTo(2);
});

test('the key of rows is the primary key, or a unique key that has no NULL', () => {
  const { rowKey, nextOrder, stateOf, paramsOf } = consoleModule('rows/table-state.js');
  const columns = [
    { name: 'a', allowNull: true },
    { name: 'b', allowNull: false },
  ];
  const schema = { columns, primaryKey: [], constraints: [], indexes: [] };
  expect(rowKey({ ...schema, primaryKey: ['a'] })).toEqual(['a']);
  expect(rowKey(schema)).toEqual([]);
  expect(rowKey({ ...schema, constraints: [{ type: 'unique', columns: ['a'] }] })).toEqual([]);
  expect(rowKey({ ...schema, constraints: [{ type: 'unique', columns: ['b'] }] })).toEqual(['b']);
  const partial = { unique: true, where: 'a > 1', fields: [{ column: 'b' }] };
  expect(rowKey({ ...schema, indexes: [partial] })).toEqual([]);
  expect(rowKey({ ...schema, indexes: [{ unique: true, fields: [{ column: 'b' }] }] })).toEqual(['b']);
  expect(nextOrder([['a', 'ASC']], 'a', false)).toEqual([['a', 'DESC']]);
  expect(nextOrder([['a', 'DESC']], 'a', false)).toEqual([]);
  expect(nextOrder([['a', 'ASC']], 'b', true)).toEqual([
    ['a', 'ASC'],
    ['b', 'ASC'],
  ]);
  const state = { where: 'a > 1', filters: new Map([['b', '5']]), order: [['a', 'DESC']], page: 3, size: 50 };
  expect(stateOf(new URLSearchParams(paramsOf(state)))).toEqual(state);
  const broken = stateOf(new URLSearchParams('filters=[1&order={}&page=-4&size=7'));
  expect(broken).toEqual({ where: '', filters: new Map(), order: [], page: 1, size: 100 });
});

test('a column may have the name of what every object has', () => {
  const { conditionOf, stateOf, paramsOf } = consoleModule('rows/table-state.js');
  const columns = ['constructor', '__proto__', 'toString'].map((name) => ({ name, wire: 'string' }));
  expect(conditionOf(stateOf(new URLSearchParams()), columns)).toBeUndefined();
  const state = stateOf(new URLSearchParams({ filters: '{"__proto__":"a"}' }));
  expect(conditionOf(state, columns)).toBe('"__proto__" ILIKE \'%a%\'');
  expect(paramsOf(state).filters).toBe('{"__proto__":"a"}');
});
