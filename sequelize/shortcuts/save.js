'use strict';

// A shorter way for `save`, without hooks and includes: Sequelize copies the options deeply, compares lists of attributes with
// each other for hooks that might have changed them, and makes a validator. Every other call goes to Sequelize's own method.

const { conditionOf, functionsOf, hasFunctions, hasRenamedAttributes, isPlain } = require('./conditions.js');
const { addTransaction } = require('./transaction.js');
const validation = require('./validation.js');

const HOOKS = [...validation.HOOKS, 'beforeCreate', 'afterCreate', 'beforeUpdate', 'afterUpdate'];

/** What Sequelize's `save` calls of an instance, and of a model, and the shorter way leaves out or repeats. */
const OF_INSTANCE = ['validate', 'changed', 'get', 'where'];
const OF_MODEL = ['runHooks', '_getDefaultTimestamp'];

const NO_OPTIONS = Object.freeze({});

/**
 * The method that takes the place of that of `lib.Model.prototype`.
 *
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ methods: { save: Function } }}
 */
module.exports = (lib) => {
  const { Model: Base, Sequelize, Utils } = lib;
  const { save } = Base.prototype;
  const isSurelyValid = validation(lib);

  const hasOfModel = conditionOf(lib, HOOKS, functionsOf(Base, OF_MODEL));
  const hasOfInstance = hasFunctions(functionsOf(Base.prototype, OF_INSTANCE));

  /** The attributes to save when the options name none. */
  function fieldsOf(instance, names) {
    if (instance.isNewRecord) return names;
    return [...instance._changed].filter((name) => names.includes(name));
  }

  /** Completes the options, which are a copy that nobody else has. */
  function complete(instance, options) {
    const { constructor: Model, isNewRecord } = instance;
    const { _timestampAttributes: times, rawAttributes, primaryKeyAttribute: key } = Model;
    addTransaction(Sequelize, options);
    if (options.hooks === undefined) options.hooks = true;
    if (options.validate === undefined) options.validate = true;
    const isDefault = !options.fields || options.defaultFields === options.fields;
    options.fields = options.fields ? options.fields.slice() : fieldsOf(instance, Object.keys(rawAttributes));
    if (isDefault) options.defaultFields = options.fields;
    if (options.returning === undefined) {
      if (options.association) options.returning = false;
      else if (isNewRecord) options.returning = true;
    }
    const { fields } = options;
    if (times.updatedAt && fields.length > 0 && !fields.includes(times.updatedAt)) fields.push(times.updatedAt);
    if (!isNewRecord) {
      // Sequelize makes this copy for the fields that hooks may add.
      if (options.hooks && options.defaultFields) options.fields = fields.slice();
      return;
    }
    if (times.createdAt && !fields.includes(times.createdAt)) fields.push(times.createdAt);
    if (key && rawAttributes[key].defaultValue && !fields.includes(key)) fields.unshift(key);
  }

  /** Sets the timestamps of a row that is written. */
  function setTimes({ constructor: Model, isNewRecord, dataValues, sequelize }, { fields }) {
    const { createdAt, updatedAt } = Model._timestampAttributes;
    const now = Utils.now(sequelize.options.dialect);
    if (updatedAt && fields.includes(updatedAt)) dataValues[updatedAt] = Model._getDefaultTimestamp(updatedAt) || now;
    if (isNewRecord && createdAt && !dataValues[createdAt]) {
      dataValues[createdAt] = Model._getDefaultTimestamp(createdAt) || now;
    }
  }

  /** Has Sequelize validate an instance. It validates a change once more, for attributes that a hook might have changed. */
  async function validate(instance, options) {
    await instance.validate(options);
    if (instance.isNewRecord || !options.hooks || !options.defaultFields) return;
    await instance.validate({ ...options, skip: Object.keys(instance.constructor.rawAttributes) });
  }

  /** Writes the row. Resolves to the instance that has what came back. */
  async function write(instance, values, options) {
    const { constructor: Model } = instance;
    const table = Model.getTableName(options);
    const { queryInterface } = Model;
    const [result] = instance.isNewRecord
      ? await queryInterface.insert(instance, table, values, options)
      : await queryInterface.update(instance, table, values, instance.where(true), options);
    return result;
  }

  /** Gives the values their attributes' names again, and the instance those that it does not have. */
  function readValues(result, values, Model) {
    for (const [name, { field }] of Object.entries(Model.rawAttributes)) {
      if (!field || field === name || values[field] === undefined) continue;
      values[name] = values[field];
      delete values[field];
    }
    Object.assign(values, result.dataValues);
    Object.assign(result.dataValues, values);
  }

  async function saveInstance(instance, options) {
    const { constructor: Model } = instance;
    const { fields } = options;
    const key = Model.primaryKeyAttribute;
    if (!instance.isNewRecord && key && instance.dataValues[key] === undefined) throw new Error(NO_KEY);
    setTimes(instance, options);
    if (options.validate && !isSurelyValid(instance, fields)) await validate(instance, options);
    if (fields.every((name) => Model._virtualAttributes.has(name))) return instance;
    if (instance._changed.size === 0 && !instance.isNewRecord) return instance;
    const values = Utils.mapValueFieldNames(instance.dataValues, fields, Model);
    const result = await write(instance, values, options);
    if (result !== instance || hasRenamedAttributes(Model)) readValues(result, values, Model);
    for (const name of fields) {
      result._previousDataValues[name] = result.dataValues[name];
      instance._changed.delete(name);
    }
    instance.isNewRecord = false;
    return result;
  }

  /** True when an instance and the options ask for nothing that is left out. */
  function isSimple(instance, options) {
    const { constructor: Model } = instance;
    if (!isPlain(options) || options.silent || options.skip) return false;
    if (options.fields && !Array.isArray(options.fields)) return false;
    if (Model._versionAttribute || instance._options.include?.length) return false;
    return hasOfModel(Model) && hasOfInstance(instance);
  }

  const methods = {
    save(...args) {
      const [given] = args;
      if (args.length > 1 || !isSimple(this, given ?? NO_OPTIONS)) return save.apply(this, args);
      const options = Object.assign({}, given);
      complete(this, options);
      return saveInstance(this, options);
    },
  };
  return { methods };
};

const NO_KEY =
  'You attempted to save an instance with no primary key, this is not allowed since it would result in a global update';
