// Calls that read.

const { Op, QueryTypes, Sequelize } = require('sequelize');

const { comparable, unordered, rowsOf } = require('./answers');
const { SCOPES } = require('./schema');
const { TYPES } = require('./values');

const { fn } = Sequelize;

const NUMBER_TEXT = /^-?\d+(\.\d+)?$/;

class Reads {
  constructor(options, sequelize) {
    this.options = options;
    this.attributes = options.attributes;
    this.models = options.models;
    this.sequelize = sequelize;
  }

  /** The model of a call, in the scopes that it names. */
  scoped(call, model) {
    const names = new Set((call.scopes ?? []).map((index) => SCOPES[index]));
    if (!this.options.can('limits')) names.delete('limited');
    return names.size > 0 ? model.scope([...names]) : model;
  }

  async findAll(call, model) {
    const options = this.options.finder(call);
    return rowsOf(await this.scoped(call, model).findAll(options), options);
  }

  async findOne(call, model) {
    return comparable(await this.scoped(call, model).findOne(this.options.finder({ ...call, limit: undefined })));
  }

  async findAndCountAll(call, model) {
    const options = { ...this.options.finder(call), distinct: call.distinct };
    const keep = options.order;
    const { count, rows } = await this.scoped(call, model).findAndCountAll(options);
    return { count, rows: rowsOf(rows, { ...options, order: keep }) };
  }

  async findByPk({ id, include, model: name }, model) {
    return comparable(await model.findByPk(id, this.options.finder({ kind: 'findByPk', model: name, include })));
  }

  async includeAll({ id, nested }, model) {
    return comparable(await model.findByPk(id, { include: { all: true, nested } }));
  }

  async count(call, model) {
    const options = { ...this.options.finder(call), distinct: call.distinct };
    const attribute = call.column !== undefined && this.attributes.at(call.model, call.column);
    if (attribute && !options.include && !TYPES[attribute.typeName].json) {
      options.col = this.attributes.field(call.model, attribute.name);
    }
    return this.scoped(call, model).count(options);
  }

  async aggregate(call, model) {
    const { name, typeName } = this.attributes.at(call.model, call.attribute);
    const type = TYPES[typeName];
    if (!type.ordered || (call.what === 'sum' && !type.number)) return 'no aggregate';
    const value = await model[call.what](name, this.options.finder(call));
    return comparable(typeof value === 'string' && NUMBER_TEXT.test(value) && type.number ? Number(value) : value);
  }

  async group(call, model) {
    const by = [...new Set(call.by.map((index) => this.attributes.at(call.model, index).name))];
    const kept = by.filter((name) => !TYPES[this.attributes.typeOf(call.model, name)].json);
    if (kept.length === 0) return 'no group';
    const chosen = this.attributes.at(call.model, call.of);
    const of = this.attributes.column({ model: call.model }, chosen.name);
    const counted = fn('COUNT', of);
    const summed = TYPES[chosen.typeName].number && chosen.typeName !== 'double' ? fn('SUM', of) : counted;
    const options = {
      ...this.options.finder(call),
      attributes: [...kept, [counted, 'n'], [summed, 's']],
      group: kept.map((name) => this.attributes.field(call.model, name)),
      raw: true,
    };
    if (call.having !== undefined) {
      const enough = Sequelize.where(counted, Op.gte, call.having);
      options.having = call.havingMore ? { [Op.and]: [enough, Sequelize.where(summed, { [Op.lt]: 100 })] } : enough;
    }
    const rows = await model.findAll(options);
    return unordered(rows.map((row) => ({ ...row, s: row.s === null ? null : Number(row.s) })));
  }

  async countGroups(call, model) {
    const { name, typeName } = this.attributes.at(call.model, call.by);
    if (TYPES[typeName].json) return 'no group';
    const field = this.attributes.field(call.model, name);
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

  /** A statement of the user's, with its value in one of the four ways. */
  async rawQuery({ attribute, value, how, shape, model: name }, model) {
    const { name: attributeName, typeName } = this.attributes.at(name, attribute);
    if (TYPES[typeName].json || ['boolean', 'blob', 'date', 'decimal'].includes(typeName)) return 'no raw query';
    const generator = this.sequelize.getQueryInterface().queryGenerator;
    const quote = (identifier) => generator.quoteIdentifier(identifier);
    const column = quote(this.attributes.field(name, attributeName));
    const place = { positional: '?', named: ':the_value', bind: '$1', namedBind: '$the_value' }[how];
    const alias = shape === 'nest' ? 'deep.er.value' : 'the value';
    const sql = `SELECT "id" AS ${quote('id')}, ${column} AS ${quote(alias)} FROM ${quote(model.getTableName())} AS t
      WHERE ${column} = ${place} OR (${column} > ${place === '?' ? '?' : place} AND 'a:b' <> '?') ORDER BY t."id"`;
    const given = this.attributes.value(typeName, value);
    const values = {
      positional: { replacements: [given, given] },
      named: { replacements: { the_value: given } },
      bind: { bind: [given] },
      namedBind: { bind: { the_value: given } },
    }[how];
    const shapes = {
      select: { type: QueryTypes.SELECT },
      raw: {},
      model: { model, mapToModel: true },
      nest: { type: QueryTypes.SELECT, nest: true },
      plain: { type: QueryTypes.SELECT, plain: true },
      fields: { type: QueryTypes.SELECT, fieldMap: { 'the value': 'mapped' } },
    };
    const answer = await this.sequelize.query(sql, { ...values, ...shapes[shape] });
    return comparable(shape === 'raw' ? answer[0] : answer);
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

module.exports = { Reads };
