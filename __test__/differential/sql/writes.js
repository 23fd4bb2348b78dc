// Random writes to the table `x`: each returns values, and what it leaves in the table is compared, too. The engines undo it.

const { Node, joined, node } = require('./node');
const { COLUMNS } = require('./tables');

const write = node('write');
const clause = node('clause');
const NONE = new Node('clause', ['']);

/** Types of which a value can become another one when it is stored. */
const STORED = {
  int2: ['int4', 'int8', 'numeric', 'float8'],
  int4: ['int8', 'numeric', 'float8', 'int2', 'text'],
  int8: ['int4', 'numeric', 'float8'],
  numeric: ['int4', 'int8', 'float8'],
  float8: ['int4', 'numeric'],
  text: ['varchar', 'int4', 'numeric', 'bool', 'date', 'uuid', 'timestamptz'],
  varchar: ['text', 'int4', 'numeric', 'bool', 'date'],
  date: ['timestamptz', 'timestamp'],
  timestamptz: ['date', 'timestamp'],
  time: ['timestamptz', 'interval'],
  jsonb: ['json', 'text'],
};

const bare = (name) => name.slice(name.indexOf('.') + 1);

class Writes {
  #random;
  #constant;

  constructor(random, constant) {
    this.#random = random;
    this.#constant = constant;
  }

  any() {
    const ways = [
      'inserted',
      'inserted',
      'selected',
      'upserted',
      'upserted',
      'updated',
      'updated',
      'updatedFrom',
      'deleted',
      'deletedUsing',
      'deletedFound',
      'merged',
      'listed',
      'common',
      'common',
      'prepared',
      'prepared',
    ];
    return { root: this[this.#random.of(ways)](), isOrdered: false, groups: true };
  }

  /** Some columns of the table without its key. */
  #columns() {
    const all = COLUMNS.x('x').slice(1);
    return this.#random.some(all, 1 + this.#random.below(4));
  }

  /** A value for a column. */
  #value(expressions, type, depth = 1) {
    const random = this.#random;
    const from = STORED[type];
    if (from && random.percent(20)) return expressions.of(random.of(from), depth);
    return expressions.argument(type, depth);
  }

  /** What the write returns. `key` is the name of the key, which other tables of the statement have, too. */
  #returning(expressions, key = '"id"', all = '*') {
    const random = this.#random;
    return random.of([
      () => NONE,
      () => clause` RETURNING ${all}`,
      () => clause` RETURNING ${key}`,
      () => clause` RETURNING x.*, ${expressions.of(expressions.comparedType(), 1)} AS "r"`,
      () =>
        clause` RETURNING ${key}, ${expressions.of(expressions.comparedType(), 1)} AS "r", ${expressions.of(expressions.comparedType(), 1)}`,
    ])();
  }

  #where(expressions) {
    return this.#random.percent(35) ? NONE : clause` WHERE ${expressions.of('bool', 1)}`;
  }

  /** Assignments to other columns than these. */
  #assignments(expressions, others = []) {
    const taken = others.map(({ name }) => name);
    const columns = this.#columns().filter(({ name }) => !taken.includes(name));
    if (columns.length === 0) return this.#assignments(expressions, others);
    const list = columns.map(({ name, type }) => {
      const value = this.#random.percent(5) ? 'DEFAULT' : this.#value(expressions, type);
      return clause`${bare(name)} = ${value}`;
    });
    return new Node('list', joined(list));
  }

  /** Rows with keys from `first` on. */
  #rows(columns, first) {
    const count = 1 + this.#random.below(3);
    const rows = Array.from({ length: count }, (_, index) => {
      const values = columns.map(({ type }) =>
        this.#random.percent(4) ? 'DEFAULT' : this.#value(this.#constant, type),
      );
      return clause`(${String(first + index)}, ${new Node('list', joined(values))})`;
    });
    return new Node('list', joined(rows));
  }

  #names(columns) {
    return ['"id"', ...columns.map(({ name }) => bare(name))].join(', ');
  }

  inserted() {
    const columns = this.#columns();
    const conflict = this.#random.of(['', ' ON CONFLICT DO NOTHING', ' ON CONFLICT ("id") DO NOTHING']);
    const after = this.#constant.over(COLUMNS.x('x'));
    return write`INSERT INTO "x" (${this.#names(columns)}) VALUES ${this.#rows(columns, conflict ? 6 : 20)}${conflict}${this.#returning(after)}`;
  }

  selected() {
    const columns = this.#columns();
    const a = this.#constant.over(COLUMNS.v('a'));
    const values = columns.map(({ type }) => this.#value(a, type));
    const after = this.#constant.over(COLUMNS.x('x'));
    return write`INSERT INTO "x" (${this.#names(columns)}) SELECT a."id" + 100, ${new Node('list', joined(values))} FROM "v" AS a${this.#where(a)}${this.#returning(after)}`;
  }

  upserted() {
    const columns = this.#columns();
    const after = this.#constant.over(COLUMNS.x('x'));
    const excluded = columns.map(({ name, type }) => ({ name: `excluded.${bare(name)}`, type }));
    const both = this.#constant.over([...COLUMNS.x('x'), ...excluded]);
    const where = this.#random.percent(60) ? NONE : clause` WHERE ${both.of('bool', 1)}`;
    return write`INSERT INTO "x" (${this.#names(columns)}) VALUES ${this.#rows(columns, 6)} ON CONFLICT ("id") DO UPDATE SET ${this.#assignments(both)}${where}${this.#returning(after)}`;
  }

  updated() {
    const x = this.#constant.over(COLUMNS.x('x'));
    return write`UPDATE "x" SET ${this.#assignments(x)}${this.#where(x)}${this.#returning(x)}`;
  }

  /** Each row of the table meets one row of the other. */
  updatedFrom() {
    const x = this.#constant.over(COLUMNS.x('x'));
    const both = this.#constant.over([...COLUMNS.x('x'), ...COLUMNS.v('a')]);
    const more = this.#random.percent(50) ? NONE : clause` AND ${both.of('bool', 1)}`;
    return write`UPDATE "x" SET ${this.#assignments(both)} FROM "v" AS a WHERE x."id" = a."id"${more}${this.#returning(x, 'x."id"')}`;
  }

  deleted() {
    const x = this.#constant.over(COLUMNS.x('x'));
    return write`DELETE FROM "x"${this.#where(x)}${this.#returning(x)}`;
  }

  deletedUsing() {
    const x = this.#constant.over(COLUMNS.x('x'));
    const both = this.#constant.over([...COLUMNS.x('x'), ...COLUMNS.w('b')]);
    return write`DELETE FROM "x" USING "w" AS b WHERE b."v_id" = x."id" AND ${both.of('bool', 1)}${this.#returning(x, 'x."id"')}`;
  }

  /** Rows that other rows tell. */
  deletedFound() {
    const random = this.#random;
    const x = this.#constant.over(COLUMNS.x('x'));
    const both = this.#constant.over([...COLUMNS.x('x'), ...COLUMNS.w('b')]);
    const type = random.of(['int4', 'text', 'numeric']);
    const found = random.of([
      () => clause`x."id" IN (SELECT b."v_id" FROM "w" AS b WHERE ${both.of('bool', 1)})`,
      () => clause`EXISTS (SELECT 1 FROM "w" AS b WHERE b."v_id" = x."id" AND ${both.of('bool', 1)})`,
      () => clause`${x.of(type, 1)} NOT IN (SELECT ${both.of(type, 1)} FROM "w" AS b WHERE b."v_id" = x."id")`,
      () => clause`${x.of('int4', 1)} > (SELECT count(*) FROM "w" AS b WHERE ${both.of('bool', 1)})`,
    ])();
    return write`DELETE FROM "x" WHERE ${found}${this.#returning(x)}`;
  }

  /** The rows of a query, of which some are there already. */
  merged() {
    const columns = this.#columns();
    const a = this.#constant.over(COLUMNS.v('a'));
    const values = columns.map(({ type }) => this.#value(a, type));
    const after = this.#constant.over(COLUMNS.x('x'));
    const excluded = columns.map(({ name, type }) => ({ name: `excluded.${bare(name)}`, type }));
    const both = this.#constant.over([...COLUMNS.x('x'), ...excluded]);
    const where = this.#random.percent(60) ? NONE : clause` WHERE ${both.of('bool', 1)}`;
    const change = this.#random.percent(25) ? clause`NOTHING` : clause`UPDATE SET ${this.#assignments(both)}${where}`;
    return write`INSERT INTO "x" (${this.#names(columns)}) SELECT a."id" + 3, ${new Node('list', joined(values))} FROM "v" AS a${this.#where(a)} ON CONFLICT ("id") DO ${change}${this.#returning(after)}`;
  }

  /** Several columns that are assigned at once. */
  listed() {
    const random = this.#random;
    const x = this.#constant.over(COLUMNS.x('x'));
    const both = this.#constant.over([...COLUMNS.x('x'), ...COLUMNS.w('b')]);
    const columns = random.some(COLUMNS.x('x').slice(1), 2);
    const names = columns.map(({ name }) => bare(name)).join(', ');
    const list = (expressions) => new Node('list', joined(columns.map(({ type }) => this.#value(expressions, type))));
    const values = random.of([
      () => clause`(${list(x)})`,
      () => clause`ROW (${list(x)})`,
      () => clause`(SELECT ${list(both)} FROM "w" AS b WHERE b."v_id" = x."id" ORDER BY b."id" LIMIT 1)`,
      () => clause`(SELECT ${list(x)})`,
    ])();
    return write`UPDATE "x" SET (${names}) = ${values}${this.#where(x)}${this.#returning(x)}`;
  }

  /** A write that reads a query of WITH. */
  prepared() {
    const random = this.#random;
    const a = this.#constant.over(COLUMNS.v('a'));
    const x = this.#constant.over(COLUMNS.x('x'));
    const [column] = random.some(COLUMNS.x('x').slice(1), 1);
    const value = this.#value(a, column.type);
    const c = [
      { name: 'c."id"', type: 'int4' },
      { name: 'c."r"', type: value.type },
    ];
    const both = this.#constant.over([...COLUMNS.x('x'), ...c]);
    const more = random.percent(50) ? NONE : clause` AND ${both.of('bool', 1)}`;
    const change = random.of([
      () =>
        write`UPDATE "x" SET ${bare(column.name)} = c."r", ${this.#assignments(both, [column])} FROM c WHERE c."id" = x."id"${more}`,
      () => write`DELETE FROM "x" USING c WHERE c."id" = x."id"${more}`,
      () => write`INSERT INTO "x" ("id", ${bare(column.name)}) SELECT c."id" + 50, c."r" FROM c`,
    ])();
    return write`WITH c AS (SELECT a."id", ${value} AS "r" FROM "v" AS a${this.#where(a)}) ${change}${this.#returning(x, 'x."id"', 'x.*')}`;
  }

  /** A write in WITH, and a query over what it returns. */
  common() {
    const x = this.#constant.over(COLUMNS.x('x'));
    const type = x.comparedType();
    const columns = this.#columns();
    const outer = this.#constant.over([
      { name: 'c."id"', type: 'int4' },
      { name: 'c."r"', type },
    ]);
    const change = this.#random.of([
      () => clause`UPDATE "x" SET ${this.#assignments(x)}${this.#where(x)}`,
      () => clause`DELETE FROM "x"${this.#where(x)}`,
      () => clause`INSERT INTO "x" (${this.#names(columns)}) VALUES ${this.#rows(columns, 20)}`,
    ])();
    return write`WITH c AS (${change} RETURNING "id", ${x.of(type, 1)} AS "r") SELECT c."id", ${outer.of(outer.comparedType(), 1)} AS "z" FROM c${this.#where(outer)}`;
  }
}

module.exports = { Writes };
