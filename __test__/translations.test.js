'use strict';

// Translations are cached by their plans: whatever the options, a query gets its own statement and its own values.

const fc = require('fast-check');
const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { translate } = require('../driver/native');
const { Translations } = require('../sequelize/translations');

const { fn, col, literal, cast } = Sequelize;
const sequelize = new Sequelize('shapes', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
const generator = sequelize.getQueryInterface().queryGenerator;
const ATTRIBUTES = {
  name: DataTypes.STRING,
  age: DataTypes.INTEGER,
  score: DataTypes.DOUBLE,
  price: DataTypes.DECIMAL(10, 2),
  active: DataTypes.BOOLEAN,
  bytes: DataTypes.BLOB,
  meta: DataTypes.JSON,
};
const User = sequelize.define('User', ATTRIBUTES, { timestamps: false });
const Task = sequelize.define('Task', { title: DataTypes.STRING, 'user id': DataTypes.INTEGER }, { timestamps: false });
User.hasMany(Task, { as: 'tasks', foreignKey: 'user id' });
Task.belongsTo(User, { as: 'user', foreignKey: 'user id' });
afterAll(() => sequelize.close());

/** Texts that would end a string, a name or a part of a plan if they were not escaped. */
const NASTY = [
  '"',
  '","',
  '"}',
  '"},"limit":{"v":1',
  '{"c":"age"}',
  '{"b":[0,"s"]}',
  '\\',
  '\\"',
  "'; --",
  '$1',
  ':name',
  '\u2028',
  '\ud800',
  '\0',
  '👩‍👧',
  '',
];
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.tuple(fc.constantFrom('a', ...NASTY), fc.constantFrom(...NASTY)).map((parts) => parts.join('')),
);
/** A name without the characters that separate the steps of a path. */
const name = text.map((written) => `n${written.replace(/[.()$]/g, '')}`);
const value = fc.oneof(
  text,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
);
const key = fc.oneof(fc.constantFrom(...Object.keys(ATTRIBUTES)), name, fc.constant('$tasks.title$'));
const OPERATORS = ['eq', 'ne', 'is', 'not', 'gt', 'lte', 'like', 'notILike', 'startsWith', 'substring', 'regexp'];
const LISTS = ['in', 'notIn', 'between', 'any', 'or', 'and'];

const operation = fc.oneof(
  value,
  fc.tuple(fc.constantFrom(...OPERATORS), value).map(([op, given]) => ({ [Op[op]]: given })),
  fc.tuple(fc.constantFrom(...LISTS), fc.array(value, { maxLength: 3 })).map(([op, list]) => ({ [Op[op]]: list })),
  fc.tuple(value, value).map(([low, high]) => ({ [Op.gte]: low, [Op.lt]: high })),
  fc.array(text, { maxLength: 2 }).map((list) => ({ [Op.iLike]: { [Op.any]: list } })),
  name.map((column) => ({ [Op.ne]: { [Op.col]: column } })),
);
const { condition, method } = fc.letrec((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: fc.tuple(key, operation).map(([column, given]) => ({ [column]: given })) },
    { weight: 1, arbitrary: fc.dictionary(key, operation, { maxKeys: 3 }) },
    { weight: 1, arbitrary: fc.tuple(text, operation).map(([step, given]) => ({ meta: { [step]: { k: given } } })) },
    { weight: 1, arbitrary: tie('method') },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom(Op.and, Op.or, Op.not), fc.array(tie('condition'), { maxLength: 3 }))
        .map(([glue, items]) => ({ [glue]: items })),
    },
  ),
  method: fc.oneof(
    { maxDepth: 2 },
    text.map((sql) => literal(sql)),
    name.map((column) => col(column)),
    fc.tuple(fc.constantFrom('lower', 'f'), fc.array(tie('argument'), { maxLength: 2 })).map(([f, a]) => fn(f, ...a)),
    tie('argument').map((given) => cast(given, 'text')),
    fc
      .tuple(tie('method'), fc.constantFrom('=', 'IS', 'is not', Op.startsWith, Op.lt), value)
      .map(([left, comparator, right]) => Sequelize.where(left, comparator, right)),
  ),
  argument: fc.oneof({ maxDepth: 2 }, value, tie('method'), tie('condition')),
}));
const attribute = fc.oneof(key, fc.tuple(fc.oneof(name, method), name));
const order = fc.oneof(key, method, fc.tuple(key, fc.constantFrom('ASC', 'desc', 'DESC NULLS LAST')));
const optional = (arbitrary) => fc.option(arbitrary, { nil: undefined });
const options = fc.record({
  attributes: optional(fc.array(attribute, { minLength: 1, maxLength: 3 })),
  where: optional(condition),
  order: optional(fc.array(order, { maxLength: 2 })),
  group: optional(fc.array(fc.oneof(name, method), { maxLength: 2 })),
  having: optional(condition),
  limit: optional(fc.nat(2)),
  offset: optional(fc.nat(2)),
  tableAs: optional(name),
});

/** The result of `make`, or the message of the error that it throws. */
function outcome(make) {
  try {
    return make();
  } catch (error) {
    return { error: error.message };
  }
}

/** The plan of options, or undefined when they are refused. */
const planOf = (given, find) => {
  const plan = outcome(() => generator.selectPlan('Users', given, User, { find }));
  return plan.error === undefined ? plan : undefined;
};
const answer = (translations, plan) =>
  outcome(() => {
    const translation = translations.bound('select', plan.json);
    const { sql, find } = translation;
    return { sql, find, parameters: translation.parameters(plan.values) };
  });
const runs = { numRuns: 1500 };

test('a cached translation is that of the query, whatever was cached before it', () => {
  const remembered = new Translations({ entries: 50, size: 100_000 });
  let compared = 0;
  fc.assert(
    fc.property(options, fc.boolean(), (given, find) => {
      const plan = planOf(given, find);
      if (!plan) return;
      compared++;
      const fresh = answer(new Translations(), plan);
      expect(answer(remembered, plan)).toEqual(fresh);
      expect(answer(remembered, plan)).toEqual(fresh);
    }),
    runs,
  );
  // If most of the generated options were refused, little would be compared.
  expect(compared).toBeGreaterThan(runs.numRuns / 3);
});

test('a plan is the one JSON text of one object, so that two plans never have the same', () => {
  fc.assert(
    fc.property(options, (given) => {
      const plan = planOf(given);
      if (plan) expect(JSON.stringify(JSON.parse(plan.json))).toBe(plan.json);
    }),
    runs,
  );
});

test('names, aliases and literals stand in a plan as they were given', () => {
  fc.assert(
    fc.property(name, name, text, text, (column, alias, sql, found) => {
      const where = [{ [column]: found }, literal(sql)];
      const given = { attributes: [[column, alias]], where, order: [[column, 'DESC']], tableAs: alias };
      const plan = generator.selectPlan(column, given);
      // Half of a surrogate pair is no character that a statement could have.
      const [c, as, l] = [column, alias, sql].map((text) => text.toWellFormed());
      expect(JSON.parse(plan.json)).toEqual({
        from: [{ table: { name: c }, as }],
        columns: [{ e: { c }, as }],
        where: { and: [{ o: [{ c }, 'eq', { b: [0, 's'] }] }, { l }] },
        order: [{ e: { p: [c] }, dir: 'DESC', own: true }],
      });
      expect(plan.values).toEqual([found]);
    }),
    runs,
  );
});

test('what is selected, grouped or ordered by, and the arguments of functions have no bound values', () => {
  const INLINED = ['f', 'cast', 'columns', 'group', 'order'];
  const places = (node, isInlined) => {
    if (typeof node !== 'object' || node === null) return [];
    if (isInlined && Array.isArray(node.b)) return [node];
    return Object.entries(node).flatMap(([field, inner]) => places(inner, isInlined || INLINED.includes(field)));
  };
  fc.assert(
    fc.property(options, (given) => {
      const plan = planOf(given);
      if (plan) expect(places(JSON.parse(plan.json), false)).toEqual([]);
    }),
    runs,
  );
});

describe('values', () => {
  function compile(given) {
    const finder = { ...given };
    const plan = generator.selectPlan('Users', finder, User);
    const { statement, parameters } = generator.compile('select', plan, finder);
    return [statement, JSON.parse(parameters)];
  }

  test('of a shape that is known are those of the call', () => {
    const where = (age, name) => ({ attributes: ['id'], where: { age: { [Op.gt]: age }, name } });
    const [statement] = compile(where(1, 'a'));
    expect(compile(where(2, "it's"))).toEqual([statement, [2, "it's"]]);
    expect(compile(where(3.5, '$1'))).toEqual([statement, [3.5, '$1']]);
  });

  test.each([
    ['null', { name: null }, { name: 'a' }],
    ['the length of a list', { name: ['a'] }, { name: ['a', 'b'] }],
    ['an empty list', { name: [] }, { name: ['a'] }],
    ['the type beside a path', { meta: { k: 1 } }, { meta: { k: '1' } }],
    ['a word after IS', { active: { [Op.not]: true } }, { active: { [Op.not]: false } }],
    ['an argument', Sequelize.where(fn('left', col('name'), 1), 'a'), Sequelize.where(fn('left', col('name'), 2), 'a')],
  ])('that decide the text are in the shape: %s', (_, one, other) => {
    const [first] = compile({ attributes: ['id'], where: one });
    const [second] = compile({ attributes: ['id'], where: other });
    expect(first).not.toBe(second);
    expect(compile({ attributes: ['id'], where: one })[0]).toBe(first);
  });

  test('come in the order of the parameters where that is another one', () => {
    const given = (title, name) => ({
      attributes: ['id'],
      where: { name },
      include: [{ model: Task, as: 'tasks', where: { title }, required: true, attributes: ['id'] }],
      includeNames: ['tasks'],
    });
    for (const [title, name] of [
      ['t', 'n'],
      ['u', 'm'],
    ]) {
      const finder = given(title, name);
      User._conformIncludes(finder, User);
      User._expandIncludeAll(finder);
      User._validateIncludedElements(finder);
      const [statement, parameters] = compile(finder);
      expect(statement).toMatch(/"tasks"\."title" = \$1 .*WHERE "User"\."name" = \$2/);
      expect(parameters).toEqual([title, name]);
    }
  });

  test('of the user come before those of the plan, and number them on', () => {
    const given = (id, age) => ({ attributes: ['id'], where: [literal('"id" > $id'), { age }], bind: { id } });
    expect(compile(given(1, 2))).toEqual([expect.stringMatching(/"id" > \$1 AND .*"age" = \$2$/), [1, 2]]);
    expect(compile(given(3, 4))[1]).toEqual([3, 4]);
    const where = [literal('"id" > $id OR $other'), { age: 5 }];
    expect(compile({ attributes: ['id'], where, bind: { id: 1, other: true } })[1]).toEqual([1, true, 5]);
  });

  test('of inserts and updates are those of the call', () => {
    const insert = (row) => generator.insertQuery('Users', row, User.rawAttributes);
    const { query } = insert({ name: 'a', age: 1 });
    expect(insert({ name: 'b', age: 2 })).toEqual({ query, bind: ['b', 2] });
    expect(insert({ name: 'b', age: null }).query).not.toBe(query);
    const update = (row, id) => generator.updateQuery('Users', row, { id }, {}, User.rawAttributes);
    expect(update({ name: 'a' }, 1)).toEqual({ query: update({ name: 'b' }, 2).query, bind: ['a', 1] });
  });
});

describe('the cache', () => {
  const planNamed = (table) => JSON.stringify({ from: [{ table: { name: table } }] });

  test('has a limit of entries and of size', () => {
    for (const [limits, length] of [
      [{ entries: 10 }, 5],
      [{ size: 2000 }, 100],
    ]) {
      const translations = new Translations(limits);
      for (let i = 0; i < 200; i++) {
        translations.bound('select', planNamed(String(i).padEnd(length)));
        const { entries, size } = translations.extent;
        expect(entries).toBeLessThanOrEqual(2 * (limits.entries ?? Number.POSITIVE_INFINITY));
        expect(size).toBeLessThanOrEqual(2 * (limits.size ?? Number.POSITIVE_INFINITY));
      }
      expect(translations.extent.entries).toBeGreaterThan(2);
    }
  });

  test('keeps an entry as long as it is used', () => {
    const translations = new Translations({ entries: 10 });
    const used = translations.bound('select', planNamed('used'));
    const left = translations.bound('select', planNamed('left'));
    for (let i = 0; i < 100; i++) {
      translations.bound('select', planNamed(`t${i}`));
      expect(translations.bound('select', planNamed('used'))).toBe(used);
    }
    expect(translations.bound('select', planNamed('left'))).not.toBe(left);
  });

  test('does not keep a very long plan', () => {
    const translations = new Translations({ planSize: 100 });
    const long = planNamed('x'.repeat(100));
    expect(translations.bound('select', long).sql).toContain('xxx');
    expect(translations.extent.entries).toBe(0);
  });

  test('distinguishes the kinds of statement and the numbers of parameters before it', () => {
    const translations = new Translations();
    const named = '{"name":"t"}';
    expect(translations.bound('createSchema', named).sql).toBe('CREATE SCHEMA "t";');
    expect(translations.bound('createDatabase', named).sql).toBe('CREATE DATABASE "t";');
    const plan = '{"table":{"name":"t"},"where":{"o":[{"c":"a"},"eq",{"b":[0,"n"]}]}}';
    expect(translations.bound('delete', plan).sql).toBe('DELETE FROM "t" WHERE "a" = $1');
    expect(translations.bound('delete', plan, 3).sql).toBe('DELETE FROM "t" WHERE "a" = $4');
    expect(translations.bound('delete', plan).sql).toBe('DELETE FROM "t" WHERE "a" = $1');
  });

  test('binds a value that a statement uses twice to both parameters', () => {
    const plan = '{"table":{"name":"t"},"where":{"o":[{"c":"a"},"eq",{"b":[0,"n"]}]},"set":[["a",{"b":[0,"n"]}]]}';
    const translation = new Translations().bound('update', plan);
    expect(translation.sql).toBe('UPDATE "t" SET "a"=$1 WHERE "a" = $2');
    expect(translation.parameters([7])).toEqual([7, 7]);
  });

  test('distinguishes plans that differ in one character', () => {
    const alike = [...'abc'].map((letter) => planNamed(`${'x'.repeat(100)}${letter}${'x'.repeat(600)}`));
    const translations = new Translations();
    const all = alike.map((plan) => translations.bound('select', plan));
    for (const [i, translation] of all.entries()) {
      expect(translation.sql).toBe(translate('select', alike[i]).sql);
      expect(translations.bound('select', alike[i])).toBe(translation);
    }
  });

  test('does not keep a failure', () => {
    const translations = new Translations();
    const plan = '{"table":{"name":"t"},"set":[]}';
    for (let i = 0; i < 2; i++) expect(() => translations.bound('update', plan)).toThrow('at least one column');
    expect(translations.extent.entries).toBe(0);
  });
});
