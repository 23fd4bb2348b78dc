'use strict';

// The shorter ways of saving (`sequelize/shortcuts/`): they ask the QueryInterface for the same as Sequelize's own methods do,
// leave the same in the instance, and give way to these methods when somebody would notice.

const { AsyncLocalStorage } = require('node:async_hooks');

const { described } = require('./helpers/described.js');
const { defineModels, open } = require('./helpers/shortcut-models.js');
const { internal, lib } = require('./helpers/sequelize.js');

const { DataTypes, Model, Sequelize, Utils, literal } = lib;

let sequelize;
let models;

beforeAll(async () => {
  sequelize = open();
  models = await defineModels(sequelize);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => sequelize.close());

/** An argument as it is at the time of the call. The name of a table in a schema has a method. */
function copied(arg) {
  if (Object.getPrototypeOf(arg ?? 1) !== Object.prototype) return arg;
  return arg.tableName ? String(arg) : { ...arg };
}

/** By what they do: ways to save an instance that take the shorter way. */
const SAVES = {
  create: ({ User }) => User.create({ name: 'Alonzo', age: 36 }),
  'create of nothing': ({ User }) => User.create({}),
  'create with defaults': ({ Checked }) => Checked.create({ name: 'Ada' }, { validate: false }),
  'create with a virtual attribute': ({ Checked }) =>
    Checked.create({ loud: 'Ada', isGood: true }, { validate: false }),
  'create with renamed attributes': ({ Renamed }) => Renamed.create({ firstName: 'Alonzo' }),
  'create of some fields': ({ User }) => User.create({ name: 'Alonzo', age: 36 }, { fields: ['name'] }),
  'create with a literal': ({ User }) => User.create({ name: literal("'Al' || 'onzo'"), age: literal('1 + 1') }),
  'create with a document': ({ User }) => User.create({ settings: { a: [1, { b: null }] } }),
  'create with a null': ({ User }) => User.create({ name: null, age: null }),
  'create without a key': ({ Keyless }) => Keyless.create({ name: 'c' }),
  'create with a key by default': ({ Keyed }) => Keyed.create({ name: 'c' }),
  'create with a key by default and fields': ({ Keyed }) => Keyed.create({ name: 'c' }, { fields: ['name'] }),
  'create with a time of its own': ({ User }) => User.create({ createdAt: new Date(5), updatedAt: new Date(6) }),
  'create, raw': ({ User }) => User.create({ name: 'Alonzo' }, { raw: true }),
  'create without what comes back': ({ User }) => User.create({ name: 'Alonzo' }, { returning: false }),
  'create that fails': ({ User }) => User.create({ email: 'Ada@example.org' }),
  'save of a new instance': ({ User }) => User.build({ name: 'Alonzo' }).save(),
  'save of null': ({ User }) => User.build({ name: 'Alonzo' }).save(null),
  'save of a new instance once more': async ({ User }) => (await User.build({ name: 'Alonzo' }).save()).save(),
  'save of a change': async ({ User }) => (await User.findByPk(1)).set({ age: 50, name: 'Ada L.' }).save(),
  'save of one field': async ({ User }) =>
    (await User.findByPk(1)).set({ age: 50, name: 'A' }).save({ fields: ['age'] }),
  'save of no change': async ({ User }) => (await User.findByPk(1)).save(),
  'save of a field that did not change': async ({ User }) => (await User.findByPk(1)).save({ fields: ['age'] }),
  'save of a virtual attribute': async ({ Renamed }) =>
    (await Renamed.create({ firstName: 'Al' }, { timestamps: false })).set({ loud: 'X' }).save({ fields: ['loud'] }),
  'save without a key': async ({ User }) => (await User.findOne({ attributes: ['name'] })).set({ age: 1 }).save(),
  'save of a renamed attribute': async ({ Renamed }) => (await Renamed.findByPk(1)).set('firstName', 'A').save(),
  update: async ({ User }) => (await User.findByPk(1)).update({ age: 51 }),
  'update to what it is': async ({ User }) => (await User.findByPk(1)).update({ age: 20 }),
  'update of a document': async ({ User }) => (await User.findByPk(1)).update({ 'settings.i': 7 }),
  'update with a literal': async ({ User }) => (await User.findByPk(1)).update({ age: literal('age + 1') }),
  'update of a row that is gone': async ({ User }) => {
    const user = await User.findByPk(1);
    await user.destroy();
    return user.update({ age: 3 });
  },
  'update to undefined': async ({ User }) => (await User.findByPk(1)).update({ age: undefined, name: 'A' }),
  'update of some fields': async ({ User }) =>
    (await User.findByPk(1)).update({ age: 1, name: 'A' }, { fields: ['age'] }),
  'update after a change': async ({ User }) => (await User.findByPk(1)).set('name', 'B').update({ age: 1 }),
  'update of rows': ({ User }) => User.update({ age: 60 }, { where: { name: ['Ada', 'Alan'] } }),
  'update of rows that come back': ({ User }) => User.update({ age: 60 }, { where: { id: 1 }, returning: true }),
  'update of rows by a literal': ({ User }) => User.update({ age: literal('age + 1') }, { where: { id: 1 } }),
  'update of some fields of rows': ({ User }) =>
    User.update({ age: 60, name: 'A' }, { where: { id: 1 }, fields: ['age'] }),
  'update of nothing of rows': ({ User }) => User.update({ age: undefined }, { where: { id: 1 } }),
  'update of renamed attributes of rows': ({ Renamed }) =>
    Renamed.update({ firstName: 'A' }, { where: { firstName: 'Ada' } }),
  'update of rows without sideEffects': ({ User }) =>
    User.update({ age: 60, other: 1 }, { where: { id: 1 }, sideEffects: false }),
  'silent update of rows': ({ User }) => User.update({ age: 60 }, { where: { id: 1 }, silent: true }),
  'update of rows without hooks': ({ User }) => User.update({ age: '60' }, { where: { id: 1 }, hooks: false }),
  'update of rows with a document': ({ User }) =>
    User.update({ settings: { i: [1] } }, { where: { settings: { i: 0 } } }),
  'update of rows with a setter': ({ Checked }) =>
    Checked.update({ loud: 'up' }, { where: { kind: 'usual' }, validate: false }),
  'update of a row that is taken': ({ User }) => User.update({ email: 'Ada@example.org' }, { where: { id: 2 } }),
  'upsert of a row that is there': ({ User }) => User.upsert({ id: 1, name: 'A', age: 5 }),
  'upsert of a new row': ({ User }) => User.upsert({ name: 'New', email: 'new@example.org' }),
  'upsert of some fields': ({ User }) => User.upsert({ id: 1, name: 'A', age: 5 }, { fields: ['age'] }),
  'upsert by a unique column': ({ User }) =>
    User.upsert({ email: 'Ada@example.org', age: 7 }, { conflictFields: ['email'] }),
  'upsert of a renamed attribute': ({ Renamed }) => Renamed.upsert({ id: 1, firstName: 'A' }),
  'upsert with a key by default': ({ Keyed }) => Keyed.upsert({ name: 'c' }),
  'upsert with a null': ({ User }) => User.upsert({ id: 1, name: null }, null),
  'upsert without what comes back': ({ User }) => User.upsert({ id: 1, name: 'A' }, { returning: false }),
  'upsert with a virtual attribute': ({ Checked }) => Checked.upsert({ id: 1, loud: 'Ada' }, { validate: false }),
  'destroy of a row that stays': async ({ Renamed }) => (await Renamed.findByPk(1)).destroy(),
  'save within a time of its own': ({ Dated }) => Dated.create({ name: 'Ada' }, { validate: false }),
};

const range = (count, row) => Array.from({ length: count }, (_, i) => row(i));
const named = (i) => ({ name: `User ${i}`, email: `user${i}@example.org`, age: i });

/** Ways to create several rows that take the shorter way. */
const CREATIONS = {
  'one row': ({ User }) => User.bulkCreate([{ name: 'Alonzo', age: 36 }]),
  rows: ({ User }) => User.bulkCreate(range(3, named)),
  'enough rows for a function of their own': ({ User }) => User.bulkCreate(range(60, named)),
  'rows of several kinds': ({ User }) =>
    User.bulkCreate([{ name: 'a' }, { age: 1, name: 'b' }, { name: 'c', age: 2 }, {}, { age: 3, name: 'd' }]),
  'rows with keys': ({ User }) => User.bulkCreate([{ id: 70, name: 'a' }, { name: 'b' }, { id: null, name: 'c' }]),
  'rows with nulls': ({ User }) => User.bulkCreate([{ name: null, age: null, settings: null }, { name: 'b' }]),
  'rows with literals': ({ User }) =>
    User.bulkCreate([
      { name: literal("'Al'"), age: literal('1 + 1') },
      { name: literal("'Al'"), age: 2 },
    ]),
  'rows with documents': ({ User }) => User.bulkCreate([{ settings: { a: [1, { b: null }] } }, { settings: [] }]),
  'rows with what is no attribute': ({ User }) => User.bulkCreate([{ name: 'a', other: 1 }, { toString: 2 }]),
  'rows with defaults': ({ Made }) => Made.bulkCreate([{ name: 'a' }, { name: 'b', count: 1 }, { place: null }]),
  'rows with every value': ({ Made }) =>
    Made.bulkCreate([
      { name: 'a', isGood: 'false', day: '2024-02-29', at: '2024-02-29T13:14:15Z', real: '1.5', amount: 2.5 },
      { name: 5, isGood: 1, day: new Date(0), at: new Date(5), real: 1 / 3, amount: '2.50', big: 2n ** 60n },
      { name: '', isGood: null, day: null, at: null, real: Number.NaN, amount: null, big: '12' },
    ]),
  'rows with virtual attributes': ({ Made }) => Made.bulkCreate([{ name: 'a', virtual: { b: 1 } }]),
  'rows with a key by default': ({ Keyed }) => Keyed.bulkCreate([{ code: 'x', name: 'c' }, { name: 'd' }]),
  'rows with renamed attributes': ({ Renamed }) => Renamed.bulkCreate([{ firstName: 'a' }, { firstName: 'b' }]),
  'rows without a key': ({ Keyless }) => Keyless.bulkCreate([{ name: 'c' }, {}]),
  'some fields': ({ User }) => User.bulkCreate(range(3, named), { fields: ['name', 'age'] }),
  'some fields with a time': ({ User }) =>
    User.bulkCreate([{ name: 'a', createdAt: new Date(5) }, { name: 'b' }], { fields: ['name'] }),
  'rows with times of their own': ({ User }) =>
    User.bulkCreate([{ name: 'a', createdAt: new Date(5) }, { updatedAt: new Date(6) }]),
  'rows without what comes back': ({ User }) => User.bulkCreate(range(3, named), { returning: false }),
  'rows of which some columns come back': ({ Renamed }) =>
    Renamed.bulkCreate([{ firstName: 'a' }, { firstName: 'b' }], { returning: ['id', 'firstName'] }),
  'rows that fail': ({ User }) => User.bulkCreate([{ name: 'a' }, { email: 'Ada@example.org' }]),
  'no rows': ({ User }) => User.bulkCreate([]),
};

/** Ways to create several rows of which Sequelize builds some. */
const OTHER_CREATIONS = {
  'rows with undefined': ({ User }) => User.bulkCreate([{ name: undefined, age: 1 }, { age: undefined }]),
  'rows without a time': ({ User }) =>
    User.bulkCreate(
      [
        { name: 'a', createdAt: null },
        { name: 'b', createdAt: new Date(5) },
      ],
      { fields: ['name'] },
    ),
  'rows with a default of a time': ({ Dated }) => Dated.bulkCreate([{ name: 'a' }, { name: 'b' }]),
  'rows with a default that is undefined': ({ Loose }) => Loose.bulkCreate([{ name: 'a' }, { name: 'b', empty: 1 }]),
  'rows with a setter': ({ Checked }) => Checked.bulkCreate([{ loud: 'ada' }, { name: 'b' }]),
  'rows with a path into a document': ({ User }) => User.bulkCreate([{ settings: {}, 'settings.at': 2 }]),
  'rows with a validator': ({ Checked }) => Checked.bulkCreate([{ name: 'A', note: 'LOW' }]),
  'rows of instances': ({ User }) => User.bulkCreate([User.build({ name: 'a' }), { name: 'b' }]),
  'rows of a class with a field': ({ WithField }) => WithField.bulkCreate([{ name: 'a' }]),
  'rows that are validated': ({ Checked }) => Checked.bulkCreate([{ name: 'Ada' }], { validate: true }),
  'rows that are not valid': ({ Checked }) => Checked.bulkCreate([{ name: 'A' }], { validate: true }),
  'rows with hooks of their own': ({ User }) => User.bulkCreate(range(2, named), { individualHooks: true }),
  'rows that may be there': ({ User }) => User.bulkCreate([{ id: 1, name: 'a' }], { ignoreDuplicates: true }),
  'rows that are updated': ({ User }) => User.bulkCreate([{ id: 1, name: 'a' }], { updateOnDuplicate: ['name'] }),
  'rows with an include': ({ User }) => User.bulkCreate([{ name: 'A', keys: [{ name: 'k' }] }], { include: 'keys' }),
};

/** Ways to save an instance that need more. */
const OTHER_SAVES = {
  'create with a validator': ({ Checked }) => Checked.create({ name: 'Ada', note: 'low' }),
  'create that is not valid': ({ Checked }) => Checked.create({ name: 'A', note: 'LOW' }),
  'create without what may not be null': ({ Checked }) => Checked.create({ note: null }),
  'create with an object for a text': ({ User }) => User.create({ name: { first: 'Ada' } }),
  'create with a validator of the whole': ({ Whole }) => Whole.create({ low: 1, high: 2 }),
  'create of a whole that is not valid': ({ Whole }) => Whole.create({ low: 3, high: 2 }),
  'create with a validator of a timestamp': ({ Dated }) => Dated.create({ name: 'Ada' }),
  'create with a version': ({ Versioned }) => Versioned.create({ name: 'Ada' }),
  'update with a version': async ({ Versioned }) => (await Versioned.create({ name: 'Ada' })).update({ name: 'B' }),
  'create with an include': ({ User }) => User.create({ name: 'A', keys: [{ name: 'k' }] }, { include: 'keys' }),
  'silent update': async ({ User }) => (await User.findByPk(1)).update({ age: 51 }, { silent: true }),
  'update of a whole': async ({ Whole }) => (await Whole.create({ low: 1, high: 2 })).update({ low: 0 }),
  'update of a whole to what is not valid': async ({ Whole }) =>
    (await Whole.create({ low: 1, high: 2 })).update({ low: 9 }),
  'save of a whole in its fields': async ({ Whole }) =>
    (await Whole.create({ low: 1, high: 2 })).set('low', 0).save({ fields: ['low'] }),
  'update of a validated attribute': async ({ Checked }) =>
    (await Checked.create({ name: 'Ada' })).update({ name: 'B' }),
  'update of rows to what is not valid': ({ Checked }) => Checked.update({ name: 'A' }, { where: { id: 1 } }),
  'update of rows to what is valid': ({ Checked }) => Checked.update({ name: 'Ada' }, { where: { kind: 'usual' } }),
  'update of rows to null': ({ Checked }) => Checked.update({ name: null }, { where: { id: 1 } }),
  'update of rows with a version': ({ Versioned }) => Versioned.update({ name: 'A' }, { where: { id: 1 } }),
  'update of rows without a condition': ({ User }) => User.update({ age: 1 }, {}),
  'update of rows by a list of conditions': ({ User }) => User.update({ age: 1 }, { where: [{ id: 1 }] }),
  'update of rows with a default scope': ({ Scoped }) => Scoped.update({ name: 'A' }, { where: { id: [1, 2] } }),
  'update of rows with a default scope and the same condition': ({ Scoped }) =>
    Scoped.update({ name: 'A' }, { where: { name: 'Grace' } }),
  'update of rows with a scope that limits': ({ Last }) => Last.update({ name: 'A' }, { where: { id: [1, 2] } }),
  'update of rows with a scope': ({ Scoped }) => Scoped.update({ name: 'A' }, { where: {} }),
  'update of a part of a document of rows': ({ User }) => User.update({ 'settings.i': 1 }, { where: { id: 1 } }),
  'upsert of what is not valid': ({ Checked }) => Checked.upsert({ id: 1, name: 'A' }),
  'upsert of what is valid': ({ Checked }) => Checked.upsert({ id: 1, name: 'Ada' }),
  'create that skips an attribute': ({ Checked }) => Checked.create({ name: 'A' }, { skip: ['name'] }),
};

describe('saving an instance writes the same as Sequelize does', () => {
  const isShared = (value) => value === sequelize || value instanceof DataTypes.ABSTRACT;

  /** What a call writes and leaves in its instance, in a transaction that is undone. */
  async function saved(work, leftOut) {
    const { queryInterface } = sequelize;
    const written = [];
    for (const method of ['insert', 'bulkInsert', 'update', 'bulkUpdate', 'upsert']) {
      const original = queryInterface[method];
      jest.spyOn(queryInterface, method).mockImplementation(function write(...args) {
        const options = args.find((arg) => arg?.logging !== undefined || arg?.hooks !== undefined);
        const rest = args.filter((arg) => arg !== options && !(arg instanceof Model));
        const { transaction: _, instance: _instance, ...others } = options;
        written.push(described([method, ...rest, others].map(copied), isShared));
        return original.apply(this, args);
      });
    }
    leftOut?.();
    let answer;
    const undone = new Error('undone');
    try {
      await inOneTransaction(async () => {
        answer = await work(models).then(
          (instance) => described(instance, isShared),
          ({ name, message, errors }) => ({ name, message, errors: errors?.map((error) => error.message) }),
        );
        throw undone;
      });
    } catch (error) {
      if (error !== undone) throw error;
    }
    jest.restoreAllMocks();
    return { written, answer };
  }

  async function inOneTransaction(work) {
    const storage = new AsyncLocalStorage();
    Sequelize.useCLS({
      bind: (bound) => bound,
      run: (run) => storage.run(new Map(), () => run(storage.getStore())),
      get: (key) => storage.getStore()?.get(key),
      set: (key, value) => storage.getStore()?.set(key, value),
    });
    try {
      await sequelize.transaction(work);
    } finally {
      delete Sequelize._cls;
    }
  }

  beforeEach(() => {
    const real = ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'];
    const timers = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'];
    jest.useFakeTimers({ now: 1_700_000_000_000, doNotFake: [...real, ...timers] });
  });
  afterEach(() => jest.useRealTimers());

  /** Puts functions in the place of methods that the shorter ways leave out, so that Sequelize's own are taken. */
  function watch() {
    for (const [owner, name] of [
      [Model, 'runHooks'],
      [Model.prototype, 'changed'],
    ]) {
      const original = owner[name];
      jest.spyOn(owner, name).mockImplementation(function watched(...args) {
        return original.apply(this, args);
      });
    }
  }

  test.each(Object.keys({ ...SAVES, ...OTHER_SAVES }))('%s', async (name) => {
    const work = { ...SAVES, ...OTHER_SAVES }[name];
    const ours = await saved(work);
    expect(ours).toEqual(await saved(work, watch));
  });

  test.each(Object.keys(SAVES))('without what it does not need: %s', async (name) => {
    const { InstanceValidator } = internal('instance-validator.js');
    const validate = jest.spyOn(InstanceValidator.prototype, 'validate');
    await saved(SAVES[name], undefined);
    expect(validate).not.toHaveBeenCalled();
  });

  test.each(Object.keys({ ...CREATIONS, ...OTHER_CREATIONS }))('bulkCreate of %s', async (name) => {
    const work = { ...CREATIONS, ...OTHER_CREATIONS }[name];
    const ours = await saved(work);
    expect(ours).toEqual(await saved(work, watch));
  });

  test.each(Object.keys(CREATIONS))('without a look at each attribute: bulkCreate of %s', async (name) => {
    const { mapValueFieldNames } = Utils;
    let looks = 0;
    const look = () =>
      jest.spyOn(Utils, 'mapValueFieldNames').mockImplementation((...args) => {
        looks++;
        return mapValueFieldNames(...args);
      });
    await saved(CREATIONS[name], look);
    expect(looks).toBe(0);
    await saved(OTHER_CREATIONS['rows with undefined'], look);
    expect(looks).toBeGreaterThan(0);
  });

  test('and leaves its options as they are', async () => {
    const options = { fields: ['name'] };
    await saved(({ User }) => User.create({ name: 'Alonzo' }, options));
    expect(options).toEqual({ fields: ['name'] });
  });

  test.each([
    ['beforeValidate', 'create'],
    ['afterValidate', 'create'],
    ['beforeCreate', 'create'],
    ['afterCreate', 'create'],
    ['beforeSave', 'create'],
    ['afterSave', 'update'],
    ['beforeUpdate', 'update'],
    ['afterUpdate', 'update'],
    ['beforeBulkUpdate', 'update of rows'],
    ['afterBulkUpdate', 'update of rows'],
    ['beforeBulkCreate', 'bulkCreate'],
    ['afterBulkCreate', 'bulkCreate'],
    ['beforeUpsert', 'upsert'],
    ['afterUpsert', 'upsert'],
  ])('with the hook %s', async (name, method) => {
    const hook = jest.fn();
    models.User.addHook(name, 'watched', hook);
    try {
      await saved(async ({ User }) => {
        if (method === 'bulkCreate') return User.bulkCreate([{ name: 'Alonzo' }]);
        if (method === 'create') return User.create({ name: 'Alonzo' });
        if (method === 'upsert') return User.upsert({ id: 1, name: 'Alonzo' });
        if (method === 'update of rows') return User.update({ age: 51 }, { where: { id: 1 } });
        return (await User.findByPk(1)).update({ age: 51 });
      });
    } finally {
      models.User.removeHook(name, 'watched');
    }
    expect(hook).toHaveBeenCalledTimes(1);
  });
});

test('a validator of the whole looks at a change as often as Sequelize lets it', async () => {
  const { inOrder } = models.Whole.options.validate;
  const look = jest.fn();
  models.Whole.options.validate.inOrder = function watched() {
    look();
    inOrder.call(this);
  };
  const whole = await models.Whole.create({ low: 1, high: 2 });
  expect(look).toHaveBeenCalledTimes(1);
  await whole.update({ low: 0 });
  expect(look).toHaveBeenCalledTimes(3);
  jest.spyOn(Model, 'runHooks');
  await whole.update({ low: 1 });
  expect(look).toHaveBeenCalledTimes(5);
  models.Whole.options.validate.inOrder = inOrder;
});
