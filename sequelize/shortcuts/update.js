'use strict';

// A shorter way for `update` of a model and of an instance, without hooks: see save.js.

const {
  conditionOf,
  functionsOf,
  hasFunctions,
  hasOnly,
  hasRenamedAttributes,
  isEmpty,
  isPlain,
} = require('./conditions.js');
const { addTransaction } = require('./transaction.js');
const { areNames, defined, picked } = require('./values.js');
const validation = require('./validation.js');

const HOOKS = [...validation.HOOKS, 'beforeBulkUpdate', 'afterBulkUpdate'];

/** What Sequelize's `update` calls of a model, and the shorter way leaves out or repeats. */
const LEFT_OUT = [
  'runHooks',
  '_injectScope',
  '_defaultsOptions',
  '_baseMerge',
  '_conformIncludes',
  '_getDefaultTimestamp',
];

const DEFAULTS = {
  validate: true,
  hooks: true,
  individualHooks: false,
  returning: false,
  force: false,
  sideEffects: true,
};

/** The elements of lists, each once. */
const union = (...lists) => [...new Set(lists.flat())];

/**
 * The methods that take the place of those of `lib.Model` and of its prototype.
 *
 * @param {object} lib the parts of one copy of Sequelize
 */
module.exports = (lib) => {
  const { Model: Base, QueryTypes, Sequelize, Utils } = lib;
  const { update: updateRows } = Base;
  const { update: updateInstance } = Base.prototype;
  const isSurelyValid = validation(lib);
  const isOurs = conditionOf(lib, [], {});
  const hasChanged = hasFunctions(functionsOf(Base.prototype, ['changed']));
  const canUpdate = conditionOf(lib, HOOKS, functionsOf(Base, LEFT_OUT));

  /** The fields that values are written to when the options name none. */
  function fieldsOf({ tableAttributes, _timestampAttributes: { updatedAt } }, values) {
    const fields = Object.keys(values).filter((name) => Object.hasOwn(tableAttributes, name));
    if (updatedAt && !fields.includes(updatedAt)) fields.push(updatedAt);
    return fields;
  }

  /** Adds to the values what setters and data types make of them. @returns {object} an instance with the values */
  function instanceWith(Model, values, options) {
    const { updatedAt } = Model._timestampAttributes;
    const instance = Model.build(values);
    instance.set(updatedAt, values[updatedAt], { raw: true });
    if (options.sideEffects) {
      Object.assign(values, picked(instance.get(), instance._changed));
      options.fields = union(options.fields, Object.keys(values));
    }
    return instance;
  }

  /** The values as a validated instance has them. */
  async function validated(Model, values, options) {
    const instance = instanceWith(Model, values, options);
    const names = Object.keys(values);
    options.skip = undefined;
    if (isSurelyValid(instance, names)) return options.hooks ? picked(instance.dataValues, names) : values;
    const skip = Object.keys(Model.rawAttributes).filter((name) => !names.includes(name));
    const result = await instance.validate({ ...options, skip });
    return result?.dataValues ? picked(result.dataValues, names) : values;
  }

  /** @param {object} options a copy that nobody else has */
  async function update(Model, given, options) {
    const { updatedAt } = Model._timestampAttributes;
    const values = defined(given);
    if (options.fields) {
      for (const name of Object.keys(values)) if (!options.fields.includes(name)) delete values[name];
    } else {
      options.fields = fieldsOf(Model, values);
    }
    if (updatedAt && !options.silent) {
      values[updatedAt] = Model._getDefaultTimestamp(updatedAt) || Utils.now(Model.sequelize.options.dialect);
    }
    options.model = Model;
    const written = options.validate ? await validated(Model, values, options) : values;
    const names = Object.keys(written);
    if (names.length === 0 || (names.length === 1 && written[updatedAt])) return [0];
    return write(Model, written, options);
  }

  async function write(Model, values, options) {
    const { queryInterface, tableAttributes } = Model;
    const named = Utils.mapValueFieldNames(values, options.fields, Model);
    if (hasRenamedAttributes(Model)) Utils.mapOptionFieldNames(options, Model);
    options.hasTrigger = Model.options ? Model.options.hasTrigger : false;
    const table = Model.getTableName(options);
    const affected = await queryInterface.bulkUpdate(table, named, options.where, options, tableAttributes);
    return options.returning ? [affected.length, affected] : [affected];
  }

  function isSimple(Model, values, options) {
    if (!isPlain(values) || !isPlain(options) || !isPlain(options.where)) return false;
    if (options.individualHooks || options.include || (options.fields && !Array.isArray(options.fields))) return false;
    return areNames(Object.keys(values)) && canUpdate(Model) && hasOnly(Model._scope, ['where']);
  }

  const statics = {
    async update(values, givenOptions) {
      if (!isSimple(this, values, givenOptions)) return updateRows.call(this, values, givenOptions);
      const options = Object.assign({}, givenOptions);
      addTransaction(Sequelize, options);
      for (const name of Object.keys(DEFAULTS)) if (options[name] === undefined) options[name] = DEFAULTS[name];
      options.where = Utils.cloneDeep(options.where);
      if (!isEmpty(this._scope)) this._injectScope(options);
      this._paranoidClause(this, options);
      options.type = QueryTypes.BULKUPDATE;
      return update(this, values, options);
    },
  };

  const methods = {
    async update(given, givenOptions) {
      const isOptions = givenOptions === undefined || isPlain(givenOptions);
      const isKnown = isPlain(given) && isOptions && isOurs(this.constructor) && hasChanged(this);
      if (!isKnown) return updateInstance.call(this, given, givenOptions);
      const values = defined(given);
      const before = [...this._changed];
      const options = Object.assign({}, givenOptions);
      addTransaction(Sequelize, options);
      this.set(values, { ...options, attributes: options.fields });
      const sideEffects = [...this._changed].filter((name) => !before.includes(name));
      if (!options.fields) {
        options.fields = union(Object.keys(values), sideEffects).filter((name) => this._changed.has(name));
        options.defaultFields = options.fields;
      }
      return this.save(options);
    },
  };

  return { methods, statics };
};
