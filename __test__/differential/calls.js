// Random calls on the models of a schema, as plain data. Attributes, operators and values are numbers: what they stand
// for depends on the schema, and `options.js`, `reads.js` and `writes.js` know it.

const fc = require('fast-check');

const { MODELS, SCOPES } = require('./schema');

const TEXT = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 5 })
  .filter((text) => !/[\0\\]/.test(text) && text === text.normalize('NFC'));
const value = fc.oneof({ weight: 6, arbitrary: fc.nat(60) }, { weight: 1, arbitrary: TEXT });
const values = fc.array(fc.option(value, { nil: null, freq: 8 }), { maxLength: 4 });
const index = fc.nat(60);
const seldom = fc.nat(4).map((n) => n === 0);
/** Left out `times` times as often as not. */
const rarely = (arbitrary, times = 3) =>
  fc.oneof({ weight: times, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const often = (arbitrary) => fc.option(arbitrary, { nil: undefined, freq: 3 });

const operation = fc.record({ op: index, values, isAliased: seldom });

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
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sub-query'), of: index, isNegated: fc.boolean() }) },
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

const nulls = fc.constantFrom(undefined, undefined, 'FIRST', 'LAST');
const order = fc.array(
  fc.record({ attribute: index, direction: fc.constantFrom(undefined, 'ASC', 'DESC', 'desc'), nulls }),
  { maxLength: 3 },
);

const attributes = fc.oneof(
  fc.record({ kind: fc.constant('list'), list: fc.array(index, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('rename'), list: fc.array(index, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('exclude'), list: fc.array(index, { maxLength: 3 }) }),
  fc.record({ kind: fc.constant('include'), list: fc.array(index, { minLength: 1, maxLength: 2 }) }),
);

/** @param below includes of what is included, each deeper than the last */
const includeWith = (below) =>
  fc.record({
    association: index,
    where: rarely(where, 2),
    required: fc.option(fc.boolean(), { nil: undefined }),
    attributes: rarely(attributes, 3),
    separate: seldom,
    limit: rarely(fc.integer({ min: 1, max: 3 }), 1),
    offset: rarely(fc.integer({ min: 0, max: 2 }), 2),
    order: rarely(order, 1),
    through: rarely(fc.record({ weight: fc.nat(3), bare: seldom, either: fc.boolean() }), 2),
    or: seldom,
    right: seldom,
    on: rarely(fc.nat(5), 5),
    paranoid: rarely(fc.constant(false), 5),
    include: below,
  });

const deepest = includeWith(fc.constant([]));
const deeper = includeWith(fc.array(deepest, { maxLength: 1 }));
const include = includeWith(fc.array(deeper, { maxLength: 2 }));

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
  orderByInclude: rarely(fc.record({ byId: fc.boolean(), nulls, isFirst: fc.boolean() }), 1),
  raw: seldom,
};

const scoped = { scopes: rarely(fc.array(fc.nat(SCOPES.length - 1), { minLength: 1, maxLength: 2 }), 4) };

const call = (kind, record) => fc.record({ kind: fc.constant(kind), ...record });

const reads = [
  { weight: 10, arbitrary: call('findAll', { ...finder, ...finders, ...scoped }) },
  { weight: 2, arbitrary: call('findOne', { ...finder, ...finders, ...scoped }) },
  { weight: 2, arbitrary: call('findAndCountAll', { ...finder, ...finders, ...scoped, distinct: fc.boolean() }) },
  { weight: 1, arbitrary: call('findByPk', { model: finder.model, id: fc.nat(9), include: finders.include }) },
  {
    weight: 2,
    arbitrary: call('count', {
      ...finder,
      ...scoped,
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
      havingMore: fc.boolean(),
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
  { weight: 1, arbitrary: call('includeAll', { model: finder.model, id: fc.nat(7), nested: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: call('rawQuery', {
      model: finder.model,
      attribute: index,
      value,
      how: fc.constantFrom('positional', 'named', 'bind', 'namedBind'),
      shape: fc.constantFrom('select', 'raw', 'model', 'nest', 'plain', 'fields'),
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
      isReturning: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: call('createNested', { row, others: fc.array(row, { minLength: 1, maxLength: 2 }) }) },
  {
    weight: 4,
    arbitrary: call('update', {
      ...finder,
      row,
      limit: rarely(fc.integer({ min: 1, max: 3 }), 4),
      set: fc.array(index, { minLength: 1, maxLength: 3 }),
      isComputed: seldom,
      isReturning: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: call('setPath', { model: finder.model, id: fc.nat(7), attribute: index, value: fc.nat(9) }) },
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
      columns: fc.array(index, { minLength: 1, maxLength: 3 }),
      by: fc.integer({ min: -3, max: 3 }),
      down: fc.boolean(),
      isObject: fc.boolean(),
      isOne: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: call('upsert', { model: finder.model, row, id: fc.nat(9), isReturning: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: call('destroy', { ...finder, force: fc.boolean(), limit: rarely(fc.integer({ min: 1, max: 3 }), 4) }),
  },
  { weight: 1, arbitrary: call('restore', { ...finder }) },
  {
    weight: 1,
    arbitrary: call('destroyOne', {
      model: finder.model,
      id: fc.nat(7),
      force: fc.boolean(),
      isRestored: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: call('findOrCreate', {
      model: finder.model,
      attribute: index,
      row,
      what: fc.constantFrom('findOrCreate', 'findCreateFind', 'findOrBuild'),
    }),
  },
  {
    weight: 2,
    arbitrary: call('tags', {
      id: fc.nat(7),
      tags: fc.array(fc.nat(6), { maxLength: 3 }),
      weight: fc.nat(3),
      what: fc.constantFrom('add', 'set', 'remove', 'has', 'count'),
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
  {
    weight: 2,
    arbitrary: call('books', {
      id: fc.nat(7),
      of: fc.array(fc.nat(7), { maxLength: 3 }),
      row,
      what: fc.constantFrom('add', 'set', 'remove', 'has', 'create'),
    }),
  },
  {
    weight: 1,
    arbitrary: call('one', { id: fc.nat(7), other: fc.nat(7), what: fc.constantFrom('author', 'favourite') }),
  },
  { weight: 1, arbitrary: call('createTag', { id: fc.nat(7), row, weight: fc.nat(3) }) },
  { weight: 1, arbitrary: call('truncate', {}) },
];

const rows = fc.record({
  Author: fc.array(row, { maxLength: 7 }),
  Book: fc.array(row, { maxLength: 7 }),
  Tag: fc.array(row, { maxLength: 5 }),
  links: fc.array(fc.tuple(fc.nat(6), fc.nat(4)), { maxLength: 10 }),
});

const calls = (count) => fc.array(fc.oneof(...reads, ...reads, ...writes), { minLength: count, maxLength: count });

module.exports = { rows, calls, reads, writes };
