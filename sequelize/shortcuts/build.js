'use strict';

// A shorter way for `build` of a new instance from values. Sequelize's constructor copies the options and the values, and sets
// each value by itself, for the sake of setters, includes and paths into documents. Where there is none of these, the same
// instance is made without them. Every other call goes to Sequelize's own method.

const { conditionOf, isPlain } = require('./conditions.js');
const { areNames } = require('./values.js');

const NO_OPTIONS = Object.freeze({});

/**
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ statics: { build: Function } }}
 */
module.exports = (lib) => {
  const { Utils, instanceClassOf } = lib;
  const { cloneDeep, isEqual } = lib.lodash;
  const { build } = lib.Model;
  const isOurs = conditionOf(lib, [], {});

  /** The options that an instance keeps. */
  function keptOptions({ _schema, _schemaDelimiter }, options) {
    const kept = Object.assign({ isNewRecord: true, _schema, _schemaDelimiter }, options);
    if (kept.attributes) kept.attributes = kept.attributes.map((one) => (Array.isArray(one) ? one[1] : one));
    return kept;
  }

  /** What a data type makes of a value that is set. */
  function sanitized(instance, { _dataTypeSanitizers: sanitizers }, name, value, options) {
    if (value instanceof Utils.SequelizeMethod || !Object.hasOwn(sanitizers, name)) return value;
    return sanitizers[name].call(instance, value, options);
  }

  /** The default of each attribute that has one, and null for a primary key. */
  function defaultsOf({ _defaultValues: makers, _hasDefaultValues: has, primaryKeyAttributes }) {
    const defaults = {};
    if (has) {
      for (const name of Object.keys(makers)) {
        const value = makers[name]();
        const isShared = typeof value === 'object' && value !== null && !(value instanceof Utils.SequelizeMethod);
        defaults[name] = isShared ? cloneDeep(value) : value;
      }
    }
    for (const name of primaryKeyAttributes) if (!Object.hasOwn(defaults, name)) defaults[name] = null;
    return defaults;
  }

  /** @param {object} values a copy, of which those that have a default instead are removed */
  function setDefaults(instance, Model, values, defaults) {
    const { dialect } = Model.sequelize.options;
    const { createdAt, updatedAt, deletedAt } = Model._timestampAttributes;
    for (const name of [createdAt, updatedAt, deletedAt]) {
      if (!name || !defaults[name]) continue;
      instance.dataValues[name] = Utils.toDefaultValue(defaults[name], dialect);
      delete defaults[name];
    }
    for (const name of Object.keys(defaults)) {
      if (values[name] !== undefined) continue;
      const value = Utils.toDefaultValue(defaults[name], dialect);
      instance.dataValues[name] = sanitized(instance, Model, name, value, { raw: true });
      delete values[name];
    }
  }

  function isChanged(instance, Model, name, value, original, options) {
    if (value instanceof Utils.SequelizeMethod) return true;
    const compare = Model._dataTypeChanges[name];
    if (compare) return compare.call(instance, value, original, options);
    return value !== original && !isEqual(value, original);
  }

  function setValue(instance, Model, name, given, options) {
    if (!Object.hasOwn(Model.rawAttributes, name)) return;
    const { dataValues } = instance;
    const original = dataValues[name];
    if (original && Model._hasPrimaryKeys && Model.primaryKeyAttributes.includes(name)) return;
    const value = sanitized(instance, Model, name, given, options);
    if (isChanged(instance, Model, name, value, original, options)) {
      instance._previousDataValues[name] = original;
      instance._changed.add(name);
    }
    dataValues[name] = value;
  }

  /** True when each value is set by its name alone. */
  function isSimple({ prototype }, values, { attributes, include, raw, reset, isNewRecord = true }) {
    if (include || raw || reset || isNewRecord !== true || prototype._hasCustomSetters > 0) return false;
    if (attributes && !Array.isArray(attributes)) return false;
    return areNames(Object.keys(values));
  }

  function newInstance(Model, Instance, givenValues, given) {
    const values = Object.assign({}, givenValues);
    const options = keptOptions(Model, given);
    const instance = new Instance({}, {}, options);
    instance.isNewRecord = true;
    setDefaults(instance, Model, values, defaultsOf(Model));
    if (options.attributes) {
      for (const name of [...options.attributes, ...(Model._hasVirtualAttributes ? Model._virtualAttributes : [])]) {
        if (values[name] !== undefined) setValue(instance, Model, name, values[name], options);
      }
    } else {
      for (const name of Object.keys(values)) setValue(instance, Model, name, values[name], options);
    }
    return instance;
  }

  const statics = {
    build(values, options) {
      const given = options ?? NO_OPTIONS;
      const isKnown = isPlain(values) && isPlain(given) && isOurs(this) && isSimple(this, values, given);
      const Instance = isKnown ? instanceClassOf(this) : undefined;
      return Instance ? newInstance(this, Instance, values, given) : build.call(this, values, options);
    },
  };
  return { statics };
};
