'use strict';

// The operators of Sequelize, as far as options are read by them. Which SQL they become is decided in Rust.

const json = require('./json');

/** The operators whose text becomes a pattern of LIKE: what stands before it and after it. */
const PATTERNS = new Map([
  ['startsWith', ['', '%']],
  ['endsWith', ['%', '']],
  ['substring', ['%', '%']],
]);
const LISTS = new Set(['in', 'notIn', 'between', 'notBetween']);

/** An operator by its name: Sequelize's, or an SQL comparator that `Sequelize.where` was given. */
class Operator {
  constructor(name) {
    this.name = name;
    /** What stands between the two sides. */
    this.between = [',', json.string(name), ','].join('');
    /** A pattern is text, whatever the type of the column it is compared with. */
    this.takesText = /like|regexp|with|substring/i.test(name);
    this.takesList = LISTS.has(name);
    this.pattern = PATTERNS.get(name);
    /** `IS true`: the statement has the word itself. */
    this.isTest = /^\s*(is|not|is\s+not)\s*$/i.test(name);
  }
}

/** @returns {Map<symbol, Operator>} */
function operatorsOf(Op) {
  return new Map(Object.entries(Op).map(([name, symbol]) => [symbol, new Operator(name)]));
}

module.exports = { Operator, operatorsOf };
