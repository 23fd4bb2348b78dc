'use strict';

// The comparison operators, from the translator's table (src/translate/operators.rs): how an option is read depends on
// the right side that its operator takes.

const { operators: operatorTable } = require('../../driver/native');
const json = require('./json');

/** The right sides that become a LIKE pattern: the text before and after the value. */
const PATTERNS = { prefix: ['', '%'], suffix: ['%', ''], substring: ['%', '%'] };

/** `Operand` of the table, by the operators' names. */
const operands = new Map();
for (const { names, operand } of JSON.parse(operatorTable())) {
  for (const name of names) operands.set(name, operand);
}

/** An operator by its name: a key of Sequelize's `Op`, or an SQL comparator that was given to `Sequelize.where`. */
class Operator {
  constructor(name) {
    this.name = name;
    this.json = json.string(name);
    const operand = operands.get(name) ?? operands.get(String(name).trim().toUpperCase());
    /** True when the right side is a value of the column's type. */
    this.takesValue = operand === 'value';
    /** True when the right side is a list. */
    this.takesList = operand === 'list' || operand === 'range';
    /** True when the right side is a list of any length. */
    this.isMembership = operand === 'list';
    /** The text before and after the value of a LIKE pattern; undefined for other operators. */
    this.pattern = PATTERNS[operand];
    /** True when the right side is text, whatever the type of the column. */
    this.takesText = operand === 'text' || this.pattern !== undefined;
    /** True for `IS true`: a keyword cannot be bound. */
    this.takesKeyword = operand === 'keyword';
  }
}

/** @returns {Map<symbol, Operator>} the operators of one copy of Sequelize */
function operatorsOf(Op) {
  return new Map(Object.entries(Op).map(([name, symbol]) => [symbol, new Operator(name)]));
}

module.exports = { Operator, operatorsOf };
