// Finder options from their description, for one side of the comparison. The sides differ only where
// docs/compatibility.md says that the dialects do:
//
// - NULLs sort last here and first in SQLite, so the other side's order says where they go;
// - LIKE minds case here and not in SQLite, so a call has patterns of one kind. The other side has LIKE mind case
//   with a PRAGMA for those that do, and LIKE instead of ILIKE for those that do not.

const { Op, Sequelize } = require('sequelize');

const { TYPES, TEXTS, valueFor } = require('./values');

const { fn, col } = Sequelize;

const EQUAL = ['eq', 'ne', 'in', 'notIn', 'not', 'is'];
const ORDERED = [...EQUAL, 'gt', 'gte', 'lt', 'lte', 'between', 'notBetween'];
const PATTERNS = ['like', 'notLike', 'startsWith', 'endsWith', 'substring'];
const COMPARISONS = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte'];
const WITHOUT_CASE = { like: 'iLike', notLike: 'notILike' };

/** The places in a document that conditions look at, with values that fit them. */
const PATHS = [
  { path: ['n'], values: [1, 2.5, -1, 0], ops: ['eq', 'gt', 'lte', 'ne', 'in', 'between'] },
  { path: ['s'], values: ['a', "it's", '', 'é', 'A "q" \\'], ops: ['eq', 'ne', 'in', 'gt'] },
  { path: ['b'], values: [true, false], ops: ['eq'] },
  { path: ['o', 'k'], values: ['x', 'y'], ops: ['eq', 'ne', 'in'] },
  { path: ['o', 'n'], values: [0, 2], ops: ['eq', 'gte', 'lt'] },
  { path: ['l', '0'], values: [1, 5], ops: ['eq', 'gt', 'ne'] },
];

const pick = (list, index) => list[index % list.length];

class OptionsOf {
  /**
   * @param {object} schema the description
   * @param {Record<string, typeof import('sequelize').Model>} models of this side
   * @param {boolean} isOurs
   */
  constructor(schema, models, isOurs) {
    this.schema = schema;
    this.models = models;
    this.isOurs = isOurs;
  }

  descriptions(name) {
    return this.schema[name]?.attributes ?? [{ type: 'integer', name: 'weight' }];
  }

  /** `{ name, typeName }` of an attribute by its number; the primary key is one of them. */
  attribute(modelName, index) {
    const all = this.descriptions(modelName);
    const at = index % (all.length + 1);
    if (at === all.length) return { name: modelName === 'BookTag' ? 'weight' : 'id', typeName: 'integer' };
    return { name: all[at].name ?? `a${at}`, typeName: all[at].type };
  }

  typeOf(modelName, name) {
    return name === 'id' ? 'integer' : this.descriptions(modelName)[Number(name.slice(1))].type;
  }

  value(typeName, reference) {
    return reference === null ? null : valueFor(typeName, reference);
  }

  // where

  /** @returns a where option: an object or a method of Sequelize */
  where(node, context) {
    switch (node.kind) {
      case 'compare':
        return this.compare(node, context);
      case 'operations':
        return this.operations(node, context);
      case 'shorthand':
        return this.shorthand(node, context);
      case 'columns':
        return this.columns(node, context);
      case 'function':
        return this.functions(node, context);
      case 'key':
        return { id: this.operation('integer', node.operation, context) };
      default:
        return this.group(node, context);
    }
  }

  compare({ attribute, operation }, context) {
    const { name, typeName } = this.attribute(context.model, attribute);
    if (TYPES[typeName].json) return this.document(name, operation);
    return { [name]: this.operation(typeName, operation, context) };
  }

  operations({ attribute, glue, operations }, context) {
    const { name, typeName } = this.attribute(context.model, attribute);
    if (TYPES[typeName].json) return this.document(name, operations[0]);
    const all = operations.map((operation) => this.operation(typeName, operation, context));
    if (glue === 'or' || glue === 'and') return { [name]: { [Op[glue]]: all } };
    const merged = Object.assign({}, ...all);
    if (glue !== 'not') return { [name]: merged };
    // Sequelize's own takes an object of operators under Op.not for a value.
    return { [Op.and]: [this.isOurs ? { [name]: { [Op.not]: merged } } : { [Op.not]: { [name]: merged } }] };
  }

  shorthand({ attribute, values, isList }, context) {
    const { name, typeName } = this.attribute(context.model, attribute);
    if (TYPES[typeName].json) return { [name]: { n: 1 } };
    const list = values.map((value) => this.value(typeName, value));
    return { [name]: isList ? list : (list[0] ?? null) };
  }

  columns({ attribute, other, op }, context) {
    const left = this.attribute(context.model, attribute);
    const right = this.attribute(context.model, other);
    if (TYPES[left.typeName] !== TYPES[right.typeName] || TYPES[left.typeName].json) return {};
    return { [left.name]: { [Op[pick(COMPARISONS, op)]]: this.column(context, right.name) } };
  }

  functions({ attribute, op, values }, context) {
    const { name, typeName } = this.attribute(context.model, attribute);
    const column = this.column(context, name);
    const comparator = Op[pick(COMPARISONS, op)];
    if (TYPES[typeName].text) return Sequelize.where(fn('length', column), comparator, values.length);
    if (TYPES[typeName].number) {
      return Sequelize.where(fn('abs', column), { [comparator]: this.value(typeName, values[0] ?? 0) });
    }
    return Sequelize.where(fn('coalesce', column, column), Op.not, null);
  }

  column({ model, alias }, name) {
    const { field } = this.models[model].rawAttributes[name];
    return col(`${alias ?? model}.${field}`);
  }

  group({ glue, shape, items }, context) {
    const nodes = items.map((item) => this.where(item, context));
    const plain = nodes.filter((node) => !(node instanceof Sequelize.Utils.SequelizeMethod));
    return { [Op[glue]]: shape === 'array' ? nodes : Object.assign({}, ...plain) };
  }

  /** `{ [Op.gt]: 5 }` */
  operation(typeName, { op, values }, context) {
    const type = TYPES[typeName];
    const name = pick(type.text ? [...ORDERED, ...PATTERNS] : type.ordered ? ORDERED : EQUAL, op);
    const list = values.map((value) => this.value(typeName, value));
    const some = list.filter((value) => value !== null);
    switch (name) {
      case 'in':
      case 'notIn':
        return { [Op[name]]: list };
      case 'between':
      case 'notBetween':
        return { [Op[name]]: [some[0] ?? this.value(typeName, 0), some[1] ?? this.value(typeName, 2)] };
      case 'is':
        return { [Op.is]: null };
      case 'not':
        return { [Op.not]: typeName === 'boolean' ? (list[0] ?? null) : null };
      case 'eq':
      case 'ne':
        return { [Op[name]]: list[0] ?? null };
      default:
        return PATTERNS.includes(name)
          ? this.pattern(name, some[0] ?? 'a', context)
          : { [Op[name]]: some[0] ?? this.value(typeName, 1) };
    }
  }

  /** A backslash escapes in a pattern here, as in PostgreSQL, and is a character in SQLite. */
  pattern(name, value, { mindsCase }) {
    if (!mindsCase && !WITHOUT_CASE[name]) name = 'like';
    const text = String(mindsCase || TEXTS.includes(value) ? value : 'a').replaceAll('\\', '');
    const operator = this.isOurs && !mindsCase ? WITHOUT_CASE[name] : name;
    return { [Op[operator]]: name === 'like' || name === 'notLike' ? `${text}%` : text };
  }

  /** A condition on a JSON attribute. */
  document(name, { op, values }) {
    const { path, values: fitting, ops } = pick(PATHS, op);
    const operator = pick(ops, values.length);
    const list = values.map((value) => pick(fitting, typeof value === 'number' ? value : 0));
    const first = list[0] ?? null;
    let condition;
    if (first === null) condition = values.length % 2 ? null : { [Op.ne]: null };
    else if (operator === 'in') condition = { [Op.in]: list };
    else if (operator === 'between') condition = { [Op.between]: [first, list[1] ?? first] };
    else condition = operator === 'eq' ? first : { [Op[operator]]: first };
    // Sequelize's own makes an array of a number in a dotted path.
    if (op % 2 && !path.includes('0')) return { [`${name}.${path.join('.')}`]: condition };
    return { [name]: path.reduceRight((inner, step) => ({ [step]: inner }), condition) };
  }

  // order, attributes, include

  /** With the primary key at its end, so that there is one right answer. */
  order(order, modelName, path = []) {
    const items = (order ?? []).map((item) => ({ ...item, ...this.attribute(modelName, item.attribute) }));
    return [...items, { name: 'id', direction: 'ASC' }]
      .filter(({ typeName }) => !TYPES[typeName]?.json)
      .map(({ name, direction }) => this.orderItem([...path, name], direction));
  }

  orderItem(path, direction) {
    if (this.isOurs) return direction ? [...path, direction] : path;
    return [...path, direction?.toUpperCase() === 'DESC' ? 'DESC NULLS FIRST' : 'ASC NULLS LAST'];
  }

  attributes({ kind, list }, modelName) {
    const names = list.map((index) => this.attribute(modelName, index).name);
    switch (kind) {
      case 'list':
        return [...new Set(['id', ...names])];
      case 'rename':
        return ['id', ...names.map((name, index) => [this.models[modelName].rawAttributes[name].field, `as${index}`])];
      case 'exclude':
        return { exclude: names.filter((name) => name !== 'id') };
      default:
        return {
          include: names.map((name, index) => {
            // Sequelize's own leaves a document that went through a function as text.
            if (TYPES[this.typeOf(modelName, name)].json) name = 'id';
            const column = this.column({ model: modelName }, name);
            return [fn('coalesce', column, column), `as${index}`];
          }),
        };
    }
  }

  association(modelName, index) {
    const associations = Object.values(this.models[modelName].associations).filter(
      (association) => !['BookTags', 'BookTag'].includes(association.as),
    );
    return pick(associations, index);
  }

  includes(list, modelName, context, path = []) {
    const taken = new Set();
    const includes = [];
    for (const item of list ?? []) {
      const association = this.association(modelName, item.association);
      if (taken.has(association.as)) continue;
      taken.add(association.as);
      includes.push(this.include(item, association, context, [...path, association.as]));
    }
    return includes;
  }

  include(item, association, context, path) {
    const target = association.target.name;
    const separate = item.separate && association.associationType === 'HasMany';
    const inner = { ...context, model: target, alias: separate ? undefined : path.join('->') };
    const include = { association: association.as };
    if (item.where) include.where = this.where(item.where, inner);
    if (item.required !== undefined && !separate) include.required = item.required;
    if (item.paranoid === false) include.paranoid = false;
    if (item.attributes && item.attributes.kind !== 'include') {
      include.attributes = this.attributes(item.attributes, target);
      if (separate && Array.isArray(include.attributes)) include.attributes.push(association.foreignKey);
    }
    if (separate) {
      include.separate = true;
      include.order = this.order(item.order, target);
      if (item.limit !== undefined) include.limit = item.limit;
      if (item.limit !== undefined && item.offset !== undefined) include.offset = item.offset;
    }
    if (association.associationType === 'BelongsToMany' && item.through) {
      include.through = item.through.bare
        ? { attributes: [] }
        : { where: { weight: { [Op.gte]: item.through.weight } } };
    }
    const nested = this.includes(item.include, target, context, separate ? [] : path);
    if (nested.length > 0) include.include = nested;
    return include;
  }

  /** The options of findAll and its kin. */
  finder(call) {
    const context = { model: call.model, mindsCase: call.mindsCase };
    const options = {};
    // In an object: to a where that is a method Sequelize's own cannot add the filter of a required include.
    if (call.where) options.where = { [Op.and]: [this.where(call.where, context)] };
    if (call.paranoid === false) options.paranoid = false;
    const include = this.includes(call.include, call.model, context);
    if (include.length > 0) options.include = include;
    if (call.attributes) options.attributes = this.attributes(call.attributes, call.model);
    if (call.limit !== undefined) options.limit = call.limit;
    if (call.offset !== undefined && call.limit !== undefined) options.offset = call.offset;
    if (call.order || call.limit !== undefined || call.kind === 'findOne') {
      options.order = this.order(call.order, call.model);
      const joined = include.find((item) => !item.separate);
      if (call.orderByInclude && joined) {
        const { target } = this.models[call.model].associations[joined.association];
        options.order.push(this.orderItem([{ model: target, as: joined.association }, 'id'], 'DESC'));
      }
    }
    if (call.raw && !include.some((item) => item.separate)) options.raw = true;
    return options;
  }

  // rows

  /** The values of a row, for the attributes it does not leave to their defaults. `authors` is how many there are. */
  row({ values, leaves, keys }, modelName, { only, authors = 2, isComplete = false } = {}) {
    const row = {};
    for (const [index, { type, required }] of this.descriptions(modelName).entries()) {
      if (
        only
          ? !only.some((chosen) => chosen % this.descriptions(modelName).length === index)
          : leaves[index] && !(required && isComplete)
      ) {
        continue;
      }
      const value = this.value(type, values[index]);
      row[`a${index}`] = value === null && required ? valueFor(type, index) : value;
    }
    if (only) return row;
    const key = (number) => (number === null || authors === 0 ? null : (number % authors) + 1);
    if (modelName === 'Book')
      Object.assign(row, { authorId: key(keys[0]), fanId: keys[2] === null ? key(keys[1]) : null });
    if (modelName === 'Author') row.bossId = key(keys[2]);
    return row;
  }
}

module.exports = { OptionsOf };
