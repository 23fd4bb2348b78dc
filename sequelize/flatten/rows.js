'use strict';

// The plans of inserts, updates and deletes.

const { isDate } = require('util').types;

const { toJson } = require('../../driver/json.js');
const { listMaker } = require('../../driver/row-objects.js');
const json = require('./json');
const { unwrapped } = require('./values');

module.exports = (lib) => {
  const { Utils, DataTypes } = lib;
  const { typed, converter } = require('./values')(lib);
  const Conditions = require('./conditions')(lib);
  const { countOf } = require('./select')(lib);

  const VirtualType = unwrapped(DataTypes.VIRTUAL);
  const INSERT = { context: 'INSERT' };
  const UPDATE = { context: 'UPDATE' };
  /** A cell for which the column's default is inserted. */
  const DEFAULT_CELL = { type: 'default' };

  /** Attributes by name and by field. */
  function attributeMap(attributes) {
    const map = new Map();
    for (const name of Object.keys(attributes ?? {})) {
      const attribute = attributes[name];
      map.set(name, attribute);
      if (attribute.field && attribute.field !== name) map.set(attribute.field, attribute);
    }
    return map;
  }

  const isVirtual = (attribute) => attribute.type instanceof VirtualType;
  const isMissing = (value) => value === null || value === undefined;

  function namesOf(rows) {
    const names = new Set();
    for (const row of rows) for (const name of Object.keys(row)) names.add(name);
    return names;
  }

  const areSame = (names, others) => names.length === others.length && names.every((name, i) => name === others[i]);

  /**
   * The columns of rows, each with the method that a row has for it, if any. A number that the database counts up is left
   * out when no row has one.
   *
   * @returns {Map<string, object | undefined>}
   */
  function rowColumns(rows, attributes) {
    const columns = new Map();
    const unset = new Set();
    let last = [];
    for (const row of rows) {
      const names = Object.keys(row);
      if (!areSame(names, last)) {
        for (const name of names) {
          if (columns.has(name)) continue;
          columns.set(name, undefined);
          if (attributes.get(name)?.autoIncrement) unset.add(name);
        }
        last = names;
      }
      for (const name of unset) if (!isMissing(row[name])) unset.delete(name);
    }
    for (const name of unset) columns.delete(name);
    return columns;
  }

  /** Notes the methods among the values of the columns. @param {unknown[][]} lists the values of the rows */
  function addMethods(columns, names, lists) {
    for (const list of lists) {
      for (let i = 0; i < list.length; i++) {
        const value = list[i];
        if (typeof value === 'object' && value instanceof Utils.SequelizeMethod) columns.set(names[i], value);
      }
    }
  }

  function convertAll(lists, place, convert) {
    for (const list of lists) list[place] = convert(list[place]);
  }

  /** Writes the plan of one statement. */
  class RowWriter {
    constructor(generator) {
      this.generator = generator;
      this.conditions = new Conditions(generator);
    }

    plan(table) {
      const name = json.table(table);
      return new json.Plan(this.conditions.values, name).add('table', name);
    }

    value(value, attribute, options) {
      if (value instanceof Utils.SequelizeMethod) return this.conditions.expression(value);
      return this.conditions.bound(typed(this.generator, value, attribute, options));
    }

    insert(table, row, attributes, options) {
      const map = attributeMap(attributes);
      const columns = [];
      const cells = [];
      const hash = Utils.removeNullValuesFromHash(row, this.generator.options.omitNull);
      for (const [name, value] of Object.entries(hash)) {
        // A null would be inserted; without the column the database assigns the next number.
        if (isMissing(value) && map.get(name)?.autoIncrement) continue;
        columns.push(name);
        cells.push(this.value(value, map.get(name), INSERT));
      }
      const plan = this.plan(table)
        .add('columns', json.strings(columns))
        .add('rows', json.array([json.array(cells)]));
      return this.addInsertOptions(plan, options, attributes);
    }

    bulkInsert(table, rows, attributes, options) {
      const map = attributeMap(attributes);
      const names = namesOf(rows);
      const isSet = (name) => rows.some((row) => !isMissing(row[name]));
      let columns = [...names].filter((name) => !map.get(name)?.autoIncrement || isSet(name));
      // Rows without any value are inserted through one column that takes its default.
      if (columns.length === 0 && rows.length > 1) columns = [this.anyColumn(names, attributes)];
      const cell = (name, value) => {
        const takesDefault = value === undefined || (value === null && map.get(name)?.autoIncrement);
        return takesDefault ? json.DEFAULT : this.value(value, map.get(name), INSERT);
      };
      const cells = rows.map((row) => json.array(columns.map((name) => cell(name, row[name]))));
      const plan = this.plan(table).add('columns', json.strings(columns)).add('rows', json.array(cells));
      return this.addInsertOptions(plan, options, attributes);
    }

    /**
     * The plan of an insert of one row, with the values of all rows beside it: `plan.rows`.
     *
     * @returns {object | undefined} nothing when a row has SQL of the user where another row has a value
     */
    rowsInsert(table, rows, attributes, options) {
      const map = attributeMap(attributes);
      const columns = rowColumns(rows, map);
      if (columns.size === 0) columns.set(this.anyColumn(namesOf(rows), attributes), undefined);
      const names = [...columns.keys()];
      const lists = rows.map(listMaker(names, rows.length));
      addMethods(columns, names, lists);
      const cells = [];
      const given = [];
      for (const [place, name] of names.entries()) {
        const method = columns.get(name);
        if (method) {
          const expression = this.sharedExpression(name, method, rows);
          if (expression === undefined) return undefined;
          cells.push(expression);
        } else {
          cells.push(json.bound(given.length, 's'));
          convertAll(lists, place, this.converterOf(map.get(name)));
          given.push(place);
        }
      }
      if (given.length === 0) return undefined;
      const plan = this.plan(table)
        .add('columns', json.strings(names))
        .add('rows', json.array([json.array(cells)]));
      plan.rows = toJson(
        given.length === names.length ? lists : lists.map((list) => given.map((place) => list[place])),
      );
      return this.addInsertOptions(plan, options, attributes);
    }

    /** The expression of a column that has the same SQL in each row, without values. */
    sharedExpression(name, first, rows) {
      const write = (method) => this.conditions.expression(method);
      const expression = write(first);
      const isSame = (value) =>
        value === first || (value instanceof Utils.SequelizeMethod && write(value) === expression);
      return rows.every((row) => isSame(row[name])) && this.conditions.values.length === 0 ? expression : undefined;
    }

    /** The function that writes the cells of a column. */
    converterOf(attribute) {
      const convert = converter(this.generator, attribute, INSERT);
      const isCounted = attribute?.autoIncrement === true;
      let last;
      let written;
      return (value) => {
        if (value === undefined || (isCounted && value === null)) return DEFAULT_CELL;
        if (typeof value !== 'object' || !isDate(value)) return convert(value);
        // Sequelize gives all rows the same object as their `createdAt`, and to write a Date takes a microsecond.
        if (value !== last) [last, written] = [value, convert(value)];
        return written;
      };
    }

    anyColumn(names, attributes) {
      const counted = Object.values(attributes ?? {}).find((attribute) => attribute.autoIncrement);
      return counted?.field ?? [...names][0] ?? Object.values(attributes ?? {})[0]?.field;
    }

    addInsertOptions(plan, options, attributes) {
      if (options.updateOnDuplicate) {
        const conflict = new json.ObjectText()
          .add('columns', json.strings(options.upsertKeys ?? []))
          .add('update', json.strings(options.updateOnDuplicate));
        if (options.conflictWhere) {
          // An engine finds a partial index by the text of its condition, so values are inlined.
          conflict.add(
            'where',
            this.conditions.inlined(() => this.conditions.where(options.conflictWhere)),
          );
        }
        plan.add('onConflict', conflict.json);
      } else if (options.ignoreDuplicates) {
        plan.add('onConflict', new json.ObjectText().json);
      }
      return this.addReturning(plan, options, attributes);
    }

    addReturning(plan, options, attributes) {
      const names = returning(options, attributes);
      if (names) plan.add('returning', json.strings(names));
      plan.returns = !!names;
      return plan;
    }

    update(table, row, where, options, attributes) {
      const map = attributeMap(attributes);
      const { omitNull = this.generator.options.omitNull } = options;
      const hash = Utils.removeNullValuesFromHash(row, omitNull, options);
      const set = Object.entries(hash).map(([name, value]) => [name, this.value(value, map.get(name), UPDATE)]);
      const plan = this.assignments(table, set, where, options);
      this.addReturning(plan, options, attributes);
      return this.addLimit(plan, options, options.model ?? options.instance?.constructor);
    }

    /** `SET n = n + 1`, and other columns in the same update. */
    arithmetic(operator, table, where, amounts, extra, options) {
      const set = Object.entries(amounts).map(([name, amount]) => [
        name,
        json.arithmetic(json.column(name), operator, this.value(amount)),
      ]);
      const map = attributeMap(options.model?.rawAttributes);
      const rest = Utils.removeNullValuesFromHash(extra, this.generator.options.omitNull) ?? {};
      for (const [name, value] of Object.entries(rest)) set.push([name, this.value(value, map.get(name), UPDATE)]);
      return this.addReturning(this.assignments(table, set, where, options), options);
    }

    assignments(table, set, where, { model }) {
      const pairs = set.map(([name, expression]) => json.array([json.string(name), expression]));
      const plan = this.plan(table).add('set', json.array(pairs));
      plan.setsNothing = set.length === 0;
      return plan.add('where', this.conditions.where(where, { model }));
    }

    delete(table, where, options, model) {
      const plan = this.plan(table).add('where', this.conditions.where(where, { model }));
      return this.addLimit(plan, options, model);
    }

    addLimit(plan, options, model) {
      const limit = countOf('limit', options.limit);
      if (!limit) return plan;
      const keys = Object.values(model?.primaryKeys ?? {}).map((key) => key.field);
      return plan.add('limit', limit).add('primaryKey', json.strings(keys));
    }
  }

  /** The fields that `returning` asks for: all of them, or those of a list. */
  function returning({ returning: wanted }, attributes) {
    if (!wanted) return undefined;
    const names = Array.isArray(wanted)
      ? wanted.map((item) => (item instanceof Utils.Literal ? item.val : (item?.col ?? item)))
      : Object.values(attributes ?? {})
          .filter((attribute) => !isVirtual(attribute))
          .map((attribute) => attribute.field);
    return names.length > 0 ? names : ['*'];
  }

  return { RowWriter, returning };
};
