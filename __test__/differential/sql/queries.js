// Random queries: joins, groups, windows, sets of rows, sub-queries.

const { SCALARS } = require('./literals');
const { Node, joined, node } = require('./node');
const { COLUMNS } = require('./tables');

const query = node('query');
const clause = node('clause');
const NONE = new Node('clause', ['']);

const JOINS = ['JOIN', 'LEFT JOIN', 'RIGHT JOIN', 'FULL JOIN', 'CROSS JOIN'];
/** Types whose equal values are written alike. */
const GROUPED = [
  'bool',
  'int2',
  'int4',
  'int8',
  'text',
  'date',
  'timestamptz',
  'uuid',
  'bytea',
  'time',
  'numeric',
  'text[]',
];
const WINDOWED = ['row_number()', 'rank()', 'dense_rank()', 'percent_rank()', 'cume_dist()', 'ntile(3)', 'count(*)'];
const FRAMES = [
  '',
  ' ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING',
  ' ROWS UNBOUNDED PRECEDING',
  ' RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW',
  ' ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING',
  ' GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW',
  ' ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW',
];

class Queries {
  #random;
  #aggregates;
  #constant;

  constructor(random, signatures, constant) {
    this.#random = random;
    this.#aggregates = signatures.filter((signature) => signature.kind === 'aggregate');
    this.#constant = constant;
  }

  any() {
    const ways = [
      'joined',
      'joined',
      'grouped',
      'grouped',
      'distinct',
      'windowed',
      'windowed',
      'sets',
      'common',
      'subqueries',
      'lateral',
      'distinctOn',
      'recursive',
      'values',
    ];
    return this[this.#random.of(ways)]();
  }

  #limit() {
    if (this.#random.percent(60)) return NONE;
    return clause` LIMIT ${String(this.#random.below(6))}${this.#random.percent(40) ? ' OFFSET 1' : ''}`;
  }

  #where(expressions, depth = 2) {
    return this.#random.percent(50) ? NONE : clause` WHERE ${expressions.of('bool', depth)}`;
  }

  #items(expressions, count, depth) {
    return Array.from({ length: count }, () => expressions.of(expressions.comparedType(), depth));
  }

  /** `v` and `w` joined, with the names under which their columns are there. */
  #joined() {
    const kind = this.#random.of(JOINS);
    const expressions = this.#constant.over([...COLUMNS.v('a'), ...COLUMNS.w('b')]);
    const more =
      this.#random.percent(30) && !/FULL|RIGHT/.test(kind) ? clause` AND ${expressions.of('bool', 1)}` : NONE;
    const on = kind === 'CROSS JOIN' ? NONE : clause` ON a."id" = b."v_id"${more}`;
    return { expressions, from: clause`"v" AS a ${kind} "w" AS b${on}` };
  }

  joined() {
    const { expressions, from } = this.#joined();
    const items = this.#items(expressions, 1 + this.#random.below(3), 2);
    const root = query`SELECT a."id", b."id" AS "other", ${new Node('list', joined(items))} FROM ${from}${this.#where(expressions)} ORDER BY a."id", b."id"${this.#limit()}`;
    return { root, isOrdered: true };
  }

  #rows(alias) {
    return { expressions: this.#constant.over(COLUMNS.v(alias)), from: clause`"v" AS ${alias}` };
  }

  /** A call of an aggregate, with what may stand behind it. */
  #aggregate(signature, expressions, key, depth) {
    const { name, arguments: declared, isOrdered } = signature;
    const { types, result } = expressions.types(signature);
    const call = expressions.aggregateArguments(signature, types, depth);
    const filter = this.#random.percent(25) ? clause` FILTER (WHERE ${expressions.of('bool', 1)})` : NONE;
    if (isOrdered) {
      const first = call.slice(0, declared.length);
      const direction = this.#random.of(['', ' DESC', ' ASC']);
      return node(
        result,
      )`${name}(${new Node('list', joined(first))}) WITHIN GROUP (ORDER BY ${call.at(-1)}${direction})${filter}`;
    }
    const isDistinct = this.#random.percent(15);
    const order = isDistinct ? NONE : clause` ORDER BY ${key}${this.#random.of(['', ' DESC'])}`;
    return node(result)`${name}(${isDistinct ? 'DISTINCT ' : ''}${new Node('list', joined(call))}${order})${filter}`;
  }

  #anyAggregate(expressions, key, depth) {
    const random = this.#random;
    const part = expressions.of(expressions.comparedType(), depth);
    if (random.percent(15)) return node('int8')`count(${random.percent(30) ? '*' : part})`;
    if (random.percent(25)) return node(part.type)`${random.of(['min', 'max'])}(${part})`;
    return this.#aggregate(random.of(this.#aggregates), expressions, key, depth);
  }

  aggregated(signature) {
    const { expressions, from } = this.#rows('a');
    const depth = this.#random.below(2);
    const isPlain = !signature.isOrdered && this.#random.percent(15);
    if (isPlain) {
      const { types, result } = expressions.types(signature);
      const call = node(
        result,
      )`${signature.name}(${new Node('list', joined(expressions.aggregateArguments(signature, types, depth)))})`;
      return {
        root: query`SELECT a."id", ${call} OVER (ORDER BY a."id"${this.#random.of(FRAMES)}) AS "x" FROM ${from} ORDER BY a."id"`,
        isOrdered: true,
      };
    }
    const call = this.#aggregate(signature, expressions, 'a."id"', depth);
    if (this.#random.percent(60))
      return { root: query`SELECT ${call} AS "x" FROM ${from}${this.#where(expressions, 1)}`, isOrdered: true };
    const key = this.#random.of(['a."truth"', 'a."small"', 'a."word"']);
    return { root: query`SELECT ${key} AS "k", ${call} AS "x" FROM ${from} GROUP BY ${key}`, isOrdered: false };
  }

  grouped() {
    const isJoined = this.#random.percent(50);
    const { expressions, from } = isJoined ? this.#joined() : this.#rows('a');
    const order = isJoined ? 'a."id", b."id"' : 'a."id"';
    const keys = Array.from({ length: 1 + this.#random.below(2) }, () => expressions.of(this.#random.of(GROUPED), 1));
    const names = keys.map((_, index) => String(index + 1));
    const calls = Array.from({ length: 1 + this.#random.below(2) }, () => this.#anyAggregate(expressions, order, 1));
    const having = this.#random.percent(25) ? clause` HAVING count(*) > ${String(this.#random.below(3))}` : NONE;
    const root = query`SELECT ${new Node('list', joined([...keys, ...calls]))} FROM ${from}${this.#where(expressions, 1)} GROUP BY ${names.join(', ')}${having}`;
    return { root, isOrdered: false };
  }

  distinct() {
    const { expressions, from } = this.#joined();
    const items = Array.from({ length: 1 + this.#random.below(2) }, () => expressions.of(this.#random.of(GROUPED), 1));
    return { root: query`SELECT DISTINCT ${new Node('list', joined(items))} FROM ${from}`, isOrdered: false };
  }

  distinctOn() {
    const { expressions, from } = this.#joined();
    // A constant would be the place of a column.
    const type = this.#random.of(GROUPED);
    const key = node(type)`COALESCE(${expressions.of(type, 1)}, ${expressions.of(type, 1)})`;
    const [item] = this.#items(expressions, 1, 1);
    const root = query`SELECT DISTINCT ON (${key}) ${item} AS "x", b."id" FROM ${from} ORDER BY ${key}, a."id", b."id"`;
    return { root, isOrdered: false };
  }

  windowed() {
    const random = this.#random;
    const { expressions, from } = this.#rows('a');
    const part = expressions.of(expressions.comparedType(), 1);
    const valued = [
      node(part.type)`lag(${part})`,
      node(part.type)`lead(${part}, 2)`,
      node(part.type)`first_value(${part})`,
      node(part.type)`last_value(${part})`,
      node(part.type)`nth_value(${part}, 2)`,
      node(part.type)`max(${part})`,
    ];
    const call = random.percent(50) ? random.of(valued) : clause`${random.of(WINDOWED)}`;
    const partition = random.percent(50) ? clause`PARTITION BY ${expressions.of(random.of(GROUPED), 1)} ` : NONE;
    const order = clause`ORDER BY ${expressions.of(expressions.comparedType(), 1)}${random.of(['', ' DESC', ' NULLS FIRST'])}, a."id"`;
    const root = query`SELECT a."id", ${call} OVER (${partition}${order}${random.of(FRAMES)}) AS "x" FROM ${from} ORDER BY a."id"`;
    return { root, isOrdered: true };
  }

  sets() {
    const random = this.#random;
    const types = Array.from({ length: 1 + random.below(2) }, () => random.of(GROUPED));
    const side = () => {
      const { expressions, from } = this.#rows('a');
      const items = types.map((type) => expressions.argument(type, 1));
      return query`SELECT ${new Node('list', joined(items))} FROM ${from}${this.#where(expressions, 1)}`;
    };
    const operator = random.of(['UNION', 'UNION ALL', 'EXCEPT', 'INTERSECT', 'EXCEPT ALL', 'INTERSECT ALL']);
    return { root: query`${side()} ${operator} ${side()}`, isOrdered: false };
  }

  common() {
    const { expressions, from } = this.#rows('a');
    const [first, second] = this.#items(expressions, 2, 2);
    const outer = this.#constant.over([
      { name: 'c."x"', type: first.type },
      { name: 'c."y"', type: second.type },
    ]);
    const [item] = this.#items(outer, 1, 2);
    const root = query`WITH c AS (SELECT a."id", ${first} AS "x", ${second} AS "y" FROM ${from}) SELECT c."id", ${item} AS "z" FROM c${this.#where(outer, 1)} ORDER BY c."id"${this.#limit()}`;
    return { root, isOrdered: true };
  }

  subqueries() {
    const random = this.#random;
    const { expressions, from } = this.#rows('a');
    const both = this.#constant.over([...COLUMNS.v('a'), ...COLUMNS.w('b')]);
    const inner = () =>
      clause`FROM "w" AS b WHERE b."v_id" = a."id"${random.percent(50) ? NONE : clause` AND ${both.of('bool', 1)}`}`;
    const type = random.of(GROUPED);
    const condition = random.of([
      () => clause`EXISTS (SELECT 1 ${inner()})`,
      () => clause`${expressions.of(type, 1)} IN (SELECT ${both.of(type, 1)} ${inner()})`,
      () => clause`${expressions.of(type, 1)} NOT IN (SELECT ${both.of(type, 1)} ${inner()})`,
      () =>
        clause`${expressions.of(type, 1)} ${random.of(['=', '<', '>'])} ANY (SELECT ${both.of(type, 1)} ${inner()})`,
    ])();
    // An aggregate of outer columns alone would belong to the outer query.
    const own = this.#constant.over(COLUMNS.w('b'));
    const value = clause`(SELECT ${this.#anyAggregate(own, 'b."id"', 1)} ${inner()})`;
    return {
      root: query`SELECT a."id", ${value} AS "x" FROM ${from} WHERE ${condition} ORDER BY a."id"`,
      isOrdered: true,
    };
  }

  lateral() {
    const { from } = this.#rows('a');
    const both = this.#constant.over([...COLUMNS.v('a'), ...COLUMNS.w('b')]);
    const [item] = this.#items(both, 1, 2);
    const kind = this.#random.of(['JOIN', 'LEFT JOIN']);
    const root = query`SELECT a."id", l."x", l."n" FROM ${from} ${kind} LATERAL (SELECT b."id" AS "n", ${item} AS "x" FROM "w" AS b WHERE b."v_id" = a."id" ORDER BY b."id" DESC LIMIT 2) AS l ON TRUE ORDER BY a."id", l."n"`;
    return { root, isOrdered: true };
  }

  recursive() {
    const type = this.#random.of(['int4', 'int8', 'numeric', 'text', 'date', 'timestamptz']);
    const step = this.#constant.over([{ name: 'r."x"', type }]);
    const root = query`WITH RECURSIVE r("n", "x") AS (SELECT 1, ${this.#constant.of(type, 1)} UNION ALL SELECT r."n" + 1, ${step.of(type, 2)} FROM r WHERE r."n" < 4) SELECT * FROM r ORDER BY "n"`;
    return { root, isOrdered: true };
  }

  values() {
    const types = [this.#random.of(SCALARS), this.#random.of(GROUPED)];
    const row = () => clause`(${new Node('list', joined(types.map((type) => this.#constant.argument(type, 1))))})`;
    const outer = this.#constant.over(types.map((type, index) => ({ name: `t."c${index}"`, type })));
    const [item] = this.#items(outer, 1, 1);
    return {
      root: query`SELECT ${item} AS "x", t.* FROM (VALUES ${row()}, ${row()}, ${row()}) AS t("c0", "c1")`,
      isOrdered: false,
    };
  }

  /** The rows that a function returns: in FROM, with their numbers, beside rows, and among the columns of a SELECT. */
  rowsOf(signature) {
    const random = this.#random;
    const isRecord = signature.result === 'record' && !signature.columns;
    const call = (expressions) => expressions.call(signature, 1);
    if (isRecord) {
      const columns = 'AS r("a" INTEGER, "b" TEXT, "c" JSONB, "k" TEXT)';
      return { root: query`SELECT * FROM ${call(this.#constant)} ${columns}`, isOrdered: false };
    }
    const { expressions, from } = this.#rows('a');
    return random.of([
      () => ({ root: query`SELECT * FROM ${call(this.#constant)}`, isOrdered: true }),
      () => ({ root: query`SELECT * FROM ${call(this.#constant)} WITH ORDINALITY`, isOrdered: true }),
      () => ({ root: query`SELECT ${call(this.#constant)} AS "x"`, isOrdered: true }),
      () => ({
        root: query`SELECT a."id", r.* FROM ${from}, LATERAL ${call(expressions)} WITH ORDINALITY AS r`,
        isOrdered: false,
      }),
      () => ({ root: query`SELECT a."id", ${call(expressions)} AS "x" FROM ${from}`, isOrdered: false }),
    ])();
  }
}

module.exports = { Queries };
