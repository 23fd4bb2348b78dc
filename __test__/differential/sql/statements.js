// Random statements: one for each row of the table in turn, casts, and whole queries.

const { Applied } = require('./applied');
const { Expressions } = require('./expressions');
const { Kept } = require('./kept');
const { Node, joined, node } = require('./node');
const { Nested } = require('./nested');
const { Queries } = require('./queries');
const { COLUMNS } = require('./tables');
const { Writes } = require('./writes');

const DEPTH = 3;
/** So many of a hundred values are bound, in the statements that bind any. */
const BOUND = 20;
const statement = node('statement');

/** A statement: its tree, whether its rows have an order, and the row of the table that it tries. */
class Statements {
  #random;
  #signatures;
  #constant;
  #overRows;
  #queries;
  #nested;
  #applied;
  #writes;
  #kept;

  constructor(random, signatures) {
    this.#random = random;
    this.#signatures = signatures;
    this.#constant = new Expressions(random, signatures);
    this.#overRows = this.#constant.over(COLUMNS.v('"v"'));
    this.#queries = new Queries(random, signatures, this.#constant);
    this.#nested = new Nested(random, this.#constant);
    const binding = this.#constant.binding(BOUND);
    this.#applied = [this.#constant, binding].map((expressions) => new Applied(random, expressions));
    this.#kept = new Kept(random, this.#constant, this.#nested);
    this.#writes = [this.#constant, binding].map((expressions) => new Writes(random, expressions));
  }

  /** The statement with that number. */
  next(number) {
    const { length } = this.#signatures;
    // Half of the statements go through the table; the others are casts, conditions, and queries.
    if (number % 2 === 0) return this.ofRow(this.#signatures[(number / 2) % length]);
    if (this.#random.percent(20)) return this.#query(this.#random.of(this.#applied).any());
    if (this.#random.percent(10)) return this.#random.of(this.#writes).any();
    if (this.#random.percent(8)) return this.#kept.any();
    if (this.#random.percent(25)) return this.#query(this.#queries.any());
    if (this.#random.percent(25)) return this.#query(this.#nested.any());
    if (this.#random.percent(40)) return this.#expression((expressions, depth) => expressions.cast(depth));
    return this.#expression((expressions, depth) => expressions.of(expressions.anyType(), depth + 1));
  }

  #query({ root, isOrdered }) {
    return { root, isOrdered, groups: true };
  }

  ofRow(signature) {
    if (signature.kind === 'aggregate') return { ...this.#query(this.#queries.aggregated(signature)), signature };
    if (signature.kind === 'set') return { ...this.#query(this.#queries.rowsOf(signature)), signature };
    return { ...this.#expression((expressions, depth) => this.#call(expressions, signature, depth)), signature };
  }

  #call(expressions, signature, depth) {
    const call = expressions.call(signature, depth);
    return signature.isVolatile ? node('bool')`(${call} IS NULL)` : call;
  }

  #expression(make) {
    const depth = this.#random.below(DEPTH);
    if (this.#random.percent(60))
      return { root: statement`SELECT ${make(this.#constant, depth)} AS "x"`, isOrdered: true };
    return {
      root: statement`SELECT "id", ${make(this.#overRows, depth)} AS "x" FROM "v" ORDER BY "id"`,
      isOrdered: true,
    };
  }
}

module.exports = { Node, Statements, joined };
