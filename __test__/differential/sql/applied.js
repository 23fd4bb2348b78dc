// Queries as applications write them: documents, arrays, calendars, running totals, pages, reports. The expressions inside are
// as random as those of the other queries.

const { IDIOMS, idiom } = require('./idioms');
const { Node, joined, node } = require('./node');
const { COLUMNS } = require('./tables');

const query = node('query');
const clause = node('clause');
const NONE = new Node('clause', ['']);

/** Types whose equal values are written alike. */
const GROUPED = ['bool', 'int2', 'int4', 'int8', 'text', 'date', 'uuid'];
const EXCLUDED = ['', '', ' EXCLUDE CURRENT ROW', ' EXCLUDE GROUP', ' EXCLUDE TIES', ' EXCLUDE NO OTHERS'];

class Applied {
  #random;
  #constant;

  constructor(random, constant) {
    this.#random = random;
    this.#constant = constant;
  }

  any() {
    const ways = [
      'report',
      'report',
      'frames',
      'frames',
      'pages',
      'newest',
      'elements',
      'members',
      'calendar',
      'documents',
      'together',
      'ranked',
      'pivot',
      'listed',
      'tree',
    ];
    return this[this.#random.of(ways)]();
  }

  #over(...lists) {
    return this.#constant.over(lists.flat());
  }

  /** A value of the type, mostly as applications write it. */
  #value(expressions, type, depth = 1) {
    const some = (part) => expressions.of(part, depth - 1);
    return (this.#random.percent(75) && idiom(this.#random, type, some)) || expressions.of(type, depth);
  }

  #anyValue(expressions, depth = 1) {
    return this.#value(expressions, this.#random.of(Object.keys(IDIOMS)), depth);
  }

  #where(expressions) {
    return this.#random.percent(40) ? NONE : clause` WHERE ${this.#value(expressions, 'bool', 2)}`;
  }

  #filter(expressions) {
    return this.#random.percent(50) ? NONE : clause` FILTER (WHERE ${this.#value(expressions, 'bool')})`;
  }

  #direction() {
    return this.#random.of(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST', ' ASC NULLS LAST']);
  }

  /** Counts and sums of joined rows by a key, with conditions of their own. */
  report() {
    const random = this.#random;
    const both = this.#over(COLUMNS.v('a'), COLUMNS.w('b'));
    const key = this.#value(both, random.of(GROUPED));
    const order = clause`ORDER BY b."id", a."id"`;
    const calls = [
      () => clause`count(*)${this.#filter(both)}`,
      () => clause`count(DISTINCT ${this.#value(both, random.of(GROUPED))})${this.#filter(both)}`,
      () => clause`sum(${this.#value(both, random.of(['int4', 'numeric', 'int8']))})${this.#filter(both)}`,
      () => clause`COALESCE(sum(${this.#value(both, 'int4')})${this.#filter(both)}, 0)`,
      () => clause`round(avg(${this.#value(both, 'numeric')}), 2)`,
      () =>
        clause`${random.of(['min', 'max'])}(${this.#value(both, random.of(['date', 'text', 'timestamptz', 'numeric', 'interval', 'int4[]']))})`,
      () => clause`${random.of(['bool_and', 'bool_or', 'every'])}(${this.#value(both, 'bool')})`,
      () => clause`string_agg(${this.#value(both, 'text')}, ', ' ${order})`,
      () =>
        clause`array_agg(${this.#value(both, random.of(['int4', 'text', 'date', 'numeric', 'bool']))} ${order})${this.#filter(both)}`,
      () => clause`json_agg(${this.#anyValue(both)} ${order})${this.#filter(both)}`,
      () => clause`jsonb_agg(jsonb_build_object('x', ${this.#anyValue(both)}) ${order})`,
      () => clause`jsonb_object_agg(b."id", ${this.#anyValue(both)} ${order}) FILTER (WHERE b."id" IS NOT NULL)`,
      () => clause`sum(CASE WHEN ${this.#value(both, 'bool')} THEN 1 ELSE 0 END)`,
      () => clause`100 * count(*)${this.#filter(both)} / count(*)`,
      () => clause`(array_agg(${this.#value(both, 'text')} ${order}))[1]`,
      () => clause`sum(sum(b."count")) OVER ()`,
      () => clause`percentile_cont(0.5) WITHIN GROUP (ORDER BY b."count")`,
      () => clause`mode() WITHIN GROUP (ORDER BY b."kind")`,
    ];
    const items = Array.from({ length: 1 + random.below(3) }, () => random.of(calls)());
    const having = random.of([
      () => NONE,
      () => NONE,
      () => clause` HAVING count(*) > 1`,
      () =>
        clause` HAVING ${random.of(['sum(b."count")', 'max(a."whole")', 'avg(b."amount")'])} > ${this.#value(this.#constant, 'int4')}`,
    ])();
    const group = random.of(['"k"', '1']);
    const sql = query`SELECT ${key} AS "k", ${new Node('list', joined(items))} FROM "v" AS a ${random.of(['JOIN', 'LEFT JOIN'])} "w" AS b ON b."v_id" = a."id"${this.#where(both)} GROUP BY ${group}${having} ORDER BY 1${this.#direction()}`;
    return { root: sql, isOrdered: false };
  }

  /** Windows over rows, groups and distances. */
  frames() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const value = this.#value(a, random.of(['int4', 'int8', 'numeric', 'date', 'text', 'bool', 'float8', 'interval']));
    const calls = {
      bool: ['bool_and', 'bool_or', 'count'],
      date: ['min', 'max', 'count'],
      text: ['min', 'max', 'count'],
      float8: ['min', 'max'],
    };
    const names = calls[value.type] ?? ['sum', 'avg', 'min', 'max', 'count'];
    const call = random.of([
      () => clause`${random.of(names)}(${value})${this.#filter(a)}`,
      () => clause`${random.of(['first_value', 'last_value'])}(${value})`,
      () => clause`nth_value(${value}, ${random.of(['1', '2', '3'])})`,
      () => clause`array_agg(${value})${this.#filter(a)}`,
      () => clause`string_agg(${this.#value(a, 'text')}, ',')${this.#filter(a)}`,
      () => clause`jsonb_agg(${value})`,
      () => clause`count(*)${this.#filter(a)}`,
      () => clause`${value} - lag(${value}) `,
    ])();
    const bound = (distance) => [`${distance} PRECEDING`, 'CURRENT ROW', `${distance} FOLLOWING`];
    const between = (distance) => {
      const bounds = ['UNBOUNDED PRECEDING', ...bound(distance), 'UNBOUNDED FOLLOWING'];
      const first = random.below(3);
      return `BETWEEN ${bounds[first]} AND ${bounds[Math.max(first, 1) + random.below(5 - Math.max(first, 1))]}`;
    };
    const excluded = random.of(EXCLUDED);
    const frame = random.of([
      () => clause`a."id"${this.#direction()} ROWS ${between(random.of(['1', '2', '0']))}${excluded}`,
      () => clause`${this.#value(a, random.of(GROUPED))}, a."id" ROWS ${between('1')}${excluded}`,
      () => clause`a."id"${random.of(['', ' DESC'])} RANGE ${between(random.of(['1', '2', '0']))}${excluded}`,
      () => clause`a."id" GROUPS ${between(random.of(['1', '2', '0']))}${excluded}`,
      () => clause`a."id"${this.#direction()}`,
    ])();
    // A sum over floats, or an order of peers, is not tried: neither is defined.
    const partition = random.percent(40) ? clause`PARTITION BY ${this.#value(a, random.of(GROUPED))} ` : NONE;
    const sql = query`SELECT a."id", ${call} OVER (${partition}ORDER BY ${frame}) AS "x" FROM "v" AS a${this.#where(a)} ORDER BY a."id"`;
    return { root: sql, isOrdered: true };
  }

  /** One page of rows, after a row or by its number, from one query or from several put together. */
  pages() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const order = this.#value(a, random.of(GROUPED));
    const page = random.of([
      ' LIMIT 3',
      ' LIMIT 2 OFFSET 1',
      ' OFFSET 2',
      ' FETCH FIRST 2 ROWS ONLY',
      ' LIMIT ALL',
      ' OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY',
    ]);
    const item = this.#anyValue(a, 2);
    if (random.percent(50)) {
      const sql = query`SELECT a."id", ${item} AS "x", count(*) OVER () AS "total" FROM "v" AS a${this.#where(a)} ORDER BY ${order}${this.#direction()}, a."id"${page}`;
      return { root: sql, isOrdered: true };
    }
    const side = () => query`SELECT a."id", ${this.#value(a, item.type, 2)} AS "x" FROM "v" AS a${this.#where(a)}`;
    const operator = random.of(['UNION ALL', 'UNION ALL', 'UNION', 'EXCEPT', 'INTERSECT']);
    const last = random.of([
      () => query`(SELECT a."id", ${this.#value(a, item.type, 2)} AS "x" FROM "v" AS a ORDER BY a."id" DESC LIMIT 2)`,
      side,
    ])();
    if (operator !== 'UNION ALL' && !GROUPED.includes(item.type)) return this.pages();
    const sql = query`SELECT "id" FROM (${side()} ${operator} ${last}) AS t ORDER BY "id"${page === ' LIMIT ALL' ? '' : page}`;
    const whole = query`${side()} ${operator} ${last} ORDER BY ${random.of(['1, 2', '"id", "x"', '"x" DESC NULLS LAST, 1', '2, 1 DESC'])}`;
    return GROUPED.includes(item.type) && random.percent(60)
      ? { root: whole, isOrdered: true }
      : { root: sql, isOrdered: true };
  }

  /** The first row of each group. */
  newest() {
    const random = this.#random;
    const both = this.#over(COLUMNS.v('a'), COLUMNS.w('b'));
    const keys = Array.from({ length: 1 + random.below(2) }, () => {
      const type = random.of(GROUPED);
      return node(type)`COALESCE(${this.#value(both, type)}, ${this.#value(both, type)})`;
    });
    const list = new Node('list', joined(keys));
    const item = this.#anyValue(both);
    const order = clause`${list}, b."id"${random.of(['', ' DESC', ' DESC NULLS LAST'])}, a."id"`;
    const sql = random.percent(60)
      ? query`SELECT DISTINCT ON (${list}) a."id", b."id" AS "n", ${item} AS "x" FROM "v" AS a LEFT JOIN "w" AS b ON b."v_id" = a."id"${this.#where(both)} ORDER BY ${order}`
      : query`SELECT * FROM (SELECT a."id", b."id" AS "n", ${item} AS "x", row_number() OVER (PARTITION BY ${list} ORDER BY b."id" DESC, a."id") AS "place" FROM "v" AS a LEFT JOIN "w" AS b ON b."v_id" = a."id"${this.#where(both)}) AS t WHERE "place" <= 2`;
    return { root: sql, isOrdered: false };
  }

  /** The elements of an array, beside the row. */
  elements() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const type = random.of(['int4', 'text']);
    const both = this.#over(
      COLUMNS.v('a'),
      [
        { name: 'u."e"', type },
        { name: 'u."n"', type: 'int8' },
      ].map((column) => ({ ...column, name: column.name })),
    );
    const list = this.#value(a, `${type}[]`);
    const item = this.#anyValue(both);
    const sql = random.of([
      () =>
        query`SELECT a."id", u."n", u."e", ${item} AS "x" FROM "v" AS a CROSS JOIN LATERAL unnest(${list}) WITH ORDINALITY AS u("e", "n")${this.#where(both)} ORDER BY a."id", u."n"`,
      () =>
        query`SELECT a."id", u."n", u."e", ${item} AS "x" FROM "v" AS a LEFT JOIN LATERAL unnest(${list}) WITH ORDINALITY AS u("e", "n") ON ${this.#value(both, 'bool')} ORDER BY a."id", u."n"`,
      () =>
        query`SELECT u."e", count(*), array_agg(a."id" ORDER BY a."id", u."n") FROM "v" AS a, unnest(${list}) WITH ORDINALITY AS u("e", "n")${this.#where(both)} GROUP BY u."e" ORDER BY u."e"${this.#direction()}`,
      () =>
        query`SELECT a."id", (SELECT string_agg(u."e"::text, ',' ORDER BY u."n" DESC) FROM unnest(${list}) WITH ORDINALITY AS u("e", "n") WHERE ${this.#value(both, 'bool')}) AS "x" FROM "v" AS a ORDER BY a."id"`,
    ])();
    return { root: sql, isOrdered: true };
  }

  /** The members and elements of documents, beside the row. */
  members() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const document = this.#value(a, 'jsonb');
    const array = clause`CASE WHEN jsonb_typeof(${document}) = 'array' THEN ${document} ELSE '[]' END`;
    const object = clause`CASE jsonb_typeof(${document}) WHEN 'object' THEN ${document} END`;
    const isText = random.percent(50);
    const value = { name: 'm."value"', type: isText ? 'text' : 'jsonb' };
    const ofArray = this.#over(COLUMNS.v('a'), [value]);
    const ofObject = this.#over(COLUMNS.v('a'), [value, { name: 'm."key"', type: 'text' }]);
    const suffix = isText ? '_text' : '';
    const sql = random.of([
      () =>
        query`SELECT a."id", m."value", ${this.#anyValue(ofArray)} AS "x" FROM "v" AS a CROSS JOIN LATERAL jsonb_array_elements${suffix}(${array}) AS m("value")${this.#where(ofArray)}`,
      () =>
        query`SELECT a."id", m."key", m."value", ${this.#anyValue(ofObject)} AS "x" FROM "v" AS a, jsonb_each${suffix}(${object}) AS m${this.#where(ofObject)}`,
      () =>
        query`SELECT a."id", (SELECT jsonb_object_agg(m."key", m."value") FROM jsonb_each${suffix}(${object}) AS m WHERE ${this.#value(ofObject, 'bool')}) AS "x" FROM "v" AS a`,
      () =>
        query`SELECT a."id" FROM "v" AS a WHERE EXISTS (SELECT 1 FROM jsonb_array_elements${suffix}(${array}) AS m("value") WHERE ${this.#value(ofArray, 'bool')})`,
      () => query`SELECT k, count(*) FROM "v" AS a, jsonb_object_keys(${object}) AS k GROUP BY k`,
      () =>
        query`SELECT a."id", r.* FROM "v" AS a, jsonb_to_record(${object}) AS r("a" INTEGER, "b" JSONB, "k" TEXT, "x" TEXT, "n" NUMERIC)`,
    ])();
    return { root: sql, isOrdered: false };
  }

  /** Rows by day, also where a day has none. */
  calendar() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'), [{ name: 'd."day"', type: 'date' }]);
    const unit = random.of(["'1 day'", "'1 month'", "'7 days'"]);
    const days = random.of([
      `SELECT generate_series(DATE '2023-12-25', DATE '2024-03-05', INTERVAL ${unit})::date AS "day"`,
      `SELECT g::date AS "day" FROM generate_series(TIMESTAMPTZ '2023-11-30', '2024-03-01', ${unit}) AS g`,
      `SELECT DATE '2024-02-01' + n AS "day" FROM generate_series(0, 40) AS n`,
      `SELECT DISTINCT "day" FROM "v"`,
    ]);
    const on = random.of([
      'a."day" = d."day"',
      `date_trunc('month', a."day") = date_trunc('month', d."day")`,
      'a."at"::date = d."day"',
      'a."day" BETWEEN d."day" AND d."day" + 7',
    ]);
    const sql = query`WITH d AS (${days}) SELECT d."day", count(a."id"), COALESCE(sum(${this.#value(a, 'int4')}), 0) AS "s", max(${this.#value(a, random.of(['text', 'date', 'numeric']))})${this.#filter(a)} AS "m", sum(count(a."id")) OVER (ORDER BY d."day") AS "so far" FROM d LEFT JOIN "v" AS a ON ${on} GROUP BY d."day" ORDER BY d."day"${this.#direction()}`;
    return { root: sql, isOrdered: true };
  }

  /** Rows as documents, with those that belong to them. */
  documents() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const both = this.#over(COLUMNS.v('a'), COLUMNS.w('b'));
    const sql = random.of([
      () =>
        query`SELECT json_build_object('id', a."id", 'x', ${this.#anyValue(a)}, 'list', (SELECT json_agg(json_build_object('id', b."id", 'y', ${this.#anyValue(both)}) ORDER BY b."id") FROM "w" AS b WHERE b."v_id" = a."id")) AS "x" FROM "v" AS a${this.#where(a)} ORDER BY a."id"`,
      () =>
        query`SELECT a."id", COALESCE(l."list", '[]') AS "list" FROM "v" AS a LEFT JOIN LATERAL (SELECT json_agg(row_to_json(t) ORDER BY t."id") AS "list" FROM (SELECT b."id", ${this.#anyValue(both)} AS "y" FROM "w" AS b WHERE b."v_id" = a."id") AS t) AS l ON TRUE ORDER BY a."id"`,
      () =>
        query`SELECT jsonb_agg(to_jsonb(t) ORDER BY t."id") AS "x" FROM (SELECT a."id", ${this.#anyValue(a)} AS "y", ${this.#anyValue(a)} AS "z" FROM "v" AS a${this.#where(a)}) AS t`,
      () =>
        query`SELECT row_to_json(t) AS "x" FROM (SELECT a."id", ${this.#anyValue(a)} AS "y" FROM "v" AS a) AS t ORDER BY t."id"`,
      () =>
        query`SELECT jsonb_object_agg(t."k", t."n") AS "x" FROM (SELECT ${this.#value(a, 'text')} AS "k", count(*) AS "n" FROM "v" AS a GROUP BY 1) AS t WHERE t."k" IS NOT NULL`,
      () => query`SELECT to_jsonb(b) - 'amount' AS "x" FROM "w" AS b ORDER BY b."id"`,
    ])();
    return { root: sql, isOrdered: true };
  }

  /** Queries of WITH as steps. */
  together() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const type = random.of(GROUPED);
    const [first, second] = [this.#value(a, type), this.#anyValue(a)];
    const c = this.#over([
      { name: 'c."k"', type },
      { name: 'c."x"', type: second.type },
      { name: 'c."id"', type: 'int4' },
    ]);
    const s = this.#over([
      { name: 's."k"', type },
      { name: 's."n"', type: 'int8' },
    ]);
    const both = this.#over([
      { name: 'c."k"', type },
      { name: 'c."x"', type: second.type },
      { name: 's."n"', type: 'int8' },
    ]);
    const sql = query`WITH c AS (SELECT a."id", ${first} AS "k", ${second} AS "x" FROM "v" AS a${this.#where(a)}), s AS (SELECT c."k", count(*) AS "n" FROM c${this.#where(c)} GROUP BY c."k") SELECT c."id", s."n", ${this.#anyValue(both, 2)} AS "y", ${this.#value(s, 'int8')} AS "z" FROM c ${random.of(['JOIN', 'LEFT JOIN'])} s ON ${random.of(['s."k" = c."k"', 's."k" IS NOT DISTINCT FROM c."k"'])} WHERE NOT EXISTS (SELECT 1 FROM "w" WHERE "w"."v_id" = c."id" AND "w"."count" > ${this.#value(c, 'int4')}) ORDER BY c."id"`;
    return { root: sql, isOrdered: true };
  }

  /** Rows by rank, and what each is beside the one before it. */
  ranked() {
    const random = this.#random;
    const a = this.#over(COLUMNS.v('a'));
    const order = clause`${this.#value(a, random.of(GROUPED))}${this.#direction()}`;
    const value = this.#anyValue(a);
    const rank = random.of(['rank()', 'dense_rank()', 'percent_rank()', 'cume_dist()']);
    const beside = random.of(['lag', 'lead']);
    const more = random.of(['', ', 1', ', 2', ', -1', ', 0', ', 1, NULL']);
    const sql = query`SELECT a."id", ${rank} OVER (ORDER BY ${order}) AS "r", row_number() OVER (PARTITION BY ${this.#value(a, random.of(GROUPED))} ORDER BY ${order}, a."id") AS "n", ${beside}(${value}${more}) OVER (ORDER BY ${order}, a."id") AS "b", ntile(${random.of(['2', '3', '10'])}) OVER (ORDER BY a."id" DESC) AS "q" FROM "v" AS a${this.#where(a)} ORDER BY a."id"`;
    return { root: sql, isOrdered: true };
  }

  /** A column for each kind. */
  pivot() {
    const b = this.#over(COLUMNS.w('b'));
    const call = this.#random.of(['sum', 'max', 'count', 'avg', 'min']);
    const value = this.#value(b, this.#random.of(['int4', 'numeric']));
    const cell = (kind) => clause`${call}(${value}) FILTER (WHERE b."kind" = '${kind}') AS "${kind}"`;
    const sql = query`SELECT b."v_id", ${cell('a')}, ${cell('b')}, max(CASE b."kind" WHEN 'c' THEN ${value} END) AS "c", count(*) FROM "w" AS b${this.#where(b)} GROUP BY b."v_id" ORDER BY b."v_id" NULLS FIRST`;
    return { root: sql, isOrdered: true };
  }

  /** Rows that are listed in the statement. */
  listed() {
    const random = this.#random;
    const row = (id) =>
      clause`(${String(id)}, ${this.#value(this.#constant, 'text')}, ${this.#value(this.#constant, 'numeric')})`;
    const both = this.#over(COLUMNS.v('a'), [
      { name: 'l."label"', type: 'text' },
      { name: 'l."factor"', type: 'numeric' },
    ]);
    const rows = new Node('list', joined([row(1), row(2), row(random.below(9))]));
    const sql = query`SELECT a."id", l.*, ${this.#anyValue(both, 2)} AS "x" FROM "v" AS a ${random.of(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN'])} (VALUES ${rows}) AS l("n", "label", "factor") ON l."n" = a."id"${this.#where(both)}`;
    return { root: sql, isOrdered: false };
  }

  /** What follows from a row, step by step. */
  tree() {
    const random = this.#random;
    const t = this.#over(COLUMNS.w('b'), [
      { name: 't."depth"', type: 'int4' },
      { name: 't."path"', type: 'text' },
      { name: 't."ids"', type: 'int4[]' },
    ]);
    const a = this.#over(COLUMNS.w('a'));
    const sql = query`WITH RECURSIVE t("id", "depth", "path", "ids") AS (SELECT a."id", 1, a."kind", ARRAY[a."id"] FROM "w" AS a WHERE ${this.#value(a, 'bool')} UNION ALL SELECT b."id", t."depth" + 1, t."path" || '/' || b."kind", t."ids" || b."id" FROM "w" AS b JOIN t ON b."v_id" = t."id" WHERE b."id" <> ALL (t."ids") AND t."depth" < 4${random.percent(40) ? clause` AND ${this.#value(t, 'bool')}` : NONE}) SELECT *, ${this.#random.of(['"ids"[1]', 'cardinality("ids")', 'length("path")'])} AS "x" FROM t`;
    return { root: sql, isOrdered: false };
  }
}

module.exports = { Applied };
