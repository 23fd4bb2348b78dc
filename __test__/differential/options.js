// Finder options from their description, for one side of the comparison. NULLs sort last here and first in SQLite, so
// the order of the other side says where they go.

const { Op, Sequelize } = require('sequelize');

const { Conditions, pick } = require('./conditions');
const { SCOPES } = require('./schema');
const { TYPES, valueFor } = require('./values');

const { fn, cast, literal, json } = Sequelize;

const WRITES = new Set(['update', 'increment', 'destroy', 'restore']);
/** The scope that has a limit. */
const LIMITED = SCOPES.indexOf('limited');
/** More rows than there are. */
const ALL_ROWS = 1000;

class OptionsOf {
  /**
   * @param {import('./attributes').Attributes} attributes of the models
   * @param {object} side how things are spelled there
   * @param {(what: string) => boolean} can whether both sides can do it
   */
  constructor(attributes, side, can) {
    this.attributes = attributes;
    this.models = attributes.models;
    this.side = side;
    this.can = can;
    this.conditions = new Conditions(attributes, side, can);
  }

  // order

  /** With the primary key at its end, so that there is one right answer. */
  order(order, modelName, path = []) {
    const items = (order ?? []).map((item) => ({ ...item, ...this.attributes.at(modelName, item.attribute) }));
    return [...items, { name: 'id', direction: 'ASC' }].map((item) => this.orderItem(item, path));
  }

  orderItem({ name, typeName, direction, nulls }, path = []) {
    const target = TYPES[typeName]?.json ? `${name}.s` : name;
    if (nulls) return [...path, target, `${direction?.toUpperCase() ?? 'ASC'} NULLS ${nulls}`];
    if (this.side.nullsLast) return direction ? [...path, target, direction] : [...path, target];
    return [...path, target, direction?.toUpperCase() === 'DESC' ? 'DESC NULLS FIRST' : 'ASC NULLS LAST'];
  }

  /** By a column of an association, or one further away. */
  joinedOrder(include, modelName, { byId, nulls }) {
    const joined = include.find((item) => !item.separate);
    if (!joined) return [];
    const { target, as } = this.models[modelName].associations[joined.association];
    const name = byId ? 'id' : 'a0';
    const typeName = this.attributes.typeOf(target.name, name);
    const item = { name, typeName: TYPES[typeName].json ? 'blob' : typeName, direction: 'DESC', nulls };
    const further = joined.include?.find((inner) => !inner.separate);
    if (further && byId) {
      const next = target.associations[further.association];
      return [this.orderItem({ ...item, typeName: 'integer' }, [as, { model: next.target, as: next.as }])];
    }
    if (TYPES[typeName].json) return [];
    return [this.orderItem(item, [{ model: target, as }])];
  }

  // attributes

  attributesOf({ kind, list }, modelName) {
    const names = list.map((index) => this.attributes.at(modelName, index).name);
    switch (kind) {
      case 'list':
        return [...new Set(['id', ...names])];
      case 'rename':
        return ['id', ...names.map((name, index) => [this.attributes.field(modelName, name), `as${index}`])];
      case 'exclude':
        return { exclude: names.filter((name) => name !== 'id') };
      default:
        return { include: names.map((name, index) => [this.computed(name, modelName, index), `as${index}`]) };
    }
  }

  computed(name, modelName, index) {
    const type = TYPES[this.attributes.typeOf(modelName, name)];
    const field = this.attributes.field(modelName, name);
    // A path is split at dots and read up to a bracket or a quote.
    if (type.json) return /^\w+$/.test(field) ? json(`${field}.s`) : literal("'a document'");
    const column = this.attributes.column({ model: modelName }, name);
    if (index % 2 && (name === 'id' || type.text)) return cast(column, 'varchar');
    return fn('coalesce', column, column);
  }

  // include

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
      includes.push(this.include(item, association, { ...context, model: modelName }, [...path, association.as]));
    }
    return includes;
  }

  include(item, association, context, path) {
    const target = association.target.name;
    const separate = item.separate && association.associationType === 'HasMany';
    const inner = { ...context, model: target, alias: separate ? undefined : path.join('->') };
    const include = { association: association.as };
    if (item.where) include.where = this.conditions.where(item.where, inner);
    if (item.required !== undefined && !separate) include.required = item.required;
    // With a limit Sequelize's own filter by what is required below what is not.
    if (context.isLimited && context.isOptional && !separate && this.can('limits')) include.required = false;
    if (item.paranoid === false) include.paranoid = false;
    if (item.attributes && item.attributes.kind !== 'include') {
      include.attributes = this.attributesOf(item.attributes, target);
      if (separate && Array.isArray(include.attributes)) include.attributes.push(association.foreignKey);
    }
    if (separate) {
      include.separate = true;
      include.order = this.order(item.order, target);
      if (item.limit !== undefined) include.limit = item.limit;
      if (item.limit !== undefined && item.offset !== undefined) include.offset = item.offset;
    } else {
      this.join(include, item, association, {
        ...inner,
        parent: path.length > 1 ? path.slice(0, -1).join('->') : null,
      });
    }
    const isOptional = item.required === false || (item.required === undefined && !item.where);
    const below = { ...context, isOptional: context.isOptional || isOptional };
    if (separate) Object.assign(below, { isLimited: item.limit !== undefined, isOptional: false });
    const nested = this.includes(item.include, target, below, separate ? [] : path);
    if (nested.length > 0) include.include = nested;
    return include;
  }

  /** What only a join has: conditions of its own, its direction, the table between. */
  join(include, item, association, { parent, model, alias, isLimited }) {
    if (association.associationType === 'BelongsToMany') {
      if (item.through) include.through = this.through(item.through);
      return;
    }
    if (isLimited) return;
    if (item.or && include.where) include.or = true;
    if (item.right && this.can('rightJoin') && parent === null && include.required !== true) include.right = true;
    if (item.on) {
      const source = association.source.name;
      const left = this.attributes.column({ model: source, alias: parent ?? undefined }, 'id');
      const right = this.attributes.column({ model, alias }, 'id');
      include.on = { [Op.and]: [Sequelize.where(left, Op.lte, right), { id: { [Op.ne]: item.on } }] };
    }
  }

  through({ weight, bare, either }) {
    if (bare) return { attributes: [] };
    const where = { weight: { [Op.gte]: weight } };
    if (either) return { where: { [Op.or]: [{ weight: null }, where] }, attributes: ['weight'] };
    return { where };
  }

  limits({ limit, offset }) {
    if (limit === undefined) return {};
    if (!this.can('limits')) return this.side.isUnlimited ? {} : { limit: ALL_ROWS };
    return offset === undefined ? { limit } : { limit, offset };
  }

  /** The options of findAll and its kin. */
  finder(call) {
    const context = { model: call.model, mindsCase: call.mindsCase };
    context.isLimited = call.limit !== undefined || call.kind === 'findOne' || call.scopes?.includes(LIMITED);
    context.isWrite = WRITES.has(call.kind);
    const options = {};
    // In an object: to a where that is a method Sequelize's own cannot add the filter of a required include.
    if (call.where) options.where = { [Op.and]: [this.conditions.where(call.where, context)] };
    if (call.paranoid === false) options.paranoid = false;
    const include = this.includes(call.include, call.model, context);
    if (include.length > 0) options.include = include;
    if (call.attributes) options.attributes = this.attributesOf(call.attributes, call.model);
    Object.assign(options, this.limits(call));
    if (call.order || call.limit !== undefined || call.kind === 'findOne') {
      options.order = this.order(call.order, call.model);
      if (call.orderByInclude) {
        const joined = this.joinedOrder(include, call.model, call.orderByInclude);
        options.order = call.orderByInclude.isFirst ? [...joined, ...options.order] : [...options.order, ...joined];
      }
    }
    if (call.raw && !include.some((item) => item.separate)) options.raw = true;
    return options;
  }

  // rows

  /** The values of a row, for the attributes it does not leave to their defaults. `authors` is how many there are. */
  row({ values, leaves, keys }, modelName, { only, authors = 2, isComplete = false } = {}) {
    const row = {};
    const descriptions = this.attributes.descriptions(modelName);
    for (const [index, { type, required }] of descriptions.entries()) {
      if (
        only
          ? !only.some((chosen) => chosen % descriptions.length === index)
          : leaves[index] && !(required && isComplete)
      ) {
        continue;
      }
      const value = this.attributes.value(type, values[index]);
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
