'use strict';

// Golden: finder options in, PhantomDB SQL and parameters out, and the find call that goes over the wire.

const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('..');

const sequelize = new Sequelize('golden', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
const { queryGenerator } = sequelize.getQueryInterface();
const User = sequelize.define(
  'User',
  {
    firstName: { type: DataTypes.STRING, field: 'first_name' },
    age: DataTypes.INTEGER,
    active: DataTypes.BOOLEAN,
    born: DataTypes.DATE,
    avatar: DataTypes.BLOB,
    meta: DataTypes.JSON,
  },
  { timestamps: false },
);
afterAll(() => sequelize.close());

function compile(options) {
  const finder = { attributes: ['id'], ...options };
  return queryGenerator.compile('select', queryGenerator.selectPlan('Users', finder, User), finder);
}

/** The text after WHERE, and the parameters. */
function condition(where) {
  const { statement, parameters } = compile({ where });
  return [statement.split(' WHERE ')[1], JSON.parse(parameters)];
}

const time = new Date('2026-01-02T03:04:05.678Z');
const stamp = { type: 'timestamp', value: '2026-01-02T03:04:05.678Z' };

describe('conditions', () => {
  test.each([
    ['equality', { age: 5 }, '"User"."age" = $1', [5]],
    ['null', { age: null }, '"User"."age" IS NULL', []],
    ['not null', { age: { [Op.ne]: null } }, '"User"."age" IS NOT NULL', []],
    ['two operators', { age: { [Op.gte]: 1, [Op.lt]: 9 } }, '"User"."age" >= $1 AND "User"."age" < $2', [1, 9]],
    ['a list', { age: [1, 2] }, '"User"."age" IN ($1, $2)', [1, 2]],
    ['an empty list matches nothing', { age: [] }, '"User"."age" IN (NULL)', []],
    ['not in nothing', { age: { [Op.notIn]: [] }, active: true }, '"User"."active" = $1', [true]],
    ['between', { age: { [Op.between]: [1, 2] } }, '"User"."age" BETWEEN $1 AND $2', [1, 2]],
    ['like', { firstName: { [Op.like]: 'J%' } }, '"User"."firstName" LIKE $1', ['J%']],
    ['startsWith', { first_name: { [Op.startsWith]: "O'B" } }, '"User"."first_name" LIKE $1', ["O'B%"]],
    ['endsWith a number', { firstName: { [Op.endsWith]: 1.5 } }, '"User"."firstName" LIKE $1', ['%1.5']],
    ['substring of a date', { born: { [Op.substring]: time } }, '"User"."born" LIKE $1', [`%${stamp.value}%`]],
    ['startsWith null', { firstName: { [Op.startsWith]: null } }, '"User"."firstName" LIKE NULL', []],
    [
      'startsWith the text of a literal',
      { firstName: { [Op.startsWith]: sequelize.literal("O'B") } },
      '"User"."firstName" LIKE $1',
      ["O'B%"],
    ],
    [
      'startsWith any',
      { firstName: { [Op.startsWith]: { [Op.any]: ['a', 'b'] } } },
      '("User"."firstName" LIKE $1 OR "User"."firstName" LIKE $2)',
      ['a%', 'b%'],
    ],
    [
      'a value where a function compares',
      sequelize.where(sequelize.col('age'), Op.substring, 'x'),
      '"age" LIKE $1',
      ['%x%'],
    ],
    ['is a value', { age: { [Op.is]: 5 } }, '"User"."age" IS NOT DISTINCT FROM $1', [5]],
    ['is a boolean', sequelize.where(sequelize.col('active'), 'IS NOT', false), '"active" IS NOT false', []],
    ['the argument of a function', { age: sequelize.fn('abs', -5) }, '"User"."age" = abs(-5)', []],
    ['not a boolean', { active: { [Op.not]: true } }, '"User"."active" IS NOT true', []],
    ['a date', { born: { [Op.gt]: time } }, '"User"."born" > $1', [stamp]],
    ['bytes', { avatar: Buffer.from('hi') }, '"User"."avatar" = $1', [{ type: 'blob', value: 'aGk=' }]],
    [
      'a 64-bit integer',
      { age: 9007199254740993n },
      '"User"."age" = $1',
      [{ type: 'integer', value: '9007199254740993' }],
    ],
    ['or of keys', { [Op.or]: { age: 1, active: false } }, '"User"."age" = $1 OR "User"."active" = $2', [1, false]],
    [
      'or beside and',
      { active: true, [Op.or]: [{ age: 1 }, { age: 2 }] },
      '("User"."age" = $1 OR "User"."age" = $2) AND "User"."active" = $3',
      [1, 2, true],
    ],
    [
      'or of one attribute',
      { age: { [Op.or]: [5, { [Op.gt]: 7 }] } },
      '"User"."age" = $1 OR "User"."age" > $2',
      [5, 7],
    ],
    [
      'not of several',
      { [Op.not]: [{ age: 1 }, { active: true }] },
      'NOT ("User"."age" = $1 AND "User"."active" = $2)',
      [1, true],
    ],
    ['an empty or', { [Op.or]: [] }, '0 = 1', []],
    ['any of a list', { age: { [Op.any]: [1, 2] } }, '"User"."age" IN ($1, $2)', [1, 2]],
    [
      'like any',
      { firstName: { [Op.iLike]: { [Op.any]: ['a', 'b'] } } },
      '("User"."firstName" ILIKE $1 OR "User"."firstName" ILIKE $2)',
      ['a', 'b'],
    ],
    ['another column', { age: { [Op.gt]: { [Op.col]: 'User.id' } } }, '"User"."age" > "User"."id"', []],
    ['a path through an association', { '$tasks.owner.name$': 'x' }, '"tasks->owner"."name" = $1', ['x']],
    ['a document', { meta: { a: { b: 5 } } }, `CAST(("User"."meta"#>>'{a,b}') AS DOUBLE PRECISION) = $1`, [5]],
    ['a dotted path', { 'meta.a.b': 'x' }, `("User"."meta"#>>'{a,b}') = $1`, ['x']],
    ['a cast in a path', { 'meta.n::integer': { [Op.lt]: 3 } }, `CAST(("User"."meta"#>>'{n}') AS INTEGER) < $1`, [3]],
    [
      'a function',
      sequelize.where(sequelize.fn('lower', sequelize.col('first_name')), 'x'),
      'lower("first_name") = $1',
      ['x'],
    ],
    ['a literal', sequelize.literal('1 = 1'), '1 = 1', []],
    [
      'a literal that holds an OR keeps to itself',
      { [Op.and]: [sequelize.literal('a = 1 OR b = 2'), { age: 3 }] },
      '(a = 1 OR b = 2) AND "User"."age" = $1',
      [3],
    ],
  ])('%s', (_name, where, sql, parameters) => {
    expect(condition(where)).toEqual([sql, parameters]);
  });

  test.each([
    ['a string', '1=1', 'has been removed'],
    ['a date', new Date(), 'Unsupported where option value'],
    ['undefined', { age: undefined }, 'has invalid "undefined" value'],
    ['an object where a value belongs', { age: { $gt: 5 } }, 'Invalid value'],
    ['an unknown operator', { age: { [Symbol('gt')]: 5 } }, 'Unknown operator'],
    ['a function for a pattern', { firstName: { [Op.startsWith]: sequelize.fn('f') } }, 'startsWith takes a string'],
    ['a list for a pattern', { firstName: { [Op.substring]: ['a'] } }, 'substring takes a string'],
    ['bytes for a pattern', { avatar: { [Op.endsWith]: Buffer.from('a') } }, 'endsWith takes a string'],
    ['a column for a pattern', { age: { [Op.startsWith]: { [Op.col]: 'id' } } }, 'startsWith takes a string'],
    ['a list for one value', { age: { [Op.gt]: [1, 2] } }, 'takes one value'],
    ['text for a list', { age: { [Op.in]: '1,2' } }, 'takes an array'],
    ['a cast that is not a type', { meta: { 'role::text) OR 1=1--': 1 } }, 'Invalid cast type'],
    ['an unknown comparator', sequelize.where(sequelize.col('age'), '= 1 OR 1 =', 1), 'is not an operator'],
  ])('%s is refused', (_name, where, message) => {
    expect(() => condition(where)).toThrow(message);
  });
});

describe('order, limit, attributes', () => {
  const tail = (options) => compile(options).statement.split(' AS "User"')[1];

  test.each([
    [{ order: ['age'] }, ' ORDER BY "User"."age"'],
    [{ order: [['firstName', 'desc']] }, ' ORDER BY "User"."first_name" DESC'],
    [
      { order: [['age', 'ASC NULLS LAST'], sequelize.literal('random()')] },
      ' ORDER BY "User"."age" ASC NULLS LAST, random()',
    ],
    [
      { order: [[sequelize.fn('max', sequelize.col('age')), 'DESC']], group: ['active'] },
      ' GROUP BY "active" ORDER BY max("age") DESC',
    ],
    [{ limit: 5, offset: 10 }, ' LIMIT 5 OFFSET 10'],
    [{ offset: 10 }, ' OFFSET 10'],
    [{ lock: true, skipLocked: true }, ' FOR UPDATE SKIP LOCKED'],
  ])('%j', (options, sql) => {
    expect(tail(options)).toBe(sql);
  });

  test.each([
    [{ order: [['age', 'UNTRUSTED']] }, 'Order must be one of'],
    [{ limit: '1; DROP TABLE x' }, 'limit must be a whole number'],
    [{ limit: -1 }, 'limit must be a whole number'],
    [{ attributes: [['count(id)', 'n']] }, 'Attributes cannot include parentheses'],
    [{ attributes: [] }, 'without selecting any columns'],
  ])('%j is refused', (options, message) => {
    expect(() => compile(options)).toThrow(message);
  });
});

describe('the find call', () => {
  const find = (options) => {
    const finder = { attributes: ['id'], ...options };
    const plan = queryGenerator.selectPlan('Users', finder, User, { find: true });
    const query = queryGenerator.compile('select', plan, finder);
    const call = query.find && JSON.parse(query.find);
    return call && { ...call.find, parts: call.parts, parameters: JSON.parse(query.parameters) };
  };

  test('holds the condition, the order and the limits of a finder on one table', () => {
    const where = { firstName: 'John', age: { [Op.gt]: 18 } };
    expect(find({ where, order: [['born', 'DESC']], limit: 10, offset: 5 })).toEqual({
      columns: '"id"',
      parts: ['"firstName" = ', ' AND "age" > ', ''],
      parameters: ['John', 18],
      orderBy: '"born" DESC',
      limit: 10,
      offset: 5,
    });
  });

  test.each([
    ['a group', { group: ['age'] }],
    ['a lock', { lock: true }],
    ['SQL of the user', { where: sequelize.literal('"User"."age" > 1') }],
  ])('%s is a query instead', (_name, options) => {
    expect(find(options)).toBeFalsy();
  });
});
