// Raw SQL that applications write: the same rows, names of columns and errors on every engine. Expected values are PostgreSQL's.

const { engines } = require('./helpers/engines.js');

describe.each(engines)('raw SQL on $name', ({ start }) => {
  const engine = start();
  let sequelize;

  const ask = async (sql, options) => (await sequelize.query(sql, options))[0];
  const one = async (sql, options) => Object.values((await ask(sql, options))[0])[0];
  const refused = async (sql, options) => {
    try {
      await sequelize.query(sql, options);
    } catch (error) {
      return { code: error.original?.code, message: error.message };
    }
    throw new Error(`${sql} was not refused`);
  };

  beforeAll(async () => {
    sequelize = engine.connect();
    await ask('CREATE TABLE "v" ("id" INTEGER PRIMARY KEY, "firstName" TEXT, "n" INTEGER, "tags" TEXT[], "doc" JSONB)');
    await ask(`INSERT INTO "v" VALUES (1, 'Ann', -5, '{x,y}', '{"a":[1,"2",null]}'), (2, 'Bo', 7, '{}', '{"b":3}')`);
  });

  test.each([
    ['SELECT (SELECT avg(n) FROM v) AS x', 1],
    ['SELECT COALESCE((SELECT sum(n) FROM v), 0) AS x', 2],
    ['(SELECT 1.5 AS x)', 1.5],
    ['SELECT 1.5 AS x UNION SELECT 1.5', '1.5'],
    ['VALUES (1.50)', '1.50'],
    ['SELECT (SELECT x FROM (SELECT 1.5 AS x) AS t) AS x', '1.5'],
    ['UPDATE v SET n = n WHERE id = 1 RETURNING n * 1.5 AS x', '-7.5'],
  ])('a number travels alike: %s', async (sql, expected) => {
    expect(await one(sql)).toEqual(expected);
  });

  test.each([
    ['SELECT pg_typeof(1.5) AS x', 'numeric'],
    ["SELECT x FROM (SELECT pg_typeof('a'::text) AS x) AS t", 'text'],
    ['SELECT pg_typeof(1) = pg_typeof(2) AS x', true],
    ['SELECT count(*) FROM v WHERE n<-4', '1'],
    [`SELECT doc->'a'->-2 FROM v WHERE id = 1`, '2'],
    [`SELECT doc->'a'->>-2 FROM v WHERE id = 1`, '2'],
    [`SELECT doc['a']['1'] FROM v WHERE id = 1`, '2'],
    [`SELECT ('123'::jsonb)[0]`, null],
    [`SELECT ('[1, "2"]'::jsonb)[1][0]`, null],
    ["SELECT date('2024-02-29 12:00:00'::timestamp) AS x", '2024-02-29'],
    ['SELECT make_interval(days := 1, hours := 2) AS x', '1 day 02:00:00'],
    ["SELECT to_char(to_timestamp('2024-01-01 10:00:00.128', 'YYYY-MM-DD HH24:MI:SS.FF2'), 'MS') AS x", '130'],
    ["SELECT timestamptz '2011-03-27 04:00:00 MSK' = timestamptz '2011-03-27 00:00:00Z' AS x", true],
    ["SELECT TRIM(LEADING FROM (ARRAY['  a '])[1]) || '|' AS x", 'a |'],
    ['SELECT percentile_disc(ARRAY[0.5, 1]) WITHIN GROUP (ORDER BY n > 0) AS x FROM v', [false, true]],
    ["SELECT count(*) FROM (VALUES (NULL::jsonb)) AS t(doc) WHERE '1' NOT BETWEEN doc AND 'null'", '0'],
    ['SELECT count(*) FROM v GROUP BY id ORDER BY (5 IS NULL), id LIMIT 1', '1'],
    ["SELECT width_bucket('c'::text, ARRAY['a', 'b', 'd']) AS x", 2],
    ['SELECT count(*) FROM (SELECT 1 AS a) AS t LIMIT NULL OFFSET NULL', '1'],
  ])('%s', async (sql, expected) => {
    const found = await one(sql);
    expect(typeof expected === 'string' && typeof found === 'number' ? String(found) : found).toEqual(expected);
  });

  test.each([
    ["SELECT (1, date '2024-01-01') IN (SELECT 1, timestamptz '2024-01-01') AS x", true],
    ['SELECT (1, 2) IN (SELECT 1.0, 2::float8) AS x', true],
    ["SELECT ('1', 'x') IN (SELECT 1, 'x') AS x", true],
    ["SELECT (1, '2024-01-01') NOT IN (SELECT 1, timestamptz '2024-01-01') AS x", false],
    ["SELECT (1, interval '24 hours') = ANY (SELECT 1.0, interval '1 day') AS x", true],
    ['SELECT max(r.a) FROM ((SELECT 1 AS a UNION ALL SELECT 2) UNION ALL SELECT 3.5) AS r', '3.5'],
    ['SELECT max(r.a) FROM (SELECT * FROM (VALUES (1)) AS t(a) UNION ALL SELECT 4.5) AS r', '4.5'],
  ])('values of several types: %s', async (sql, expected) => {
    expect(await one(sql)).toEqual(expected);
  });

  test('columns without an alias have the names of PostgreSQL', async () => {
    const [row] = await ask(
      `SELECT '1'::int, CASE WHEN TRUE THEN 1 ELSE n END, tags[1], doc['a'], lower("firstName")::varchar(2), n + 1, (SELECT 1 AS one), ARRAY[1] FROM v`,
    );
    expect(Object.keys(row)).toEqual(['int4', 'n', 'tags', 'doc', 'lower', '?column?', 'one', 'array']);
    expect(Object.keys((await ask('SELECT now()::date'))[0])).toEqual(['now']);
  });

  test.each([
    'SELECT id, t FROM v, unnest(tags) AS t ORDER BY id, t',
    'SELECT v.id, t FROM v, unnest(tags) AS t ORDER BY id, t',
    'SELECT DISTINCT id, t FROM v, unnest(tags) AS t ORDER BY id, t',
  ])('%s', async (sql) => {
    expect(await ask(sql)).toEqual([
      { id: 1, t: 'x' },
      { id: 1, t: 'y' },
    ]);
  });

  test('CREATE TABLE AS keeps the types of its query', async () => {
    await ask(
      `CREATE TABLE c AS SELECT id, id > 1 AS late, doc, tags, 1.50 AS d, timestamp '2024-01-02' AS at, 'x' AS lit FROM v`,
    );
    expect(
      await ask('SELECT id, late, doc, tags, d * 2 AS d, lit FROM c WHERE NOT late AND at < now() AND d > 1.4'),
    ).toEqual([{ id: 1, late: false, doc: { a: [1, '2', null] }, tags: ['x', 'y'], d: '3.00', lit: 'x' }]);
    const before = await one('SELECT count(*) FROM c');
    await ask('CREATE TABLE IF NOT EXISTS c AS SELECT 9 AS id');
    expect(await one('SELECT count(*) FROM c')).toEqual(before);
    await ask('CREATE TABLE empty AS SELECT id AS a, n AS b FROM v WITH NO DATA');
    expect(await ask('SELECT a, b FROM empty')).toEqual([]);
    expect((await refused('CREATE TABLE twice AS SELECT 1 AS a, 2 AS a')).code).toBe('ALREADY_EXISTS');
  });

  test('a view keeps the table and the column that it needs', async () => {
    await ask('CREATE TABLE base (id INTEGER PRIMARY KEY, a INTEGER, b INTEGER)');
    await ask('CREATE VIEW needs_a AS SELECT id, a FROM base');
    await ask('CREATE VIEW needs_view AS SELECT a FROM needs_a');
    expect((await refused('ALTER TABLE base DROP COLUMN a')).message).toMatch(/view|depend/);
    expect((await refused('DROP TABLE base')).code).toBe('FOREIGN_KEY_VIOLATION');
    await ask('ALTER TABLE base DROP COLUMN b');
    expect(await ask('SELECT * FROM needs_view')).toEqual([]);
    await ask('ALTER TABLE base DROP COLUMN a CASCADE');
    expect((await refused('SELECT * FROM needs_a')).code).toBe('UNKNOWN_TABLE');
    await ask('ALTER TABLE base RENAME TO renamed_base');
    await ask('CREATE VIEW on_base AS SELECT id FROM renamed_base');
    await ask('DROP TABLE renamed_base CASCADE');
    expect((await refused('SELECT * FROM on_base')).code).toBe('UNKNOWN_TABLE');
  });

  test('a row is assigned from a sub-query', async () => {
    await ask('CREATE TABLE s (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)');
    await ask(`INSERT INTO s VALUES (1, 1, 'x'), (2, 2, 'y')`);
    await ask(`UPDATE s SET (a, b) = (SELECT s.a * 10, t.b || '!' FROM s AS t WHERE t.id = s.id) WHERE id = 2`);
    expect(await ask('SELECT * FROM s ORDER BY id')).toEqual([
      { id: 1, a: 1, b: 'x' },
      { id: 2, a: 20, b: 'y!' },
    ]);
    expect((await refused('UPDATE s SET (a, b) = (SELECT 1)')).code).toBe('SYNTAX_ERROR');
  });

  test.each([
    ['SELECT firstname FROM v', 'UNKNOWN_COLUMN', /firstName/],
    [`UPDATE v SET firstname = 'a'`, 'UNKNOWN_COLUMN'],
    [`INSERT INTO v (id, firstname) VALUES (3, 'a')`, 'UNKNOWN_COLUMN'],
    ['INSERT INTO v (id, id) VALUES (3, 4)', 'ALREADY_EXISTS'],
    ['SELECT * FROM v LIMIT -1', 'TYPE_MISMATCH'],
    ['SELECT * FROM v LIMIT 1 OFFSET -1', 'TYPE_MISMATCH'],
    [`SELECT 'a' COLLATE "no_such" = 'b'`, 'UNSUPPORTED'],
    ['ALTER TABLE v ADD CONSTRAINT u UNIQUE (firstname)', 'UNKNOWN_COLUMN'],
    ['ALTER TABLE v ADD COLUMN p INTEGER REFERENCES v2 (nope)', 'UNKNOWN_COLUMN'],
    ['ALTER TABLE v ADD COLUMN p INTEGER REFERENCES v2 (other)', 'SYNTAX_ERROR'],
    [`ALTER TABLE v ADD COLUMN p VARCHAR(3) DEFAULT 'abcdef'`, 'OUT_OF_RANGE'],
    [`SELECT ('[1]'::jsonb)[1.0]`, 'TYPE_MISMATCH'],
    ['SELECT (1, TRUE) IN (SELECT 1, 1)', 'TYPE_MISMATCH'],
    ['SELECT (1, 2) IN (SELECT 1)', 'SYNTAX_ERROR'],
  ])('%s is refused', async (sql, code, message = /./) => {
    await ask('CREATE TABLE IF NOT EXISTS v2 (id INTEGER PRIMARY KEY, other INTEGER)');
    const error = await refused(sql);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('a text beyond the range of the integers beside it finds nothing, and is no value', async () => {
    for (const bind of [['99999999999999999999'], ['3000000000']]) {
      expect(await ask('SELECT id FROM v WHERE n = $1', { bind })).toEqual([]);
      expect((await refused('UPDATE v SET n = $1', { bind })).code).toBe('OUT_OF_RANGE');
    }
  });
});
