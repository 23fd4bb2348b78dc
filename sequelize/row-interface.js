'use strict';

// The part of QueryInterface that reads and writes rows. Each method makes a plan, has it translated with bound values,
// and runs the query through `sequelize.query`, where logging, hooks, retries and transactions are.

const json = require('./flatten/json');
const { tableOf } = require('./flatten/tables');
const { CAPTURE } = require('./stream.js');

/** The most characters of rows in one request to a server, which takes 64 MiB by default. */
const REQUEST_MAX = 16 * 1024 * 1024;

module.exports = (lib) => {
  const { QueryTypes, Utils, DataTypes, runStatement } = lib;

  /**
   * Options with others over them. Not an object literal that spreads them with more behind: V8 gives each of those a
   * shape of its own, which takes microseconds to make and outlives what it was made for.
   */
  const withOptions = (options, others) => Object.assign({}, options, others);

  /** A whole number that a number of JavaScript cannot hold stays as it came. */
  function wholeNumber(value) {
    const number = Number.parseInt(value, 10);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** The result of an aggregate as its data type says, which Sequelize's `count`, `sum`, `min` and `max` give. */
  function convert(value, type) {
    if (value === null || value === undefined || !type) return value;
    if (type instanceof DataTypes.DECIMAL || type instanceof DataTypes.FLOAT) return Number.parseFloat(value);
    if (type instanceof DataTypes.INTEGER || type instanceof DataTypes.BIGINT) return wholeNumber(value);
    if (type instanceof DataTypes.DATE && !(value instanceof Date)) return new Date(value);
    return value;
  }

  return (Base) =>
    class extends Base {
      /** Runs a plan. `options` is a copy that the caller owns. */
      runPlan(kind, plan, options) {
        return runStatement(this.sequelize, this.queryGenerator.compile(kind, plan, options), options);
      }

      async select(model, tableName, optionsArg) {
        const options = withOptions(optionsArg, { type: QueryTypes.SELECT, model });
        const { [CAPTURE]: capture } = options;
        const plan = this.queryGenerator.selectPlan(tableName, options, model, {
          find: this.sequelize.dialect.isRemote && !capture,
        });
        if (capture) throw capture.take(this.queryGenerator.compile('select', plan, options), options);
        return this.runPlan('select', plan, options);
      }

      /** Runs a query of the generator. `options` is a copy that the caller owns. */
      runQuery(query, options) {
        return runStatement(this.sequelize, query, options);
      }

      async rawSelect(tableName, optionsArg, attributeSelector, model) {
        if (attributeSelector === undefined) throw new Error('Please pass an attribute selector!');
        // Only the plan of includes changes what it is given.
        const own = optionsArg?.include ? Utils.cloneDeep(optionsArg) : optionsArg;
        const options = { raw: true, plain: true, type: QueryTypes.SELECT, ...own };
        const plan = this.queryGenerator.selectPlan(tableName, options, model);
        const data = await this.runPlan('select', plan, options);
        if (!options.plain) return data;
        return convert(data ? data[attributeSelector] : null, options.dataType);
      }

      async insert(instance, tableName, values, optionsArg) {
        const model = instance?.constructor;
        const { hasTrigger } = model?.options ?? {};
        const options = withOptions(optionsArg, { hasTrigger, type: QueryTypes.INSERT, instance });
        const plan = this.queryGenerator.rows.insert(tableName, values, model?.rawAttributes, options);
        this.answerCounted(plan, model, options);
        const results = await this.runPlan('insert', plan, options);
        if (instance) results[0].isNewRecord = false;
        return results;
      }

      /** An instance needs the field that the database counts up, whether or not it asked. */
      answerCounted(plan, model, { ignoreDuplicates }) {
        const attribute = model?.autoIncrementAttribute && model.rawAttributes[model.autoIncrementAttribute];
        if (attribute && !ignoreDuplicates && !plan.returns) plan.add('returning', json.strings([attribute.field]));
      }

      async bulkInsert(tableName, records, optionsArg, attributes) {
        const options = withOptions(optionsArg, { type: QueryTypes.INSERT });
        if (records.length === 0) return [];
        // Sequelize leaves out the names that it does not know, and a duplicate would be ignored without a word.
        if (options.updateOnDuplicate?.length === 0) {
          throw new Error(
            `updateOnDuplicate has no attribute of ${options.model?.name ?? tableName} that can be updated`,
          );
        }
        const plan = this.bulkInsertPlan(tableName, records, attributes, options);
        if (!options.updateOnDuplicate) this.answerCounted(plan, options.model, options);
        const parts = this.sequelize.dialect.isRemote ? Math.ceil((plan.rows?.length ?? 0) / REQUEST_MAX) : 1;
        if (parts > 1) return this.insertParts(parts, tableName, records, optionsArg, attributes);
        const query = this.queryGenerator.compile('insert', plan, options);
        query.records = records;
        const results = await runStatement(this.sequelize, query, options);
        return results[0];
      }

      /** Inserts in several requests, all or nothing, what is too long for one. */
      async insertParts(parts, tableName, records, options, attributes) {
        const insertAll = async (transaction) => {
          const length = Math.ceil(records.length / parts);
          const results = [];
          for (let start = 0; start < records.length; start += length) {
            const part = records.slice(start, start + length);
            results.push(
              ...(await this.bulkInsert(tableName, part, withOptions(options, { transaction }), attributes)),
            );
          }
          return results;
        };
        if (!options.transaction) return this.sequelize.transaction({ logging: options.logging }, insertAll);
        const savepoint = await this.sequelize.transaction({
          transaction: options.transaction,
          logging: options.logging,
        });
        try {
          const results = await insertAll(savepoint);
          await savepoint.commit();
          return results;
        } catch (error) {
          await savepoint.rollback();
          throw error;
        }
      }

      /** A statement of one row with the rows beside it, unless one row is all or they differ in more than their values. */
      bulkInsertPlan(tableName, records, attributes, options) {
        const isOne = records.length === 1 || options.bind !== undefined;
        const plan = isOne ? undefined : this.queryGenerator.rows.rowsInsert(tableName, records, attributes, options);
        return plan ?? this.queryGenerator.rows.bulkInsert(tableName, records, attributes, options);
      }

      async upsert(tableName, insertValues, updateValues, _where, optionsArg) {
        const options = withOptions(optionsArg, {
          type: QueryTypes.UPSERT,
          updateOnDuplicate: Object.keys(updateValues),
        });
        options.upsertKeys = this.upsertKeys(options);
        const { model } = options;
        const plan = this.queryGenerator.rows.insert(tableName, insertValues, model.rawAttributes, options);
        plan.add('returningCreated', 'true');
        return this.runPlan('insert', plan, options);
      }

      /** The unique key by which an upsert finds its row: the one that is named, or one that the updated fields belong to. */
      upsertKeys({ model, conflictFields, updateOnDuplicate }) {
        if (conflictFields?.length > 0) return conflictFields;
        const primaryKeys = Object.values(model.primaryKeys).map((key) => key.field);
        const uniqueKeys = Object.values(model.uniqueKeys).map((key) => key.fields);
        const indexes = Object.values(model._indexes)
          .filter((index) => index.unique)
          .map((index) => index.fields);
        let keys = [];
        for (const field of updateOnDuplicate) {
          const found = [...uniqueKeys, ...indexes].find((fields) => fields.length > 0 && fields.includes(field));
          if (found) {
            keys = found;
            break;
          }
        }
        if (keys.length === 0 || updateOnDuplicate.some((field) => primaryKeys.includes(field))) keys = primaryKeys;
        return [...new Set(keys)];
      }

      async update(instance, tableName, values, identifier, optionsArg) {
        const model = instance.constructor;
        const { hasTrigger } = model.options;
        const options = withOptions(optionsArg, { hasTrigger, type: QueryTypes.UPDATE, instance });
        const plan = this.queryGenerator.rows.update(tableName, values, identifier, options, model.rawAttributes);
        if (plan.setsNothing) return [instance, 0];
        if (plan.returns) options.mapToModel = true;
        return this.runPlan('update', plan, options);
      }

      async bulkUpdate(tableName, values, identifier, optionsArg, attributes) {
        const options = withOptions(optionsArg, { type: QueryTypes.BULKUPDATE });
        const { name } = tableOf(tableName);
        options.model ??= this.sequelize.modelManager.models.find((model) => model.tableName === name);
        const plan = this.queryGenerator.rows.update(tableName, values, identifier, options, attributes);
        if (plan.setsNothing) return 0;
        if (plan.returns) options.mapToModel = true;
        return this.runPlan('update', plan, options);
      }

      async delete(instance, tableName, identifier, optionsArg) {
        const model = instance.constructor;
        const options = withOptions(optionsArg, { instance });
        for (const accessor of this.hookedCascades(model)) {
          const found = await instance[accessor](options);
          for (const child of found ? [].concat(found) : []) await child.destroy(options);
        }
        const plan = this.queryGenerator.rows.delete(tableName, identifier, {}, model);
        return this.runPlan('delete', plan, options);
      }

      /** Associations that `destroy` must walk itself, since their hooks are to run. */
      hookedCascades(model) {
        return Object.values(model.associations ?? {})
          .filter(({ options }) => options?.onDelete?.toLowerCase() === 'cascade' && options.useHooks === true)
          .map((association) => association.accessors.get);
      }

      async bulkDelete(tableName, where, optionsArg, model) {
        const options = { limit: null, ...Utils.cloneDeep(optionsArg) };
        if (options.truncate === true) {
          return this.sequelize.query(this.queryGenerator.truncateTableQuery(tableName, options), {
            ...options,
            native: false,
          });
        }
        const plan = this.queryGenerator.rows.delete(tableName, where, options, model);
        return this.runPlan('delete', plan, options);
      }

      async increment(model, tableName, where, amounts, extra, options) {
        return this.arithmetic('+', model, tableName, where, amounts, extra, options);
      }

      async decrement(model, tableName, where, amounts, extra, options) {
        return this.arithmetic('-', model, tableName, where, amounts, extra, options);
      }

      async arithmetic(operator, model, tableName, where, amounts, extra, optionsArg) {
        const options = { returning: true, ...Utils.cloneDeep(optionsArg), type: QueryTypes.UPDATE, model };
        const plan = this.queryGenerator.rows.arithmetic(operator, tableName, where, amounts, extra, options);
        return this.runPlan('update', plan, options);
      }
    };
};
