'use strict';

// Inserts, updates and deletes as plans.

module.exports = (lib) => {
  const { Utils, DataTypes } = lib;
  const values = require('./values')(lib);
  const { tableOf } = require('./tables');
  const Conditions = require('./conditions')(lib);
  const { count } = require('./select')(lib);

  /** Attributes by their name and by their field. */
  function attributeMap(attributes) {
    const map = Object.create(null);
    for (const [name, attribute] of Object.entries(attributes ?? {})) {
      map[name] = attribute;
      if (attribute.field) map[attribute.field] = attribute;
    }
    return map;
  }

  const isVirtual = (attribute) => attribute.type instanceof DataTypes.VIRTUAL;

  class RowPlans {
    constructor(generator) {
      this.generator = generator;
      this.conditions = new Conditions(generator);
    }

    value(value, attribute, options) {
      if (value instanceof Utils.SequelizeMethod) return this.conditions.expression(value);
      return { v: values.typed(this.generator, value, attribute, options) };
    }

    insert(table, row, attributes, options) {
      const map = attributeMap(attributes);
      const columns = [];
      const cells = [];
      const hash = Utils.removeNullValuesFromHash(row, this.generator.options.omitNull);
      for (const [name, value] of Object.entries(hash)) {
        // The database counts; and a null would be one.
        if ((value === null || value === undefined) && map[name]?.autoIncrement) continue;
        columns.push(name);
        cells.push(this.value(value, map[name], { context: 'INSERT' }));
      }
      return { table: tableOf(table), columns, rows: [cells], ...this.insertOptions(options, attributes) };
    }

    bulkInsert(table, rows, options, attributes) {
      const map = attributeMap(attributes);
      const names = new Set();
      for (const row of rows) for (const name of Object.keys(row)) names.add(name);
      const isSet = (name) => rows.some((row) => row[name] !== null && row[name] !== undefined);
      let columns = [...names].filter((name) => !map[name]?.autoIncrement || isSet(name));
      // Rows without a single value: one column that takes its default carries them.
      if (columns.length === 0 && rows.length > 1) columns = [this.anyColumn(names, attributes)];
      const cell = (name, value) => {
        const missing = value === undefined || (value === null && map[name]?.autoIncrement);
        return missing ? { default: null } : this.value(value, map[name], { context: 'INSERT' });
      };
      const plan = {
        table: tableOf(table),
        columns,
        rows: rows.map((row) => columns.map((name) => cell(name, row[name]))),
      };
      return Object.assign(plan, this.insertOptions(options, attributes));
    }

    anyColumn(names, attributes) {
      const counted = Object.values(attributes ?? {}).find((attribute) => attribute.autoIncrement);
      return counted?.field ?? [...names][0] ?? Object.values(attributes ?? {})[0]?.field;
    }

    insertOptions(options, attributes) {
      const plan = {};
      if (options.updateOnDuplicate) {
        plan.onConflict = {
          columns: options.upsertKeys ?? [],
          where: options.conflictWhere && this.conditions.where(options.conflictWhere),
          update: options.updateOnDuplicate,
        };
      } else if (options.ignoreDuplicates) {
        plan.onConflict = {};
      }
      const returning = this.returning(options, attributes);
      if (returning) plan.returning = returning;
      return plan;
    }

    /** The fields to answer with, for `returning: true` or a list. */
    returning({ returning }, attributes) {
      if (!returning) return undefined;
      const names = Array.isArray(returning)
        ? returning.map((item) => (item instanceof Utils.Literal ? item.val : (item?.col ?? item)))
        : Object.values(attributes ?? {})
            .filter((attribute) => !isVirtual(attribute))
            .map((attribute) => attribute.field);
      return names.length > 0 ? names : ['*'];
    }

    update(table, row, where, options, attributes) {
      const map = attributeMap(attributes);
      const hash = Utils.removeNullValuesFromHash(row, options.omitNull, options);
      const set = Object.entries(hash).map(([name, value]) => [
        name,
        this.value(value, map[name], { context: 'UPDATE' }),
      ]);
      const plan = { table: tableOf(table), set, where: this.conditions.where(where, { model: options.model }) };
      const returning = this.returning(options, attributes);
      if (returning) plan.returning = returning;
      return Object.assign(plan, this.limit(options, options.model));
    }

    /** `SET n = n + 1`, with other columns beside it. */
    arithmetic(operator, table, where, amounts, extra, options) {
      const set = Object.entries(amounts).map(([name, amount]) => [
        name,
        { arith: [{ c: name }, operator, this.value(amount)] },
      ]);
      const map = attributeMap(options.model?.rawAttributes);
      for (const [name, value] of Object.entries(
        Utils.removeNullValuesFromHash(extra, this.generator.options.omitNull) ?? {},
      )) {
        set.push([name, this.value(value, map[name], { context: 'UPDATE' })]);
      }
      const plan = { table: tableOf(table), set, where: this.conditions.where(where, { model: options.model }) };
      const returning = this.returning(options, undefined);
      if (returning) plan.returning = returning;
      return plan;
    }

    delete(table, where, options, model) {
      return { table: tableOf(table), where: this.conditions.where(where, { model }), ...this.limit(options, model) };
    }

    limit(options, model) {
      const limit = count('limit', options.limit);
      if (!limit) return undefined;
      return { limit, primaryKey: Object.values(model?.primaryKeys ?? {}).map((key) => key.field) };
    }
  }

  return RowPlans;
};
