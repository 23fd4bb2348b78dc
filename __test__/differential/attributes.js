// The attributes of the models by number, as calls name them.

const { Sequelize } = require('sequelize');

const { valueFor } = require('./values');

class Attributes {
  /**
   * @param {object} schema the description
   * @param {Record<string, typeof import('sequelize').Model>} models of this side
   */
  constructor(schema, models) {
    this.schema = schema;
    this.models = models;
  }

  descriptions(name) {
    return this.schema[name]?.attributes ?? [{ type: 'integer', name: 'weight' }];
  }

  /** `{ name, typeName }` of an attribute by its number; the primary key is one of them. */
  at(modelName, index) {
    const all = this.descriptions(modelName);
    const at = index % (all.length + 1);
    if (at === all.length) return { name: modelName === 'BookTag' ? 'weight' : 'id', typeName: 'integer' };
    return { name: all[at].name ?? `a${at}`, typeName: all[at].type };
  }

  /** The description of an attribute that is not the primary key. */
  own(modelName, index) {
    const all = this.descriptions(modelName);
    return { name: `a${index % all.length}`, ...all[index % all.length] };
  }

  typeOf(modelName, name) {
    return name === 'id' ? 'integer' : this.descriptions(modelName)[Number(name.slice(1))].type;
  }

  value(typeName, reference) {
    return reference === null ? null : valueFor(typeName, reference);
  }

  field(modelName, name) {
    return this.models[modelName].rawAttributes[name].field;
  }

  /** `col('Author.a0')`, by the alias of the table in the statement; one that writes has none. */
  column({ model, alias, isWrite }, name) {
    const field = this.field(model, name);
    return Sequelize.col(isWrite ? field : `${alias ?? model}.${field}`);
  }
}

module.exports = { Attributes };
