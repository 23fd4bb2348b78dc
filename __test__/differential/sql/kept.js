// Expressions and queries that the database keeps: in views, generated columns, defaults, checks, indexes and tables made of
// queries. Each statement is several steps in one transaction, which the engines undo: what is kept is made, used and read.

const { sqlName } = require('./literals');
const { Node, joined, node } = require('./node');
const { COLUMNS } = require('./tables');

const step = node('step');
const clause = node('clause');
const NONE = new Node('clause', ['']);

/** Types whose equal values are written alike. */
const KEYS = ['bool', 'int2', 'int4', 'int8', 'text', 'date', 'uuid', 'time'];
/** Types of the columns of a table. */
const STORED = [...KEYS, 'numeric', 'numeric', 'timestamptz', 'jsonb', 'bytea', 'int4[]', 'text[]'];
const VIEWED = [...STORED, 'interval', 'float8', 'timestamp'];

class Kept {
  #random;
  #constant;
  #nested;

  /** `nested` makes the queries of views and tables. */
  constructor(random, constant, nested) {
    this.#random = random;
    this.#constant = constant;
    this.#nested = nested;
  }

  any() {
    const ways = ['viewed', 'viewed', 'viewed', 'made', 'generated', 'generated', 'checked', 'indexed'];
    const steps = this[this.#random.of(ways)]();
    return { root: new Node('kept', joined(steps, '; ')), isOrdered: false, groups: true };
  }

  #types(from, most = 3) {
    return Array.from({ length: 1 + this.#random.below(most) }, () => this.#random.of(from));
  }

  #columns(alias, types) {
    return types.map((type, index) => ({ name: `${alias}."c${index}"`, type }));
  }

  #over(alias, types) {
    return this.#constant.over([{ name: `${alias}."id"`, type: 'int4' }, ...this.#columns(alias, types)]);
  }

  #where(expressions) {
    return this.#random.percent(50) ? NONE : clause` WHERE ${expressions.of('bool', 1)}`;
  }

  #item(expressions, depth = 2) {
    return expressions.of(expressions.comparedType(), depth);
  }

  /** A query over what is kept under the name. */
  #read(name, types) {
    const expressions = this.#constant.over(this.#columns('k', types));
    return step`SELECT k.*, ${this.#item(expressions)} AS "x" FROM "${name}" AS k${this.#where(expressions)}`;
  }

  /** A view, queries over it, and a view over the view. */
  viewed() {
    const random = this.#random;
    const { types, sql } = this.#nested.relation(1, random.percent(50) ? this.#types(VIEWED) : undefined);
    const steps = [step`CREATE VIEW "k" AS ${sql}`, this.#read('k', types)];
    if (random.percent(50)) {
      const expressions = this.#constant.over(this.#columns('k', types));
      const upper = this.#types(VIEWED, 2);
      const items = upper.map((type, index) => clause`${expressions.of(type, 2)} AS "c${String(index)}"`);
      steps.push(
        step`CREATE VIEW "l" AS SELECT ${new Node('list', joined(items))} FROM "k" AS k${this.#where(expressions)}`,
        this.#read('l', upper),
      );
    }
    return steps;
  }

  /** A table made of a query. */
  made() {
    const types = this.#types(STORED);
    return [step`CREATE TABLE "k" AS ${this.#nested.relation(1, types).sql}`, this.#read('k', types)];
  }

  /** CREATE TABLE of a key and columns of these types, and more. */
  #table(types, more) {
    const columns = types.map((type, index) => `, "c${index}" ${sqlName(type)}`).join('');
    return step`CREATE TABLE "k" ("id" INTEGER PRIMARY KEY${columns}${more})`;
  }

  /** An INSERT of a row for each row of `v`. */
  #filled(types, more = NONE) {
    const a = this.#constant.over(COLUMNS.v('a'));
    const names = types.map((_, index) => `, "c${index}"`).join('');
    const values = types.map((type) => a.of(type, this.#random.percent(70) ? 0 : 1));
    return step`INSERT INTO "k" ("id"${names}) SELECT a."id", ${new Node('list', joined(values))} FROM "v" AS a ORDER BY a."id"${more}`;
  }

  #updated(types) {
    const k = this.#over('k', types);
    const [index, type] = this.#random.of([...types.entries()]);
    return step`UPDATE "k" SET "c${String(index)}" = ${k.of(type, 2)}${this.#where(k)}`;
  }

  /** An expression over columns of the new table, without a sub-query. */
  #ofColumns(type, types) {
    const inner = this.#constant.over(types.map((of, index) => ({ name: `"c${index}"`, type: of })));
    for (;;) {
      const found = inner.of(type, 2);
      if (found.text.includes('"c') && !found.text.includes('(SELECT')) return found;
    }
  }

  generated() {
    const types = this.#types(STORED);
    const type = this.#random.of([types[0], this.#random.of(STORED)]);
    const more = clause`, "g" ${sqlName(type)} GENERATED ALWAYS AS (${this.#ofColumns(type, types)}) STORED`;
    const k = this.#constant.over([...this.#columns('k', types), { name: 'k."g"', type }]);
    return [
      this.#table(types, more),
      this.#filled(types),
      this.#updated(types),
      step`SELECT k.*, ${this.#item(k)} AS "x" FROM "k" AS k${this.#where(k)}`,
    ];
  }

  #default(type) {
    for (;;) {
      const found = this.#constant.argument(type, 2);
      if (!found.text.includes('(SELECT')) return found;
    }
  }

  /** Defaults, and a check of each row. */
  checked() {
    const types = this.#types(STORED);
    const type = this.#random.of(STORED);
    const check = this.#random.percent(60) ? clause`, CHECK (${this.#ofColumns('bool', types)} OR "id" > 4)` : NONE;
    const more = clause`, "d" ${sqlName(type)} DEFAULT (${this.#default(type)})${check}`;
    return [
      this.#table(types, more),
      step`INSERT INTO "k" ("id") VALUES (11), (12)`,
      this.#filled(types),
      this.#updated(types),
      this.#read('k', types),
    ];
  }

  /** An index on an expression, by which rows are found, sorted and told apart. */
  indexed() {
    const random = this.#random;
    const types = [random.of(KEYS), ...this.#types(STORED, 2)];
    const type = random.of([types[0], random.of(KEYS)]);
    const key = this.#ofColumns(type, types);
    const isUnique = random.percent(40);
    const where = random.percent(40) ? clause` WHERE ${this.#ofColumns('bool', types)}` : NONE;
    const conflict = isUnique ? clause` ON CONFLICT DO NOTHING` : NONE;
    return [
      this.#table(types, NONE),
      step`CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX "ki" ON "k" ((${key})${random.of(['', ' DESC', ' NULLS FIRST'])})${where}`,
      this.#filled(types, conflict),
      step`SELECT "id", ${key} AS "x" FROM "k" WHERE (${key}) ${random.of(['=', '>', '<='])} ${this.#constant.of(type, 1)}`,
      step`SELECT "id" FROM "k"${where} ORDER BY ${key}${random.of(['', ' DESC'])}, "id" LIMIT 3`,
    ];
  }
}

module.exports = { Kept };
