// Random calls on the models of a schema, as plain data. Attributes, operators and values are numbers: what they stand
// for depends on the schema, and `options.js` and `perform.js` know it.

const fc = require('fast-check');

const { MODELS } = require('./schema');

const TEXT = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 5 })
  .filter((text) => !/[\0\\]/.test(text) && text === text.normalize('NFC'));
const value = fc.oneof({ weight: 6, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: TEXT });
const values = fc.array(fc.option(value, { nil: null, freq: 8 }), { maxLength: 4 });
const index = fc.nat(20);
/** Left out `times` times as often as not. */
const rarely = (arbitrary, times = 3) =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const often = (arbitrary) => fc.option(arbitrary, { nil: undefined, freq: 3 });

const operation = fc.record({ op: index, values });

const { where } = fc.letrec((tie) => ({
  where: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'where' },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('compare'), attribute: index, operation }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('operations'),
        attribute: index,
        glue: fc.constantFrom('none', 'and', 'or', 'not'),
        operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('shorthand'), attribute: index, values, isList: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('columns'), attribute: index, other: index, op: index }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('function'), attribute: index, op: index, values }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('key'), operation }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('group'),
        glue: fc.constantFrom('and', 'or', 'not'),
        shape: fc.constantFrom('array', 'object'),
        items: fc.array(tie('where'), { maxLength: 3, depthIdentifier: 'where' }),
      }),
    },
  ),
}));

const order = fc.array(fc.record({ attribute: index, direction: fc.constantFrom(undefined, 'ASC', 'DESC', 'desc') }), {
  maxLength: 3,
});

const attributes = fc.oneof(
  fc.record({ kind: fc.constant('list'), list: fc.array(index, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('rename'), list: fc.array(index, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('exclude'), list: fc.array(index, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('include'), list: fc.array(index, { minLength: 1, maxLength: 2 }) }),
);

const { include } = fc.letrec((tie) => ({
  include: fc.record({
    association: index,
    where: rarely(where, 2),
    required: fc.option(fc.boolean(), { nil: undefined }),
    attributes: rarely(attributes, 3),
    separate: fc.nat(3).map((n) => n === 0),
    limit: rarely(fc.integer({ min: 1, max: 3 }), 1),
    offset: rarely(fc.integer({ min: 0, max: 2 }), 2),
    order: rarely(order, 1),
    through: rarely(fc.record({ weight: fc.nat(3), bare: fc.boolean() }), 3),
    paranoid: rarely(fc.constant(false), 5),
    include: fc.array(tie('include'), { maxLength: 1, depthIdentifier: 'include' }),
  }),
}));

const finder = {
  model: fc.constantFrom(...MODELS),
  where: often(where),
  /** Whether the patterns of this call mind case: one call has patterns of one kind, see `options.js`. */
  mindsCase: fc.boolean(),
  paranoid: rarely(fc.constant(false), 4),
};

const finders = {
  order: fc.option(order, { nil: undefined }),
  limit: rarely(fc.integer({ min: 0, max: 5 }), 2),
  offset: rarely(fc.integer({ min: 0, max: 3 }), 3),
  attributes: rarely(attributes, 3),
  include: fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(include, { maxLength: 2 }) },
  ),
  orderByInclude: fc.boolean(),
  raw: fc.nat(5).map((n) => n === 0),
};

const call = (kind, record) => fc.record({ kind: fc.constant(kind), ...record });

const reads = [
  { weight: 10, arbitrary: call('findAll', { ...finder, ...finders }) },
  { weight: 2, arbitrary: call('findOne', { ...finder, ...finders }) },
  { weight: 2, arbitrary: call('findAndCountAll', { ...finder, ...finders, distinct: fc.boolean() }) },
  { weight: 1, arbitrary: call('findByPk', { model: finder.model, id: fc.nat(9), include: finders.include }) },
  {
    weight: 2,
    arbitrary: call('count', {
      ...finder,
      include: finders.include,
      distinct: fc.boolean(),
      column: fc.option(index, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: call('aggregate', { ...finder, attribute: index, what: fc.constantFrom('sum', 'min', 'max') }),
  },
  {
    weight: 2,
    arbitrary: call('group', {
      ...finder,
      by: fc.array(index, { minLength: 1, maxLength: 2 }),
      of: index,
      having: fc.option(fc.nat(2), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: call('countGroups', { ...finder, by: index }) },
  {
    weight: 2,
    arbitrary: call('associated', {
      id: fc.nat(7),
      association: index,
      model: finder.model,
      where: often(where),
      mindsCase: fc.boolean(),
      what: fc.constantFrom('get', 'count'),
    }),
  },
];

const row = fc.record({
  values: fc.array(fc.option(value, { nil: null, freq: 5 }), { minLength: 8, maxLength: 8 }),
  leaves: fc.array(
    fc.nat(4).map((n) => n === 0),
    { minLength: 8, maxLength: 8 },
  ),
  keys: fc.array(fc.option(fc.nat(6), { nil: null, freq: 3 }), { minLength: 3, maxLength: 3 }),
});

const writes = [
  { weight: 3, arbitrary: call('create', { model: finder.model, row }) },
  {
    weight: 3,
    arbitrary: call('bulkCreate', {
      model: finder.model,
      rows: fc.array(row, { minLength: 1, maxLength: 4 }),
      duplicates: fc.constantFrom('fail', 'ignore', 'update'),
      ids: fc.array(fc.nat(9), { minLength: 4, maxLength: 4 }),
      updated: fc.array(index, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: call('update', {
      ...finder,
      row,
      limit: rarely(fc.integer({ min: 1, max: 3 }), 4),
      set: fc.array(index, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: call('save', {
      model: finder.model,
      id: fc.nat(7),
      row,
      set: fc.array(index, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: call('increment', {
      ...finder,
      attribute: index,
      by: fc.integer({ min: -3, max: 3 }),
      down: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: call('upsert', { model: finder.model, row, id: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: call('destroy', { ...finder, force: fc.boolean(), limit: rarely(fc.integer({ min: 1, max: 3 }), 4) }),
  },
  { weight: 1, arbitrary: call('restore', { ...finder }) },
  { weight: 1, arbitrary: call('findOrCreate', { model: finder.model, attribute: index, row }) },
  {
    weight: 2,
    arbitrary: call('tags', {
      id: fc.nat(7),
      tags: fc.array(fc.nat(6), { maxLength: 3 }),
      weight: fc.nat(3),
      what: fc.constantFrom('add', 'set', 'remove', 'has'),
    }),
  },
  {
    weight: 1,
    arbitrary: call('team', {
      id: fc.nat(7),
      of: fc.array(fc.nat(6), { maxLength: 3 }),
      what: fc.constantFrom('add', 'set', 'remove', 'has'),
    }),
  },
];

const rows = fc.record({
  Author: fc.array(row, { maxLength: 7 }),
  Book: fc.array(row, { maxLength: 7 }),
  Tag: fc.array(row, { maxLength: 5 }),
  links: fc.array(fc.tuple(fc.nat(6), fc.nat(4)), { maxLength: 10 }),
});

const calls = (count) => fc.array(fc.oneof(...reads, ...reads, ...writes), { minLength: count, maxLength: count });

module.exports = { rows, calls, reads, writes };
