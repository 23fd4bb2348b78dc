// Performs a call on one side, and puts its answer in a form in which the two sides can be compared.

const { Op, Sequelize, Model } = require('sequelize');

const { TYPES } = require('./values');

const { fn } = Sequelize;

const MANY = ['books', 'tags', 'team', 'tagged'];
const TIMES = ['createdAt', 'updatedAt', 'deletedAt'];

/** SQLite's dialect leaves dates as its own text where it does not know the column. */
const DATE_TEXT = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+00:00$/;
/** A decimal is a string here, exact, and a number there. */
const DECIMAL_TEXT = /^-?\d+\.\d\d$/;
const NUMBER_TEXT = /^-?\d+(\.\d+)?$/;

function scalar(value) {
  if (value instanceof Date) return value.toISOString();
  if (Buffer.isBuffer(value)) return `blob ${value.toString('hex')}`;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'number') return Number.isNaN(value) ? 'NaN' : Number(value.toPrecision(12));
  if (typeof value === 'string' && DECIMAL_TEXT.test(value)) return Number(value);
  // The other side leaves a document in a raw result as text.
  if (typeof value === 'string' && value.startsWith('{')) return comparable(JSON.parse(value));
  if (typeof value === 'string' && DATE_TEXT.test(value)) return new Date(value).toISOString();
  return value;
}

const text = (value) => JSON.stringify(value);

function comparable(value, key = '') {
  if (value instanceof Model) return comparable(value.get({ plain: true }), key);
  const isTime = TIMES.some((name) => key === name || key.endsWith(`.${name}`));
  if (isTime && value !== null && value !== undefined) return 'a time';
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item));
    return MANY.includes(key) ? items.sort((a, b) => (text(a) < text(b) ? -1 : 1)) : items;
  }
  if (value === null || value === undefined) return null;
  if (typeof value === 'object' && Object.getPrototypeOf(Object.getPrototypeOf(value) ?? {}) === null) {
    const names = Object.keys(value).filter((name) => value[name] !== undefined);
    return Object.fromEntries(names.sort().map((name) => [name, comparable(value[name], name)]));
  }
  return scalar(value);
}

/** A row that was made. This dialect reads all its columns back, Sequelize's own for SQLite its key alone. */
function made(instance) {
  return Object.fromEntries(Object.entries(comparable(instance)).filter(([, value]) => value !== null));
}

/** Rows that have no order of their own. */
const unordered = (value) =>
  Array.isArray(value) ? comparable(value).sort((a, b) => (text(a) < text(b) ? -1 : 1)) : comparable(value);

const rowsOf = (rows, options) => (options.order ? comparable(rows) : unordered(rows));

class Performer {
  constructor(options, sequelize) {
    this.options = options;
    this.models = options.models;
    this.sequelize = sequelize;
  }

  async perform(call) {
    if (!this.options.isOurs && call.mindsCase !== undefined) {
      await this.sequelize.query(`PRAGMA case_sensitive_like = ${call.mindsCase ? 'ON' : 'OFF'}`);
    }
    return this[call.kind](call, this.models[call.model]);
  }

  // reads

  async findAll(call, model) {
    const options = this.options.finder(call);
    return rowsOf(await model.findAll(options), options);
  }

  async findOne(call, model) {
    return comparable(await model.findOne(this.options.finder({ ...call, limit: undefined })));
  }

  async findAndCountAll(call, model) {
    const options = { ...this.options.finder(call), distinct: call.distinct };
    const keep = options.order;
    const { count, rows } = await model.findAndCountAll(options);
    return { count, rows: rowsOf(rows, { order: keep }) };
  }

  async findByPk({ id, include, model: name }, model) {
    return comparable(await model.findByPk(id, this.options.finder({ kind: 'findByPk', model: name, include })));
  }

  async count(call, model) {
    const options = { ...this.options.finder(call), distinct: call.distinct };
    const attribute = call.column !== undefined && this.options.attribute(call.model, call.column);
    if (attribute && !options.include && !TYPES[attribute.typeName].json) {
      options.col = model.rawAttributes[attribute.name].field;
    }
    return model.count(options);
  }

  async aggregate(call, model) {
    const { name, typeName } = this.options.attribute(call.model, call.attribute);
    const type = TYPES[typeName];
    if (!type.ordered || (call.what === 'sum' && !type.number)) return 'no aggregate';
    const value = await model[call.what](name, this.options.finder(call));
    return comparable(typeof value === 'string' && NUMBER_TEXT.test(value) && type.number ? Number(value) : value);
  }

  async group(call, model) {
    const by = [...new Set(call.by.map((index) => this.options.attribute(call.model, index).name))];
    const kept = by.filter((name) => !TYPES[this.options.typeOf(call.model, name)].json);
    if (kept.length === 0) return 'no group';
    const of = this.options.column({ model: call.model }, this.options.attribute(call.model, call.of).name);
    const options = {
      ...this.options.finder(call),
      attributes: [...kept, [fn('COUNT', of), 'n']],
      group: kept.map((name) => model.rawAttributes[name].field),
      raw: true,
    };
    if (call.having !== undefined) options.having = Sequelize.where(fn('COUNT', of), Op.gte, call.having);
    return unordered(await model.findAll(options));
  }

  async countGroups(call, model) {
    const { name, typeName } = this.options.attribute(call.model, call.by);
    if (TYPES[typeName].json) return 'no group';
    const { field } = model.rawAttributes[name];
    // Sequelize's own takes such a name for a string.
    if (/['"]/.test(field)) return 'no group';
    return unordered(await model.count({ ...this.options.finder(call), attributes: [field], group: [field] }));
  }

  async associated(call, model) {
    const instance = await model.findByPk(call.id);
    if (!instance) return 'nobody';
    const association = this.options.association(call.model, call.association);
    const isMany = ['HasMany', 'BelongsToMany'].includes(association.associationType);
    const target = association.target.name;
    const options = this.options.finder({
      kind: 'findAll',
      model: target,
      where: call.where,
      mindsCase: call.mindsCase,
    });
    if (isMany && call.what === 'count') return instance[association.accessors.count](options);
    return unordered(await instance[association.accessors.get](options));
  }

  // writes

  async create({ row, authors, model: name }, model) {
    return made(await model.create(this.options.row(row, name, { authors })));
  }

  async bulkCreate({ rows, duplicates, ids, updated, model: name }, model) {
    const all = this.options.descriptions(name);
    const records = rows.map((row, index) => {
      // The same attributes in each: Sequelize's own dialect writes NULL for those that one leaves out.
      // And complete: what it ignores is a NULL where none may be, too, not only a duplicate.
      const isComplete = duplicates !== 'fail';
      const record = this.options.row({ ...row, leaves: rows[0].leaves }, name, { isComplete });
      return duplicates === 'fail' ? record : { id: ids[index] + 1, ...record };
    });
    const options = {};
    if (duplicates === 'ignore') options.ignoreDuplicates = true;
    if (duplicates === 'update') {
      options.updateOnDuplicate = [...new Set(updated.map((index) => `a${index % all.length}`))].filter(
        (attribute) => attribute in records[0],
      );
      if (options.updateOnDuplicate.length === 0) return 'nothing to update';
    }
    const instances = await model.bulkCreate(records, options);
    return duplicates === 'fail' ? instances.map(made) : instances.length;
  }

  async update(call, model) {
    const values = this.options.row(call.row, call.model, { only: call.set });
    const { where = {}, paranoid } = this.options.finder(call);
    const options = { where, paranoid };
    if (call.limit !== undefined) options.limit = call.limit;
    return comparable(await model.update(values, options));
  }

  async save({ id, row, set, model: name }, model) {
    const instance = await model.findByPk(id);
    if (!instance) return 'nobody';
    instance.set(this.options.row(row, name, { only: set }));
    return comparable(await instance.save());
  }

  async increment(call, model) {
    const { name, typeName } = this.options.attribute(call.model, call.attribute);
    if (!['integer', 'double', 'bigint'].includes(typeName) || name === 'id') return 'no number';
    const { where = {} } = this.options.finder(call);
    await model[call.down ? 'decrement' : 'increment'](name, { by: call.by, where });
    return 'done';
  }

  async upsert({ row, id, model: name }, model) {
    const [instance] = await model.upsert({ id: id + 1, ...this.options.row(row, name) });
    return instance?.id ?? null;
  }

  async destroy(call, model) {
    const { where = {} } = this.options.finder(call);
    const options = { where, force: call.force };
    if (call.limit !== undefined) options.limit = call.limit;
    return model.destroy(options);
  }

  async restore(call, model) {
    if (!model.options.paranoid) return 'not paranoid';
    const { where = {} } = this.options.finder(call);
    await model.restore({ where });
    return 'done';
  }

  async findOrCreate({ attribute, row, model: name }, model) {
    const values = this.options.row(row, name);
    const chosen = this.options.attribute(name, attribute);
    if (TYPES[chosen.typeName].json || !(chosen.name in values)) return 'nothing to find';
    const where = { [chosen.name]: values[chosen.name] };
    if ((await model.count({ where, paranoid: false })) > 1) return 'more than one';
    const [instance, created] = await model.findOrCreate({ where, defaults: values });
    return { instance: created ? made(instance) : comparable(instance), created };
  }

  async tags({ id, tags, weight, what }) {
    const book = await this.models.Book.findByPk(id);
    if (!book) return 'nobody';
    const found = await this.models.Tag.findAll({ where: { id: tags }, order: ['id'] });
    if (what === 'has') return book.hasTags(found);
    if (what === 'add') await book.addTags(found, { through: { weight } });
    if (what === 'set') await book.setTags(found);
    if (what === 'remove') await book.removeTags(found);
    return unordered(await book.getTags());
  }

  async team({ id, of, what }) {
    const author = await this.models.Author.findByPk(id);
    if (!author) return 'nobody';
    const found = await this.models.Author.findAll({ where: { id: of }, order: ['id'] });
    if (what === 'has') return author.hasTeam(found);
    if (what === 'add') await author.addTeam(found);
    if (what === 'set') await author.setTeam(found);
    if (what === 'remove') await author.removeTeam(found);
    return unordered(await author.getTeam());
  }

  /** Every row of every table. */
  async everything() {
    const tables = {};
    for (const [name, model] of Object.entries(this.models)) {
      const order = name === 'BookTag' ? [] : ['id'];
      tables[name] = unordered(await model.findAll({ paranoid: false, order }));
    }
    return tables;
  }
}

module.exports = { Performer };
