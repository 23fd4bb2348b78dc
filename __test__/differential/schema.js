// Random schemas: what they are made of, and their models on a Sequelize.

const fc = require('fast-check');
const { DataTypes, Op } = require('sequelize');

const { TYPES, valueFor } = require('./values');

const FIELDS = ['plain', 'snake_case', 'two words', 'it"s', 'select', 'naïve', 'UPPER', 'a-b', "apo'strophe"];
const TABLES = [undefined, 'order', 'Two Words', 'snake_cases'];

const attribute = fc.record({
  type: fc.constantFrom(...Object.keys(TYPES)),
  /** Index of a field name that is not the attribute's, or none. */
  field: fc.option(fc.nat(FIELDS.length - 1), { nil: undefined }),
  required: fc.boolean(),
  initial: fc.option(fc.nat(20), { nil: undefined }),
  unique: fc.nat(7).map((n) => n === 0),
});

const model = fc.record({
  attributes: fc.array(attribute, { minLength: 1, maxLength: 5 }),
  table: fc.constantFrom(...TABLES),
  paranoid: fc.nat(3).map((n) => n === 0),
  timestamps: fc.nat(3).map((n) => n === 0),
});

const schema = fc.record({
  Author: model,
  Book: model,
  Tag: model,
  underscored: fc.boolean(),
});

const MODELS = ['Author', 'Book', 'Tag'];

/** Scopes that every model has. */
const SCOPES = ['few', 'ordered', 'limited', 'odd'];

const scopes = () => ({
  few: { where: { id: { [Op.lt]: 5 } } },
  ordered: { order: [['id', 'DESC']] },
  limited: () => ({ limit: 3, order: [['id', 'ASC']] }),
  odd: { where: { [Op.or]: [{ id: [1, 3, 5] }, { id: { [Op.gt]: 6 } }] } },
});

/** The attributes of a model by their names, `a0`, `a1` …: what `define` takes. */
function attributesOf({ attributes }, can) {
  const fields = can('quotedNames') ? FIELDS : FIELDS.map((field) => field.replaceAll(/['"]/g, ''));
  const defined = {};
  const taken = new Set();
  for (const [index, item] of attributes.entries()) {
    const type = TYPES[item.type];
    const fit = !type.json && item.type !== 'blob';
    defined[`a${index}`] = {
      type: type.type(),
      allowNull: !item.required,
      ...(item.unique && fit && item.type !== 'boolean' && { unique: true }),
      ...(item.initial !== undefined && fit && { defaultValue: valueFor(item.type, item.initial) }),
      ...(item.field !== undefined && !taken.has(item.field) && { field: fields[item.field] }),
    };
    taken.add(item.field);
  }
  return defined;
}

/** @param {(what: string) => boolean} can whether both sides can do it */
function defineModels(sequelize, schemaOf, can) {
  const models = {};
  for (const name of MODELS) {
    const description = schemaOf[name];
    const table = description.table && `${description.table}${name === 'Author' ? '' : name}`;
    models[name] = sequelize.define(name, attributesOf(description, can), {
      timestamps: description.timestamps || description.paranoid,
      paranoid: description.paranoid,
      scopes: scopes(),
      ...(table && { tableName: table }),
    });
  }
  const { Author, Book, Tag } = models;
  const weight = { type: DataTypes.INTEGER, defaultValue: 1 };
  const BookTag = sequelize.define('BookTag', { weight }, { timestamps: false });
  const key = (name) =>
    schemaOf.underscored ? { name, field: name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) } : name;
  Author.hasMany(Book, { as: 'books', foreignKey: key('authorId') });
  Book.belongsTo(Author, { as: 'author', foreignKey: key('authorId') });
  // Unique, so that there is one: which of several a hasOne answers nobody says.
  const fan = schemaOf.underscored ? { name: 'fanId', field: 'fan_id' } : { name: 'fanId' };
  Author.hasOne(Book, { as: 'favourite', foreignKey: { ...fan, unique: true } });
  Author.belongsTo(Author, { as: 'boss', foreignKey: key('bossId') });
  Author.hasMany(Author, { as: 'team', foreignKey: key('bossId') });
  Book.belongsToMany(Tag, { as: 'tags', through: BookTag, foreignKey: key('bookId'), otherKey: key('tagId') });
  Tag.belongsToMany(Book, { as: 'tagged', through: BookTag, foreignKey: key('tagId'), otherKey: key('bookId') });
  return { ...models, BookTag };
}

module.exports = { schema, MODELS, SCOPES, defineModels };
