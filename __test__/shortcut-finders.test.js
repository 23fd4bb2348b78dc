'use strict';

// The shorter ways of Sequelize's finders and counts (`sequelize/shortcuts/`): they ask the QueryInterface for the same as
// Sequelize's own methods do, and give way to these when somebody would notice.

const { AsyncLocalStorage } = require('node:async_hooks');
const { isDeepStrictEqual } = require('node:util');

const { defineModels, open } = require('./helpers/shortcut-models.js');
const { lib } = require('./helpers/sequelize.js');

const { DataTypes, Model, Op, Sequelize, col, fn, literal } = lib;

let sequelize;
let models;

beforeAll(async () => {
  sequelize = open();
  models = await defineModels(sequelize);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => sequelize.close());

/** What a call answers or throws, what it asks the QueryInterface for, and how often `leftOut` is called. */
async function outcomeOf(work, leftOut) {
  const { queryInterface } = sequelize;
  const asked = [];
  for (const method of ['select', 'rawSelect']) {
    const original = queryInterface[method];
    jest.spyOn(queryInterface, method).mockImplementation(function ask(...args) {
      asked.push([method, ...args.map((arg) => (arg instanceof Model ? arg.get() : arg)).map(copied)]);
      return original.apply(this, args);
    });
  }
  leftOut?.();
  let answer;
  try {
    answer = await work(models);
  } catch (error) {
    answer = { name: error.name, message: error.message };
  }
  jest.restoreAllMocks();
  return { asked, answer: JSON.parse(JSON.stringify(answer ?? null)) };
}

/** An argument as it is at the time of the call. The name of a table in a schema has a method. */
function copied(arg) {
  if (Object.getPrototypeOf(arg ?? 1) !== Object.prototype) return arg;
  return arg.tableName ? String(arg) : { ...arg };
}

/** Calls both ways. In the place of a method that the shorter way leaves out is another one then. */
async function expectSame(work) {
  const leftOut = jest.fn();
  const count = (owner, name) => {
    const original = owner[name];
    jest.spyOn(owner, name).mockImplementation(function counted(...args) {
      leftOut();
      return original.apply(this, args);
    });
  };
  const ours = await outcomeOf(work);
  const theirs = await outcomeOf(work, () => count(Model, '_injectScope'));
  expect(leftOut).toHaveBeenCalled();
  expect(ours.answer).toEqual(theirs.answer);
  // Includes refer to each other and to all models, so that a difference would be too long to be shown.
  expect(isDeepStrictEqual(ours.asked, theirs.asked)).toBe(true);
  return ours;
}

/** By what they ask for: finders that take the shorter way, and others. */
const FINDERS = {
  findAll: ({ User }) => User.findAll(),
  'findAll with options': ({ User }) =>
    User.findAll({ where: { age: { [Op.gt]: 20 } }, order: [['age', 'DESC']], limit: 1, offset: 1 }),
  'findAll with attributes': ({ User }) => User.findAll({ attributes: ['name', ['age', 'years']] }),
  'findAll without an attribute': ({ User }) => User.findAll({ attributes: { exclude: ['age'] } }),
  'findAll with another attribute': ({ User }) =>
    User.findAll({ attributes: { include: [[literal('age + 1'), 'next']] } }),
  'findAll with a document in its condition': ({ User }) => User.findAll({ where: { settings: { i: 1 } } }),
  'findAll with a literal': ({ User }) => User.findAll({ where: literal('age = 21') }),
  'findAll, raw': ({ User }) => User.findAll({ raw: true }),
  'findAll without hooks': ({ User }) => User.findAll({ hooks: false }),
  'findAll with renamed attributes': ({ Renamed }) => Renamed.findAll({ where: { firstName: ['Ada', 'Grace'] } }),
  'findAll with nested conditions': ({ Renamed }) =>
    Renamed.findAll({ where: { [Op.or]: [{ firstName: 'Ada' }, { firstName: { [Op.like]: 'G%' } }] } }),
  'findAll with a virtual attribute': ({ Renamed }) => Renamed.findAll({ attributes: ['loud'] }),
  'findAll with destroyed rows': ({ Renamed }) => Renamed.findAll({ paranoid: false }),
  'findAll without a primary key': ({ Keyless }) => Keyless.findAll(),
  'findAll without a scope': ({ Unscoped }) => Unscoped.findAll(),
  'findAll with a group': ({ User }) => User.findAll({ attributes: ['age'], group: 'age', order: ['age'] }),
  findOne: ({ User }) => User.findOne({ order: ['age'] }),
  'findOne without options': ({ User }) => User.findOne(),
  'findOne by a unique column': ({ User }) => User.findOne({ where: { email: 'Ada@example.org' } }),
  'findOne by its key': ({ User }) => User.findOne({ where: { id: 2 } }),
  'findOne by a list of keys': ({ User }) => User.findOne({ where: { id: [1, 2] } }),
  'findOne that is not plain': ({ User }) => User.findOne({ plain: false, limit: 2 }),
  'findOne by a literal': ({ User }) => User.findOne({ where: literal('age = 21') }),
  'findOne that is not there': ({ User }) => User.findOne({ where: { age: 1 } }),
  findByPk: ({ User }) => User.findByPk(1),
  'findByPk of a text': ({ User }) => User.findByPk('2', { attributes: ['name'] }),
  'findByPk of a bigint': ({ User }) => User.findByPk(3n),
  'findByPk with null for options': ({ User }) => User.findByPk(1, null),
  'findByPk that is not there': ({ User }) => User.findByPk(99),
  'findByPk of a destroyed row': ({ Renamed }) => Renamed.findByPk(2),
  'findByPk of bytes': ({ User }) => User.findByPk(Buffer.from('1')),
  count: ({ User }) => User.count(),
  'count with a condition': ({ Renamed }) => Renamed.count({ where: { firstName: ['Ada', 'Grace'] }, paranoid: false }),
  'count of a column': ({ User }) => User.count({ col: 'email', order: ['age'], limit: 1 }),
  'count of what is different': ({ User }) => User.count({ distinct: true }),
  'count of different values': ({ Renamed }) => Renamed.count({ distinct: true, col: 'firstName' }),
  findAndCountAll: ({ User }) => User.findAndCountAll({ where: { age: { [Op.gt]: 20 } }, limit: 1, order: ['id'] }),
};

/** Finders and counts with includes. */
const INCLUDES = {
  'findAll with an include': ({ User }) => User.findAll({ include: 'keys' }),
  'findAll with an include without one attribute': ({ User }) =>
    User.findAll({ attributes: ['name'], include: { association: 'keys', attributes: ['name'] } }),
  'findAll with an include and a limit': ({ User }) => User.findAll({ include: 'keys', limit: 2, order: ['id'] }),
  'findAll with an include that must be there': ({ User }) =>
    User.findAll({ include: { association: 'keys', required: true, where: { name: 'one' } } }),
  'findAll with the same include twice': ({ User, Keyed }) =>
    User.findAll({
      include: [
        { model: Keyed, as: 'keys', where: { name: 'one' }, required: false },
        { model: Keyed, as: 'keys', attributes: ['name'] },
      ],
    }),
  'findAll with all includes': ({ Keyed }) => Keyed.findAll({ include: { all: true } }),
  'findAll with no includes': ({ User }) => User.findAll({ include: [] }),
  'findAll with nested includes': ({ User }) =>
    User.findAll({ include: { association: 'keys', include: [{ association: 'owner', include: ['many'] }] } }),
  'findAll with a separate include': ({ User }) =>
    User.findAll({ include: { association: 'keys', separate: true, order: ['code'] } }),
  'findAll with a separate include below another': ({ Keyed }) =>
    Keyed.findAll({ include: { association: 'owner', include: { association: 'keys', separate: true } } }),
  'findAll with an include of a model with renamed attributes': ({ User }) =>
    User.findAll({ include: { association: 'many', where: { firstName: 'Ada' }, required: false } }),
  'findAll with an include of a model with a scope': ({ User }) => User.findAll({ include: 'scoped' }),
  'findAll of groups with an include': ({ User }) =>
    User.findAll({
      attributes: [[fn('count', col('keys.code')), 'number']],
      include: { association: 'keys', attributes: [] },
      group: ['User.id'],
      raw: true,
    }),
  'findOne with an include': ({ User }) => User.findOne({ include: 'keys', order: ['id'] }),
  'findByPk with an include': ({ User }) => User.findByPk(1, { include: ['keys', 'many'] }),
  'count with an include': ({ User }) => User.count({ include: { association: 'keys', required: true } }),
  'count of what is different with an include': ({ User }) => User.count({ include: 'keys', distinct: true }),
  'count of a column with an include': ({ User }) => User.count({ include: 'keys', distinct: true, col: 'age' }),
  'findAndCountAll with an include': ({ User }) =>
    User.findAndCountAll({ include: { association: 'keys', where: { name: 'one' } }, limit: 1, order: ['id'] }),
};

/** Calls that ask for more. */
const OTHERS = {
  'count of groups': ({ User }) => User.count({ group: 'age' }),
  'count with a default scope': ({ Scoped }) => Scoped.count(),
  sum: ({ User }) => User.sum('age'),
  'findAll with a default scope': ({ Scoped }) => Scoped.findAll(),
  'findAll with a default scope and a condition': ({ Scoped }) => Scoped.findAll({ where: { id: 1 } }),
  'findAll with a default scope and the same condition': ({ Scoped }) => Scoped.findAll({ where: { name: 'Grace' } }),
  'findAll with a scope that includes': ({ Owned }) => Owned.findAll(),
  'findAll with scopes': ({ Several }) => Several.findAll({ include: ['owner'] }),
  'findAll with a scope that limits': ({ Last }) => Last.findAll(),
  'findAll with a scope that groups': ({ Many }) => Many.findAll({ order: ['name'] }),
  'findAll with a scope that wants rows': ({ Wanted }) => Wanted.findAll({ where: { id: 99 } }),
  'findByPk with a default scope': ({ Scoped }) => Scoped.findByPk(2),
  'findByPk with a scope that includes': ({ Owned }) => Owned.findByPk(2, { include: 'owner' }),
  'count with a scope that includes': ({ Owned }) => Owned.count({ where: { id: [1, 2] } }),
  'count with a scope of attributes': ({ Short }) => Short.count({ distinct: true }),
  'count with a scope that limits': ({ Last }) => Last.count(),
  'count with a scope that groups': ({ Many }) => Many.count(),
  'findAndCountAll with a default scope': ({ Scoped }) => Scoped.findAndCountAll({ limit: 1 }),
  'findAll with a scope': ({ Short }) => Short.findAll({ where: { name: 'Grace' } }),
  'findOne with a default scope': ({ Scoped }) => Scoped.findOne(),
  'findOne of nothing that must be there': ({ User }) => User.findOne({ where: { age: 1 }, rejectOnEmpty: true }),
  'findOne of a model whose rows must be there': ({ Needed }) => Needed.findOne(),
  'findAll of a model whose rows must be there': ({ Needed }) => Needed.findAll({ rejectOnEmpty: false }),
};

/** Calls that are refused before any of the methods is called. */
const REFUSED = {
  'findAll of a number': ({ User }) => User.findAll(5),
  'findAll of null': ({ User }) => User.findAll(null),
  'findAll with a text for attributes': ({ User }) => User.findAll({ attributes: 'name' }),
  'findOne of a number': ({ User }) => User.findOne(5),
  'findOne of null': ({ User }) => User.findOne(null),
  'findByPk of an object': ({ User }) => User.findByPk({ id: 1 }),
  'findByPk of nothing': ({ User }) => User.findByPk(undefined),
};

describe('a finder asks for the same as that of Sequelize', () => {
  test.each(Object.keys({ ...FINDERS, ...OTHERS }))('%s', async (name) => {
    const { asked } = await expectSame((all) => ({ ...FINDERS, ...OTHERS })[name](all));
    expect(asked).toHaveLength(name.startsWith('findAndCountAll') ? 2 : 1);
  });

  test.each(Object.keys(INCLUDES))('%s', async (name) => {
    const { asked, answer } = await expectSame(INCLUDES[name]);
    expect(asked.length).toBeGreaterThan(0);
    expect(answer.message).toBeUndefined();
  });

  test.each(Object.keys(FINDERS))('without what it does not need: %s', async (name) => {
    const clone = jest.spyOn(Sequelize.Utils, 'cloneDeep');
    await FINDERS[name](models);
    // The condition is still copied where names have to be changed. A literal says nothing about the number of rows.
    if (!/nested|renamed|findOne by a literal|findAndCountAll|count with|different values/.test(name))
      expect(clone).not.toHaveBeenCalled();
  });

  test.each(Object.keys(REFUSED))('or is refused as there: %s', async (name) => {
    let refusal;
    try {
      refusal = { answer: await REFUSED[name](models) };
    } catch ({ name: errorName, message }) {
      refusal = { errorName, message };
    }
    jest.spyOn(Model, 'runHooks');
    const theirs = await REFUSED[name](models).then(
      (answer) => ({ answer }),
      ({ name: errorName, message }) => ({ errorName, message }),
    );
    expect(refusal).toEqual(theirs);
  });

  test('and leaves its options as they are', async () => {
    const options = { where: { name: 'Ada' }, attributes: ['name'], order: [['name', 'ASC']] };
    const before = structuredClone(options);
    await models.User.findAll(options);
    await models.User.findOne(options);
    await models.User.findByPk(1, options);
    await models.Renamed.findAll({ where: Object.freeze({ firstName: 'Ada' }) });
    expect(options).toEqual(before);
  });
});

describe('what is in the place of a method is called', () => {
  test.each(['findAll', 'findOne', 'runHooks', '_injectScope'])(
    'when a model has a method %s of its own',
    async (name) => {
      const own = jest.spyOn(models.User, name);
      expect((await models.User.findByPk(1)).name).toBe('Ada');
      expect(own).toHaveBeenCalled();
    },
  );

  test('when it is a method of the QueryInterface', async () => {
    const select = jest.spyOn(sequelize.queryInterface, 'select');
    await models.User.findByPk(1);
    expect(select).toHaveBeenCalledTimes(1);
  });

  test.each(['beforeFind', 'beforeFindAfterExpandIncludeAll', 'beforeFindAfterOptions', 'afterFind'])(
    'when it is a hook: %s',
    async (name) => {
      const hook = jest.fn();
      models.User.addHook(name, 'watched', hook);
      await models.User.findByPk(1);
      await models.User.findByPk(1, { hooks: false });
      models.User.removeHook(name, 'watched');
      await models.User.findByPk(1);
      expect(hook).toHaveBeenCalledTimes(1);
      sequelize.addHook(name, 'watched', hook);
      await models.User.findAll();
      sequelize.removeHook(name, 'watched');
      expect(hook).toHaveBeenCalledTimes(2);
    },
  );
});

test('a transaction of a CLS namespace is that of a finder', async () => {
  const storage = new AsyncLocalStorage();
  Sequelize.useCLS({
    bind: (work) => work,
    run: (work) => storage.run(new Map(), () => work(storage.getStore())),
    get: (key) => storage.getStore()?.get(key),
    set: (key, value) => storage.getStore()?.set(key, value),
  });
  try {
    await sequelize.transaction(async () => {
      await models.User.create({ name: 'Alonzo', email: 'alonzo@example.org' });
      expect(await models.User.findOne({ where: { name: 'Alonzo' } })).not.toBeNull();
      throw new Error('undone');
    });
  } catch (error) {
    expect(error.message).toBe('undone');
  } finally {
    delete Sequelize._cls;
  }
  expect(await models.User.findOne({ where: { name: 'Alonzo' } })).toBeNull();
});

test('a model warns about attributes among its options', async () => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
  await models.User.findAll({ email: 'Ada' });
  expect(warn.mock.calls.join()).toMatch(/Model attributes \(email\) passed into finder method options/);
});

test('models of other dialects are left to Sequelize', async () => {
  const other = new Sequelize({
    dialect: 'sqlite',
    storage: ':memory:',
    dialectModule: { Database: class {} },
    logging: false,
  });
  const User = other.define('User', { name: DataTypes.STRING });
  const select = jest.spyOn(other.getQueryInterface(), 'select').mockResolvedValue([]);
  const conform = jest.spyOn(User, '_injectScope');
  expect(await User.findAll()).toEqual([]);
  expect(select).toHaveBeenCalledTimes(1);
  expect(conform).toHaveBeenCalledTimes(1);
});
