'use strict';

// A shorter way for `upsert` without hooks: see save.js.

const { conditionOf, functionsOf, isPlain } = require('./conditions.js');
const { addTransaction } = require('./transaction.js');
const { areNames, picked } = require('./values.js');
const validation = require('./validation.js');

const HOOKS = [...validation.HOOKS, 'beforeUpsert', 'afterUpsert'];

const NO_OPTIONS = Object.freeze({});

/**
 * The method that takes the place of that of `lib.Model`.
 *
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ statics: { upsert: Function } }}
 */
module.exports = (lib) => {
  const { Model: Base, Sequelize, Utils } = lib;
  const { upsert } = Base;
  const isSurelyValid = validation(lib);
  const canUpsert = conditionOf(lib, HOOKS, functionsOf(Base, ['runHooks', '_getDefaultTimestamp']));

  /** Gives values the time of a timestamp, unless the row has one. */
  function setTime(Model, name, now, row, ...others) {
    if (!name || row[name]) return;
    const field = Model.rawAttributes[name].field || name;
    const time = Model._getDefaultTimestamp(name) || now;
    for (const values of [row, ...others]) values[field] = time;
  }

  /** The row to insert, and the values to update it with. */
  function rowsOf(Model, values, instance, options) {
    const { rawAttributes, primaryKeyAttribute: key, primaryKeyField, _timestampAttributes: times } = Model;
    const changed = picked(instance.dataValues, instance._changed);
    const inserted = Utils.mapValueFieldNames(instance.dataValues, Object.keys(rawAttributes), Model);
    const updated = Utils.mapValueFieldNames(changed, options.fields, Model);
    const now = Utils.now(Model.sequelize.options.dialect);
    setTime(Model, times.createdAt, now, inserted);
    setTime(Model, times.updatedAt, now, inserted, updated);
    const hasKey = primaryKeyField in values || key in values;
    if (!hasKey && key && !rawAttributes[key].defaultValue) {
      delete inserted[primaryKeyField];
      delete updated[primaryKeyField];
    }
    return [inserted, updated];
  }

  const statics = {
    async upsert(values, given) {
      const isKnown =
        isPlain(values) && isPlain(given ?? NO_OPTIONS) && areNames(Object.keys(values)) && canUpsert(this);
      if (!isKnown) return upsert.call(this, values, given);
      const options = { hooks: true, returning: true, validate: true, ...given };
      addTransaction(Sequelize, options);
      const instance = this.build(values);
      options.model = this;
      options.instance = instance;
      options.fields ||= [...instance._changed];
      const isSure = !options.skip && isSurelyValid(instance, options.fields);
      if (options.validate && !isSure) await instance.validate(options);
      const rows = rowsOf(this, values, instance, options);
      const table = this.getTableName(options);
      const result = await this.queryInterface.upsert(table, ...rows, instance.where(), options);
      result[0].isNewRecord = false;
      return result;
    },
  };
  return { statics };
};
