// Calls that write.

const { Sequelize } = require('sequelize');

const { comparable, made, unordered } = require('./answers');
const { TYPES } = require('./values');

const { fn, literal } = Sequelize;

/** The answer to an update on duplicates that would change no attribute. */
const NOTHING_TO_UPDATE = 'nothing to update';

const COUNTED = ['integer', 'double', 'bigint'];

class Writes {
  constructor(options) {
    this.options = options;
    this.attributes = options.attributes;
    this.models = options.models;
  }

  async create({ row, authors, model: name }, model) {
    return made(await model.create(this.options.row(row, name, { authors })));
  }

  /** A row with rows of an association, in one call. */
  async createNested({ row, others }) {
    const books = others.map((other) => ({ ...this.options.row(other, 'Book'), authorId: undefined, fanId: null }));
    const author = await this.models.Author.create(
      { ...this.options.row(row, 'Author'), books },
      { include: ['books'] },
    );
    return [made(author).id, author.books.map(made)];
  }

  async bulkCreate({ rows, duplicates, ids, updated, isReturning, model: name }, model) {
    const all = this.attributes.descriptions(name);
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
      if (options.updateOnDuplicate.length === 0) return NOTHING_TO_UPDATE;
    }
    const returns = this.options.can('returning');
    if (returns) options.returning = isReturning ? ['id', 'a0'] : true;
    const instances = await model.bulkCreate(records, options);
    return duplicates === 'fail' ? instances.map(made) : instances.length;
  }

  async update(call, model) {
    const values = this.options.row(call.row, call.model, { only: call.set });
    if (call.isComputed) this.compute(values, call.model);
    const { where = {}, paranoid } = this.options.finder(call);
    const options = { where, paranoid };
    if (call.limit !== undefined && this.options.can('limitedWrites')) options.limit = call.limit;
    if (!call.isReturning || !this.options.can('returning')) return comparable(await model.update(values, options));
    const [count, rows] = await model.update(values, { ...options, returning: true });
    return { count, rows: unordered(rows) };
  }

  /** Puts functions and literals where values were. */
  compute(values, modelName) {
    for (const name of Object.keys(values)) {
      const { type } = this.attributes.own(modelName, Number(name.slice(1)));
      const column = this.attributes.field(modelName, name);
      if (TYPES[type].text) values[name] = fn('upper', Sequelize.col(column));
      else if (type === 'integer' && /^\w+$/.test(column)) values[name] = literal('1 + 1');
    }
  }

  async save({ id, row, set, model: name }, model) {
    const instance = await model.findByPk(id);
    if (!instance) return 'nobody';
    instance.set(this.options.row(row, name, { only: set }));
    return comparable(await instance.save());
  }

  /** Sets a place in a document. */
  async setPath({ id, attribute, value, model: name }, model) {
    const chosen = this.attributes.own(name, attribute);
    const instance = await model.findByPk(id);
    if (!instance || !TYPES[chosen.type].json || !instance[chosen.name]) return 'no document';
    instance.set(`${chosen.name}.o.k`, `k${value}`);
    instance.set(`${chosen.name}.fresh`, { n: value });
    await instance.save();
    return comparable(await instance.reload());
  }

  async increment(call, model) {
    const names = [...new Set(call.columns.map((index) => this.attributes.at(call.model, index).name))].filter(
      (name) => name !== 'id' && COUNTED.includes(this.attributes.typeOf(call.model, name)),
    );
    if (names.length === 0) return 'no number';
    const { where = {} } = this.options.finder(call);
    const by = Object.fromEntries(names.map((name, index) => [name, call.by + index]));
    const method = call.down ? 'decrement' : 'increment';
    if (call.isOne) {
      const instance = await model.findByPk(call.by + 4);
      if (!instance) return 'nobody';
      await instance[method](by);
      return comparable(await instance.reload());
    }
    await model[method](call.isObject ? by : names, { by: call.by, where });
    return 'done';
  }

  async upsert({ row, id, isReturning, model: name }, model) {
    const values = { id: id + 1, ...this.options.row(row, name) };
    const options = isReturning && this.options.can('returning') ? { returning: true } : {};
    const [instance] = await model.upsert(values, options);
    return instance?.id ?? null;
  }

  async destroy(call, model) {
    const { where = {} } = this.options.finder(call);
    const options = { where, force: call.force };
    if (call.limit !== undefined && this.options.can('limitedWrites')) options.limit = call.limit;
    return model.destroy(options);
  }

  async destroyOne({ id, force, isRestored }, model) {
    const instance = await model.findByPk(id);
    if (!instance) return 'nobody';
    await instance.destroy({ force });
    if (isRestored && !force && model.options.paranoid) await instance.restore();
    return comparable(await model.findByPk(id));
  }

  async restore(call, model) {
    if (!model.options.paranoid) return 'not paranoid';
    const { where = {} } = this.options.finder(call);
    await model.restore({ where });
    return 'done';
  }

  async truncate() {
    await this.models.BookTag.truncate();
    return this.models.BookTag.count();
  }

  async findOrCreate({ attribute, row, what, model: name }, model) {
    const values = this.options.row(row, name);
    const chosen = this.attributes.at(name, attribute);
    if (TYPES[chosen.typeName].json || !(chosen.name in values)) return 'nothing to find';
    const where = { [chosen.name]: values[chosen.name] };
    if ((await model.count({ where, paranoid: false })) > 1) return 'more than one';
    const [instance, isNew] = await model[what]({ where, defaults: values });
    return { instance: isNew ? made(instance) : comparable(instance), isNew };
  }

  async tags({ id, tags, weight, what }) {
    const book = await this.models.Book.findByPk(id);
    if (!book) return 'nobody';
    const found = await this.models.Tag.findAll({ where: { id: tags }, order: ['id'] });
    if (what === 'has') return book.hasTags(found);
    if (what === 'count') return book.countTags();
    if (what === 'add') await book.addTags(found, { through: { weight } });
    if (what === 'set') await book.setTags(found);
    if (what === 'remove') await book.removeTags(found);
    return unordered(await book.getTags());
  }

  async createTag({ id, row, weight }) {
    const book = await this.models.Book.findByPk(id);
    if (!book) return 'nobody';
    await book.createTag(this.options.row(row, 'Tag'), { through: { weight } });
    return unordered(await book.getTags({ joinTableAttributes: ['weight'] }));
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

  async books({ id, of, row, what }) {
    const author = await this.models.Author.findByPk(id);
    if (!author) return 'nobody';
    if (what === 'create') return made(await author.createBook({ ...this.options.row(row, 'Book'), fanId: null }));
    const found = await this.models.Book.findAll({ where: { id: of }, order: ['id'] });
    if (what === 'add') await author.addBooks(found);
    if (what === 'set') await author.setBooks(found);
    if (what === 'remove') await author.removeBooks(found);
    return { has: await author.hasBooks(found), books: unordered(await author.getBooks()) };
  }

  /** belongsTo and hasOne. */
  async one({ id, other, what }) {
    const book = await this.models.Book.findByPk(id);
    const author = await this.models.Author.findByPk(other);
    if (!book) return 'nobody';
    if (what === 'author') await book.setAuthor(author);
    else if (author) await author.setFavourite(book);
    return { author: comparable(await book.getAuthor()), favourite: comparable(await author?.getFavourite()) };
  }
}

module.exports = { NOTHING_TO_UPDATE, Writes };
