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
    ['json', `@> '{"a": 1}'`, `"c" @> '{"a": 1}'`],
    ['json', "->> 'a' = '1'", `"c" ->> 'a' = '1'`],
    ['json', '-> x', `CAST("c" AS TEXT) ILIKE '%-> x%'`],
    ['string', "->> 'a'", `"c" ILIKE '%->> ''a''%'`],
    // Texts that begin as conditions do.
    ['string', 'In the end', '"c" ILIKE \'%In the end%\''],
    ['string', 'like a rolling stone', '"c" ILIKE \'%like a rolling stone%\''],
    ['string', 'Is this love', '"c" ILIKE \'%Is this love%\''],
    ['string', 'is true love', '"c" ILIKE \'%is true love%\''],
    ['string', 'Between the bars', '"c" ILIKE \'%Between the bars%\''],
    ['string', '<b>bold</b>', '"c" ILIKE \'%<b>bold</b>%\''],
    ['string', '</b>', '"c" ILIKE \'%</b>%\''],
    ['string', "not like lower('A%')", '"c" not like lower(\'A%\')'],
    ['string', "similar to 'a+'", '"c" similar to \'a+\''],
    ['string', '= other', '"c" = other'],
    ['integer', '<b', '"c" <b'],
    ['integer', 'in(1,2)', '"c" in(1,2)'],
    ['integer', 'not between -1 and +1', '"c" not between -1 and +1'],
    ['boolean', 'is not true', '"c" is not true'],
    ['integer', 'is null or c > 5', '"c" is null or c > 5'],
    ['integer', 'is distinct from 5', '"c" is distinct from 5'],
    ['date', "between date '2024-01-01' and current_date", '"c" between date \'2024-01-01\' and current_date'],
    ['timestamp', "between now() - interval '1 day' and now()", '"c" between now() - interval \'1 day\' and now()'],
    // A day of a time.
    ['timestamp', '2024-02-29', '"c" >= \'2024-02-29\' AND "c" < \'2024-03-01\''],
    ['timestamp', '2024-13-01', '"c" = \'2024-13-01\''],
    ['timestamp', '2024-02-29T10:00:00Z', '"c" = \'2024-02-29T10:00:00Z\''],
    ['date', '2024-02-29', '"c" = \'2024-02-29\''],
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

describe('hints for a statement that failed', () => {
  const { hintOf } = consoleModule('sql/hints.js');
  const schemas = [
    { table: { name: 'Kunde' }, columns: ['Kd-Nr', 'Name', 'E-Mail', 'extra', 'order'].map((name) => ({ name })) },
    { table: { name: 'Artist Catalogue' }, columns: [{ name: 'id' }] },
    { table: { name: 'orders', schema: 'crm' }, columns: [{ name: 'total' }] },
  ];
  const column = (name) => ({ code: 'UNKNOWN_COLUMN', details: { columns: [name] } });
  const table = (name) => ({ code: 'UNKNOWN_TABLE', details: { table: name } });

  test.each([
    [column('Nmae'), 'SELECT Nmae FROM Kunde', 'Did you mean Name?'],
    // The name that the author meant has no quotes.
    [column('E'), 'SELECT E-Mail FROM kunde', 'Did you mean "E-Mail"?'],
    [column('oder'), 'SELECT oder FROM Kunde', 'Did you mean "order"?'],
    [column('zzz'), 'SELECT zzz FROM Kunde', 'Kunde has "Kd-Nr", Name, "E-Mail", extra, "order".'],
    [column('zzz'), 'SELECT zzz', undefined],
    [table('Artist'), 'SELECT * FROM Artist Catalogue', 'Did you mean "Artist Catalogue"?'],
    [table('order'), 'SELECT * FROM order', 'Did you mean orders?'],
    [table('zzz'), 'SELECT * FROM zzz', 'There are Kunde, "Artist Catalogue", orders.'],
    [{ code: 'BAD_REQUEST', details: {} }, 'begin', expect.stringMatching(/a transaction of its own/)],
    [{ code: 'SYNTAX_ERROR' }, '.tables', expect.stringMatching(/^The list beside/)],
    [{ code: 'SYNTAX_ERROR' }, '\\d Kunde', expect.stringMatching(/^Schema has/)],
    [{ code: 'UNSUPPORTED' }, 'SHOW DATABASES', expect.stringMatching(/chooses the database/)],
    [{ code: 'SYNTAX_ERROR', details: {} }, 'SELCT 1', undefined],
  ])('%j of %j: %s', (error, statement, hint) => {
    expect(hintOf(error, statement, schemas)).toEqual(hint);
  });

  test('a list of many names says how many it leaves out', () => {
    const many = Array.from({ length: 25 }, (_, at) => ({ table: { name: `t${at}` }, columns: [] }));
    expect(hintOf(table('nothing'), '', many)).toMatch(/^There are t0, .*, t19 and 5 more\.$/);
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

test('a foreign key to its own table is drawn beside the table', () => {
  const { layout } = consoleModule('schema/diagram-layout.js');
  const column = (name, more) => ({ name, type: 'INTEGER', ...more });
  const toSelf = { table: { name: 'employees' }, columns: ['id'] };
  const schema = {
    table: { name: 'employees' },
    columns: [column('id'), column('name'), column('manager', { references: toSelf })],
    primaryKey: ['id'],
    constraints: [],
  };
  const { nodes, edges, width, height } = layout([schema]);
  const [{ x, y, width: nodeWidth, height: nodeHeight }] = nodes;
  expect(edges).toHaveLength(1);
  const { points } = edges[0];
  expect([points[0].x, points.at(-1).x]).toEqual([x + nodeWidth / 2, x + nodeWidth / 2]);
  // It goes up, from the third column to the first.
  expect(points[0].y - points.at(-1).y).toBe(2 * 18);
  for (const point of points) {
    expect(point.x).toBeLessThan(width);
    expect(point.y).toBeGreaterThan(y - nodeHeight / 2);
    expect(point.y).toBeLessThan(Math.min(height, y + nodeHeight / 2));
  }
});

test('a column may have the name of what every object has', () => {
  const { conditionOf, stateOf, paramsOf } = consoleModule('rows/table-state.js');
  const columns = ['constructor', '__proto__', 'toString'].map((name) => ({ name, wire: 'string' }));
  expect(conditionOf(stateOf(new URLSearchParams()), columns)).toBeUndefined();
  const state = stateOf(new URLSearchParams({ filters: '{"__proto__":"a"}' }));
  expect(conditionOf(state, columns)).toBe('"__proto__" ILIKE \'%a%\'');
  expect(paramsOf(state).filters).toBe('{"__proto__":"a"}');
});
