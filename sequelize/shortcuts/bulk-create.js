'use strict';

// A shorter way for `bulkCreate` without hooks, includes and validation: see save.js. Sequelize builds an instance of each
// record before it has the rows written, and looks the attributes of each up several times. Here records with the same names
// share what the names decide (new-rows.js), and the instances are made of the answer.

const { conditionOf, functionsOf, hasFunctions, hasRenamedAttributes, isPlain } = require('./conditions.js');
const newRows = require('./new-rows.js');
const { addTransaction } = require('./transaction.js');

const HOOKS = ['beforeBulkCreate', 'afterBulkCreate'];

/** Options that ask for more. */
const OTHER = ['include', 'includeValidated', 'validate', 'individualHooks', 'updateOnDuplicate', 'ignoreDuplicates'];

const NO_OPTIONS = Object.freeze({});

/**
 * The method that takes the place of that of `lib.Model`.
 *
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ statics: { bulkCreate: Function } }}
 */
module.exports = (lib) => {
  const { DIALECT_NAME, Model: Base, Sequelize, Utils } = lib;
  const { bulkCreate } = Base;
  const NewRows = newRows(lib);
  const canCreate = conditionOf(lib, HOOKS, functionsOf(Base, ['runHooks']));
  const hasOfInstance = hasFunctions(functionsOf(Base.prototype, ['get', 'changed']));

  /** The options, which are a copy that nobody else has, in the order in which Sequelize completes them. */
  function completed(Model, given) {
    const own = Object.assign({}, given);
    addTransaction(Sequelize, own);
    own.model = Model;
    const defaults = { validate: false, hooks: true, individualHooks: false, ignoreDuplicates: false };
    const options = Object.assign(defaults, own);
    if (options.returning === undefined) options.returning = !options.association;
    options.fields = options.fields ? options.fields.slice() : Object.keys(Model.rawAttributes);
    if (Array.isArray(options.returning)) {
      options.returning = options.returning.map((name) => Model.rawAttributes[name]?.field ?? name);
    }
    return options;
  }

  function attributesByField({ rawAttributes, tableAttributes }) {
    const byField = {};
    for (const name in tableAttributes) byField[rawAttributes[name].field || name] = rawAttributes[name];
    return byField;
  }

  const isExpression = (value) => value instanceof Utils.SequelizeMethod;

  /**
   * True when the key of a row may be another than that of its record: when the database computes it, as with
   * `literal('gen_random_uuid()')`, and when another row is updated, which was found by another unique key.
   */
  function mayHaveOtherKey({ primaryKeyAttribute: key, rawAttributes, sequelize }, records, given) {
    if (key === undefined || sequelize?.dialect?.name !== DIALECT_NAME) return false;
    if (given?.updateOnDuplicate) return true;
    if (isExpression(rawAttributes[key].defaultValue)) return true;
    return Array.isArray(records) && records.some((record) => isExpression(record?.[key]));
  }

  /**
   * Sequelize's own method. For SQLite it keeps a key that an instance has, also when the database answers another; for
   * PostgreSQL it takes the answer. It reads the name before it waits for anything.
   */
  function ownBulkCreate(Model, records, given) {
    if (!mayHaveOtherKey(Model, records, given)) return bulkCreate.call(Model, records, given);
    const { options } = Model.sequelize;
    const { dialect } = options;
    options.dialect = 'postgres';
    try {
      return bulkCreate.call(Model, records, given);
    } finally {
      options.dialect = dialect;
    }
  }

  /** A function that gives the name under which an instance has a column of the answer. */
  function nameFinder({ rawAttributes }) {
    const attributes = Object.values(rawAttributes);
    const names = new Map();
    return (column) => {
      let name = names.get(column);
      if (name === undefined) {
        name = attributes.find(({ fieldName, field }) => fieldName === column || field === column)?.fieldName || column;
        names.set(column, name);
      }
      return name;
    };
  }

  /** Puts what came back into the values of the rows. A key that was given as a value stays. */
  function readBack(results, rows, Model) {
    const { primaryKeyAttribute: key } = Model;
    const nameOf = nameFinder(Model);
    const count = Math.min(results.length, rows.length);
    for (let i = 0; i < count; i++) {
      const result = results[i];
      const row = rows[i];
      for (const column of Object.keys(result)) {
        if (column !== key || !row.get(key) || isExpression(row.dataValues[key]))
          row.dataValues[nameOf(column)] = result[column];
      }
    }
  }

  /** Gives values that have the names of their columns those of their attributes. */
  function rename(rows, { rawAttributes }) {
    for (const [name, { field }] of Object.entries(rawAttributes)) {
      if (!field || field === name) continue;
      for (const { dataValues } of rows) {
        if (dataValues[field] === undefined) continue;
        dataValues[name] = dataValues[field];
        delete dataValues[field];
      }
    }
  }

  function isSimple(Model, records, options) {
    if (!Array.isArray(records) || !isPlain(options) || OTHER.some((name) => options[name])) return false;
    const { fields, returning, skip } = options;
    if ((fields && !Array.isArray(fields)) || skip !== undefined) return false;
    // Sequelize copies the options deeply.
    if (returning !== undefined && typeof returning !== 'boolean' && !isListOfNames(returning)) return false;
    return canCreate(Model) && hasOfInstance(Model.prototype);
  }

  const isListOfNames = (list) => Array.isArray(list) && list.every((name) => typeof name === 'string');

  const statics = {
    async bulkCreate(records, given) {
      const isShort = isSimple(this, records, given ?? NO_OPTIONS) && records.length > 0;
      if (!isShort) return ownBulkCreate(this, records, given);
      const now = Utils.now(this.sequelize.options.dialect);
      const options = completed(this, given);
      const rows = new NewRows(this, options.fields, now, records.length);
      for (const values of records) rows.add(values);
      const { made, written } = rows;
      const table = this.getTableName(options);
      const results = await this.queryInterface.bulkInsert(table, written, options, attributesByField(this));
      if (Array.isArray(results)) readBack(results, made, this);
      if (hasRenamedAttributes(this)) rename(made, this);
      return made.map((row) => row.instance());
    },
  };
  return { statics };
};
