'use strict';

// The table of operators (src/translate/operators.rs): Sequelize's operators are all in it, and each has a meaning on
// SQLite or is refused there by name.

const { DataTypes, Op, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { operators } = require('../driver/native');

const table = JSON.parse(operators());
const operandOf = (name) => table.find(({ names }) => names.includes(name))?.operand;

/** Symbols of Op that are not comparisons. */
const NOT_COMPARISONS = ['and', 'or', 'any', 'all', 'values', 'col', 'placeholder', 'join'];

test.each(Object.keys(Op))('the table has Op.%s if it compares', (name) => {
  expect(operandOf(name) !== undefined).toBe(!NOT_COMPARISONS.includes(name));
});

test('the table says what an operator takes on its right side', () => {
  const names = ['eq', 'like', 'startsWith', 'endsWith', 'substring', 'in', 'between', 'is'];
  const operands = ['value', 'text', 'prefix', 'suffix', 'substring', 'list', 'range', 'keyword'];
  expect(names.map(operandOf)).toEqual(operands);
});

describe('on SQLite', () => {
  /** Operators of PostgreSQL's ranges and text search. */
  const REFUSED = ['adjacent', 'noExtendRight', 'noExtendLeft', 'match'];
  /** Operators of ranges that shift the bits of integers. */
  const SHIFTS = ['strictLeft', 'strictRight'];
  const VALUES = { list: ['a'], range: ['a', 'b'], keyword: true };
  const dialect = new PhantomDBDialect('memory:');
  const sequelize = new Sequelize('operators', null, null, { dialect, logging: false });
  const attributes = {
    name: DataTypes.STRING,
    isActive: DataTypes.BOOLEAN,
    meta: DataTypes.JSON,
    tags: DataTypes.ARRAY(DataTypes.STRING),
  };
  const Thing = sequelize.define('Thing', attributes, { timestamps: false });
  beforeAll(() => Thing.sync());
  afterAll(() => sequelize.close());

  function conditionOf({ names: [name], operand }) {
    if (name === 'contains' || name === 'contained') return { meta: { [Op[name]]: { a: 1 } } };
    if (name === 'overlap') return { tags: { [Op.overlap]: ['a'] } };
    if (name === 'strictLeft' || name === 'strictRight') return { id: { [Op[name]]: 1 } };
    const value = VALUES[operand] ?? 'a';
    const column = operand === 'keyword' ? 'isActive' : 'name';
    return Op[name] === undefined
      ? Sequelize.where(Sequelize.col(column), name, value)
      : { [column]: { [Op[name]]: value } };
  }

  // For a new operator that fails here: a row in crates/sql/src/typing/rows/ gives it its meaning.
  test.each(table.map((operator) => [operator.names[0], operator]))(
    '%s has a meaning, or is refused',
    async (name, operator) => {
      const found = Thing.findAll({ where: conditionOf(operator) });
      if (REFUSED.includes(name)) await expect(found).rejects.toMatchObject({ parent: { code: 'UNSUPPORTED' } });
      else if (SHIFTS.includes(name)) await expect(found).rejects.toMatchObject({ parent: { code: 'TYPE_MISMATCH' } });
      else expect(await found).toEqual([]);
    },
  );
});
