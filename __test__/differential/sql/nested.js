// Random queries that nest: queries of WITH that read each other, sets of rows in FROM and in conditions, groups of groups,
// windows over groups, LATERAL. No part is cut by a LIMIT, and no value depends on the order of rows that are alike, so each
// query has one answer.

const { Node, joined, node } = require('./node');
const { COLUMNS } = require('./tables');

const query = node('query');
const clause = node('clause');
const NONE = new Node('clause', ['']);

/** Types whose equal values are written alike, so that any one of them may stand for a group. */
const KEYS = ['bool', 'int2', 'int4', 'int8', 'text', 'date', 'timestamptz', 'uuid', 'time'];
/** Types of which rows may be put together as they are. */
const VALUES = [...KEYS, 'numeric', 'numeric', 'numeric', 'interval', 'jsonb', 'float8', 'int4[]', 'text[]'];
const SETS = ['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT', 'EXCEPT ALL', 'INTERSECT ALL'];
const FRAMES = ['', ' RANGE UNBOUNDED PRECEDING', ' RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING'];

/** The aggregates that do not depend on the order of their rows, by the type of what they aggregate. */
const AGGREGATES = {
  bool: [
    ['bool_and', 'bool'],
    ['bool_or', 'bool'],
    ['every', 'bool'],
  ],
  int2: [
    ['sum', 'int8'],
    ['avg', 'numeric'],
    ['bit_and', 'int2'],
  ],
  int4: [
    ['sum', 'int8'],
    ['avg', 'numeric'],
    ['bit_or', 'int4'],
  ],
  int8: [
    ['sum', 'numeric'],
    ['avg', 'numeric'],
  ],
  numeric: [
    ['sum', 'numeric'],
    ['avg', 'numeric'],
    ['sum', 'numeric'],
  ],
};
const PLAIN = ['1.5', '2.25', '0.10', '100', '-3.000', '7', '12345678901.5', '0.1', '1e3'];

class Nested {
  #random;
  #constant;

  constructor(random, constant) {
    this.#random = random;
    this.#constant = constant;
  }

  any() {
    const random = this.#random;
    const ways = ['outer', 'outer', 'common', 'common', 'inCondition', 'lateral', 'numbers', 'named', 'using'];
    return this[random.of(ways)](2);
  }

  #types(from, most = 3) {
    return Array.from({ length: 1 + this.#random.below(most) }, () => this.#random.of(from));
  }

  #columns(alias, types) {
    return types.map((type, index) => ({ name: `${alias}."c${index}"`, type }));
  }

  #where(expressions) {
    return this.#random.percent(50) ? NONE : clause` WHERE ${expressions.of('bool', 1)}`;
  }

  /** A SELECT of values of these types; each has the name of its place. */
  #select(types, expressions, from) {
    const items = types.map((type, index) => clause`${expressions.argument(type, 1)} AS "c${String(index)}"`);
    return query`SELECT ${new Node('list', joined(items))}${from}`;
  }

  /** A query, and the types of its columns `c0`, `c1`, …. */
  relation(depth, types) {
    const ways = ['rows', 'rows', 'constants'];
    if (depth > 0) ways.push('sets', 'sets', 'of', 'of');
    if (depth > 0 && !types) ways.push('groups', 'groups', 'windows', 'windows', 'distinct');
    const wanted = types ?? this.#types(VALUES);
    return this[`_${this.#random.of(ways)}`](depth, wanted);
  }

  _rows(_depth, types) {
    const [table, columns] = this.#random.percent(70) ? ['v', COLUMNS.v('a')] : ['w', COLUMNS.w('a')];
    const expressions = this.#constant.over(columns);
    return { types, sql: this.#select(types, expressions, clause` FROM "${table}" AS a${this.#where(expressions)}`) };
  }

  _constants(_depth, types) {
    const row = () => clause`(${new Node('list', joined(types.map((type) => this.#literal(type))))})`;
    const names = types.map((_, index) => `"c${index}"`).join(', ');
    return { types, sql: query`SELECT * FROM (VALUES ${row()}, ${row()}, ${row()}) AS t(${names})` };
  }

  /** A value of the type that tells it, and for a numeric also a number as people write it. */
  #literal(type) {
    if (type === 'numeric' && this.#random.percent(60)) return new Node(type, [this.#random.of(PLAIN)]);
    return this.#constant.of(type, 1);
  }

  /** Two queries put together. Only UNION ALL keeps each value as it is. */
  _sets(depth, types) {
    const isOfKeys = types.every((type) => KEYS.includes(type));
    const operator = isOfKeys ? this.#random.of(SETS) : 'UNION ALL';
    const side = () => {
      const { sql } = this.relation(depth - 1, types);
      return this.#random.percent(70) ? sql : query`(${sql})`;
    };
    const more = this.#random.percent(20) ? clause` UNION ALL ${side()}` : NONE;
    return { types, sql: query`(${side()} ${operator} ${side()})${more}` };
  }

  /** Values computed from those of another query. */
  _of(depth, types) {
    const inner = this.relation(depth - 1);
    const expressions = this.#constant.over(this.#columns('r', inner.types));
    return {
      types,
      sql: this.#select(types, expressions, clause` FROM (${inner.sql}) AS r${this.#where(expressions)}`),
    };
  }

  #aggregate(columns) {
    const random = this.#random;
    const { name, type } = random.of(columns);
    const expressions = this.#constant.over(columns);
    const filter = random.percent(30) ? clause` FILTER (WHERE ${expressions.of('bool', 1)})` : NONE;
    const [call, result] = random.of([...(AGGREGATES[type] ?? []), ['count', 'int8']]);
    const distinct = random.percent(15) ? 'DISTINCT ' : '';
    if (call === 'count' && random.percent(40)) return { sql: clause`count(*)${filter}`, type: 'int8' };
    return { sql: clause`${call}(${distinct}${name})${filter}`, type: result };
  }

  _groups(depth) {
    const inner = this.relation(depth - 1, [this.#random.of(KEYS), ...this.#types(VALUES, 2)]);
    const columns = this.#columns('r', inner.types);
    const calls = Array.from({ length: 1 + this.#random.below(2) }, () => this.#aggregate(columns));
    const items = calls.map(({ sql }, index) => clause`${sql} AS "c${String(index + 1)}"`);
    const { sql: tested, type } = this.#aggregate(columns);
    const having = this.#random.percent(30) ? clause` HAVING ${this.#tested(tested, type)}` : NONE;
    const sql = query`SELECT r."c0" AS "c0", ${new Node('list', joined(items))} FROM (${inner.sql}) AS r GROUP BY ${this.#random.of(['1', 'r."c0"', '"c0"'])}${having}`;
    return { types: [inner.types[0], ...calls.map((call) => call.type)], sql };
  }

  #tested(value, type) {
    const other = () => this.#constant.of(type, 0);
    return this.#random.of([
      () => clause`${value} > ${other()}`,
      () => clause`${value} BETWEEN ${other()} AND ${other()}`,
      () => clause`COALESCE(${value}, ${other()}) <> ${other()}`,
      () => clause`${value} IN (${other()}, ${other()})`,
    ])();
  }

  /** Rows that are alike are peers of each other, so they get the same value. */
  _windows(depth) {
    const random = this.#random;
    const inner = this.relation(depth - 1, [random.of(KEYS), ...this.#types(VALUES, 2)]);
    const columns = this.#columns('r', inner.types);
    const { sql: call, type } = this.#windowed(columns);
    const partition = random.percent(50) ? 'PARTITION BY r."c0"' : '';
    const order = random.percent(60) ? ` ORDER BY ${random.of(columns).name}${random.of(['', ' DESC'])}` : '';
    const frame = order ? random.of(FRAMES) : '';
    const window = random.percent(70)
      ? [clause`${call} OVER (${partition}${order}${frame})`, NONE]
      : [clause`${call} OVER w`, clause` WINDOW w AS (${partition}${order}${frame})`];
    const sql = query`SELECT r."c0" AS "c0", ${window[0]} AS "c1" FROM (${inner.sql}) AS r${window[1]}`;
    return { types: [inner.types[0], type], sql };
  }

  #windowed(columns) {
    if (this.#random.percent(20)) return { sql: clause`rank()`, type: 'int8' };
    const found = this.#aggregate(columns);
    return found.sql.text.includes('DISTINCT') ? { sql: clause`count(*)`, type: 'int8' } : found;
  }

  _distinct(depth) {
    const inner = this.relation(depth - 1, this.#types(KEYS, 2));
    return { types: inner.types, sql: query`SELECT DISTINCT * FROM (${inner.sql}) AS r` };
  }

  #items(expressions, count = 1 + this.#random.below(2)) {
    const items = Array.from({ length: count }, () => expressions.of(expressions.comparedType(), 1));
    return new Node('list', joined(items));
  }

  /** A query over a nested one. */
  outer(depth) {
    const inner = this.relation(depth);
    const expressions = this.#constant.over(this.#columns('r', inner.types));
    return {
      root: query`SELECT r.*, ${this.#items(expressions)} FROM (${inner.sql}) AS r${this.#where(expressions)}`,
      isOrdered: false,
    };
  }

  /** Queries of WITH, the second over the first, and both joined. */
  common(depth) {
    const random = this.#random;
    const first = this.relation(depth - 1, [random.of(KEYS), ...this.#types(VALUES, 2)]);
    const inner = this.#constant.over(this.#columns('r', first.types));
    const types = [first.types[0], ...this.#types(VALUES, 2)];
    const items = types.slice(1).map((type, index) => clause`${inner.of(type, 1)} AS "c${String(index + 1)}"`);
    const second = query`SELECT r."c0" AS "c0", ${new Node('list', joined(items))} FROM r${this.#where(inner)}`;
    const how = random.of(['', '', 'MATERIALIZED ', 'NOT MATERIALIZED ']);
    const both = this.#constant.over([...this.#columns('r', first.types), ...this.#columns('s', types)]);
    const kind = random.of(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
    const root = query`WITH r AS ${how}(${first.sql}), s AS (${second}) SELECT r.*, s.*, ${this.#items(both)} FROM r ${kind} s ON r."c0" = s."c0"`;
    return { root, isOrdered: false };
  }

  /** A set of rows in a condition, and one value of a query among the columns. */
  inCondition(depth) {
    const random = this.#random;
    const expressions = this.#constant.over(COLUMNS.v('a'));
    const type = random.of(KEYS);
    const inner = () => this.relation(depth - 1, [type]).sql;
    const condition = random.of([
      () => clause`${expressions.of(type, 1)} IN (${inner()})`,
      () => clause`${expressions.of(type, 1)} NOT IN (${inner()})`,
      () => clause`${expressions.of(type, 1)} ${random.of(['=', '<>', '<='])} ANY (${inner()})`,
      () => clause`${expressions.of(type, 1)} ${random.of(['<>', '>', '='])} ALL (${inner()})`,
      () => clause`EXISTS (${inner()})`,
      () => clause`(a."id", ${expressions.of(type, 1)}) IN (${this.relation(depth - 1, ['int4', type]).sql})`,
    ])();
    const value = this.relation(depth - 1, ['numeric']).sql;
    const call = random.of(['max', 'min', 'sum', 'count', 'avg']);
    const one = query`SELECT ${call}(r."c0") FROM (${value}) AS r`;
    const root = query`SELECT a."id", (${one}) AS "x" FROM "v" AS a WHERE ${condition} ORDER BY a."id"`;
    return { root, isOrdered: true };
  }

  /** What a LATERAL query computes from the row before it. */
  lateral() {
    const random = this.#random;
    const outer = this.#constant.over(COLUMNS.v('a'));
    const types = [random.of(KEYS), ...this.#types(VALUES, 2)];
    const inner = random.percent(50)
      ? this.#select(types, outer, NONE)
      : query`${this.#select(types, outer, NONE)} UNION ALL ${this.#select(types, outer, NONE)}`;
    const both = this.#constant.over([...COLUMNS.v('a'), ...this.#columns('l', types)]);
    const from = random.of([', LATERAL', ' CROSS JOIN LATERAL']);
    const root = query`SELECT a."id", l.*, ${this.#items(both, 1)} FROM "v" AS a${from} (${inner}) AS l${this.#where(both)}`;
    return { root, isOrdered: false };
  }

  /** Numbers as people write them, in VALUES and in sets of rows. */
  numbers() {
    const random = this.#random;
    const one = () => random.of(PLAIN);
    const row = () => `(${one()}, ${one()})`;
    const root = random.of([
      () => query`VALUES ${row()}, ${row()}`,
      () => query`SELECT ${one()} AS "x" UNION ALL SELECT ${one()} UNION ALL SELECT ${one()}`,
      () => query`SELECT ${one()} UNION SELECT ${one()}`,
      () => query`(SELECT ${one()} AS "x") UNION ALL VALUES (${one()})`,
      () =>
        query`SELECT t.*, t."a" * t."b", t."a" + 1, sum(t."a") OVER (ORDER BY t."a") FROM (VALUES ${row()}, ${row()}) AS t("a", "b")`,
      () => query`SELECT max("a"), min("b"), sum("a" * "b"), avg("b") FROM (VALUES ${row()}, ${row()}) AS t("a", "b")`,
      () =>
        query`WITH t AS (SELECT ${one()} AS "a" UNION ALL SELECT ${one()}) SELECT "a", "a" * 2, "a" / 3 FROM t WHERE "a" > ${one()}`,
      () =>
        query`SELECT CASE WHEN a."truth" THEN ${one()} ELSE a."price" END, COALESCE(a."price", ${one()}), GREATEST(a."whole", ${one()}) FROM "v" AS a`,
      () => query`(SELECT ${one()} AS "x")`,
      () => query`WITH c AS (SELECT 1) SELECT ${one()} AS "x", ${one()} * ${one()} AS "y" FROM c`,
    ])();
    return { root, isOrdered: false };
  }

  /** Windows with names, and a window made from another. */
  named() {
    const random = this.#random;
    const expressions = this.#constant.over(COLUMNS.v('a'));
    const [key, order] = [expressions.of(random.of(KEYS), 1), expressions.of(random.of(KEYS), 1)];
    const value = expressions.of('numeric', 1);
    const frames = ['', 'ROWS 2 PRECEDING', 'ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING', 'GROUPS CURRENT ROW'];
    const call = random.of(['sum', 'max', 'min', 'count', 'avg', 'first_value', 'last_value']);
    const filter =
      /value/.test(call) || random.percent(60) ? NONE : clause` FILTER (WHERE ${expressions.of('bool', 1)})`;
    const root = query`SELECT a."id", ${call}(${value})${filter} OVER (v ORDER BY ${order}, a."id" ${random.of(frames)}) AS "x", count(*) OVER v AS "y" FROM "v" AS a WINDOW v AS (PARTITION BY ${key}) ORDER BY a."id"`;
    return { root, isOrdered: true };
  }

  /** Joins by the names of columns, and an order by an expression. */
  using() {
    const random = this.#random;
    const kind = random.of(['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN']);
    const how = random.of([() => `${kind} "w" AS b USING ("id")`, () => `NATURAL ${kind} "w" AS b`])();
    const both = this.#constant.over([...COLUMNS.v('a'), ...COLUMNS.w('b')].filter(({ name }) => !/"id"/.test(name)));
    const order = clause`${both.of(random.of(KEYS), 1)}${random.of(['', ' DESC', ' NULLS FIRST', ' DESC NULLS LAST'])}`;
    const root = query`SELECT "id", ${this.#items(both, 1)}, b."kind" FROM "v" AS a ${how}${this.#where(both)} ORDER BY ${order}, "id"`;
    return { root, isOrdered: true };
  }
}

module.exports = { Nested };
