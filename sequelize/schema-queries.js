'use strict';

// Queries about schemas, as the structured calls of the contract. Their texts are for the log, and are written when
// somebody asks for them.

const { toJson } = require('../driver/json');
const { translate } = require('../driver/native');
const { CompiledQuery } = require('./compiled-query');
const answers = require('./schema-answers');
const plans = require('./schema-plans');

/** The text of a plan. */
const write = (kind, plan) => translate(kind, toJson(plan)).sql;

/** Types whose texts are remembered. */
const TYPES_MAX = 1000;
const types = new Map();

/** A type as PhantomDB SQL declares it. The few types of an application are asked for again and again. */
function writeType(plan) {
  if (plan.values) return write('dataType', plan);
  let text = types.get(plan.type);
  if (text === undefined) {
    text = write('dataType', plan);
    if (types.size < TYPES_MAX) types.set(plan.type, text);
  }
  return text;
}

/** The answer of `attributesToSQL`: the text of each column under its name, and the columns as data. */
class ColumnTexts {
  #columns;

  constructor(columns) {
    this.#columns = columns;
    for (const column of columns) this[column.name] = write('column', column);
  }

  /** The columns, or `undefined` when `attributes` is another object. */
  static columnsOf(attributes) {
    return typeof attributes === 'object' && attributes !== null && #columns in attributes
      ? attributes.#columns
      : undefined;
  }
}

module.exports = (lib) => {
  const { tableOf, tableOfPath, columnOf, createTableOf, constraintOf, indexOf } = plans(lib);
  const { DataTypes, Deferrable, Utils } = lib;

  class SchemaQueries {
    #generator;

    constructor(generator) {
      this.#generator = generator;
    }

    get #database() {
      return this.#generator.sequelize.config.database;
    }

    #call(text, call, fields, { map, tolerated } = {}) {
      const body = { database: this.#database, ...fields };
      return CompiledQuery.call(text, { call, body, map, tolerated });
    }

    /** A change of a table by operations of the contract, all or nothing. */
    alter(table, operations) {
      return this.#call(() => write('alterTable', { table, operations }), 'alterTable', { table, operations });
    }

    /** A question about one table, which is answered from the description of the table. */
    #ask(plan, map) {
      return this.#call(() => write('show', plan), 'describeTable', { table: plan.table }, { map });
    }

    /** The functions by which plans get the texts they need. */
    get writers() {
      const generator = this.#generator;
      return {
        dataType: writeType,
        value: (value, attribute) => generator.escape(value, attribute),
        condition: (where) =>
          where instanceof Utils.SequelizeMethod
            ? generator.getWhereConditions(where)
            : generator.whereItemsQuery(where),
        expression: (method) => generator.handleSequelizeMethod(method),
      };
    }

    // Columns.

    /** Attributes as `ColumnDefinition`s, without the virtual ones. Of two attributes with one field the later counts. */
    columns(attributes, options) {
      const columns = new Map();
      for (const [key, given] of Object.entries(attributes)) {
        const attribute = this.#attribute(given);
        const name = attribute.field || key;
        if (!(attribute.type instanceof DataTypes.VIRTUAL)) {
          columns.set(name, columnOf(attribute, name, options || {}, this.writers));
        }
      }
      return [...columns.values()];
    }

    column(attribute, name, options) {
      return columnOf(this.#attribute(attribute), name, options || {}, this.writers);
    }

    /** The attribute with its type in the form of this dialect. The caller's object is left as it is. */
    #attribute(attribute) {
      const plain = Object.prototype.toString.call(attribute) === '[object Object]' && 'type' in attribute;
      const isType = attribute instanceof DataTypes.ABSTRACT;
      return this.#generator.sequelize.normalizeAttribute(plain && !isType ? { ...attribute } : { type: attribute });
    }

    addColumn(table, key, attribute) {
      const column = this.column(attribute, key, { table, context: 'addColumn' });
      return this.alter(tableOf(table), [{ op: 'addColumn', column }]);
    }

    removeColumn(table, name) {
      return this.alter(tableOf(table), [{ op: 'dropColumn', name }]);
    }

    changeColumns(table, columns) {
      return this.alter(
        tableOf(table),
        columns.map((column) => ({ op: 'changeColumn', column })),
      );
    }

    renameColumn(table, from, to) {
      return this.alter(tableOf(table), [{ op: 'renameColumn', from, to }]);
    }

    // Tables.

    createTable(table, columns, options) {
      const plan = createTableOf(tableOf(table), columns, options || {});
      return this.#call(() => write('createTable', plan), 'createTable', { table: plan });
    }

    dropTable(tableName) {
      const table = tableOf(tableName);
      const text = () => write('dropTables', { tables: [table], ifExists: true });
      return this.#call(text, 'dropTable', { table, ifExists: true });
    }

    renameTable(before, after) {
      return this.alter(tableOf(before), [{ op: 'renameTable', to: tableOf(after) }]);
    }

    describeTable(tableName, schema) {
      const table = tableOf(tableName, schema || this.#generator.options.schema);
      return this.#ask({ what: 'columns', table }, answers.columns);
    }

    #listTables(plan, isListed) {
      const map = ({ tables }) => tables.filter(isListed).map((table) => table.name);
      return this.#call(() => write('show', plan), 'listTables', {}, { map });
    }

    showTables() {
      const schema = this.#generator.options.schema || undefined;
      return this.#listTables({ what: 'tables', schema }, (table) => (table.schema || undefined) === schema);
    }

    tableExists(tableName) {
      const { name, schema } = tableOf(tableName);
      return this.#listTables(
        { what: 'table', table: { name, schema } },
        (table) => table.name === name && (table.schema || undefined) === schema,
      );
    }

    // Indexes and constraints.

    addIndex(tableName, options, rawTableName) {
      const table = tableOfPath(tableName);
      const prefix = options.prefix || rawTableName || tableName;
      const plain = typeof prefix === 'string' ? prefix.replace(/\./g, '_').replace(/["'`]/g, '') : prefix;
      const index = indexOf({ ...options }, plain, this.writers);
      return this.#call(() => write('createIndex', { table, index }), 'createIndex', { table, index });
    }

    showIndexes(tableName) {
      return this.#ask({ what: 'indexes', table: tableOf(tableName) }, answers.indexes);
    }

    addConstraint(tableName, options) {
      const constraint = constraintOf(tableName, options || {}, this.writers);
      return this.alter(tableOfPath(tableName), [{ op: 'addConstraint', constraint }]);
    }

    removeConstraint(tableName, name) {
      return this.alter(tableOfPath(tableName), [{ op: 'dropConstraint', name }]);
    }

    showConstraints(tableName, constraintName) {
      const name = constraintName || undefined;
      return this.#ask({ what: 'constraints', table: tableOf(tableName), name }, (schema) =>
        answers.constraints(schema, name),
      );
    }

    foreignKeys(tableName) {
      return this.#ask({ what: 'foreignKeys', table: tableOf(tableName) }, (schema) =>
        answers.foreignKeys(schema, this.#database, Deferrable),
      );
    }

    // Databases and the server.

    createDatabase(name) {
      const body = { name, ifNotExists: true };
      return CompiledQuery.call(() => write('createDatabase', body), { call: 'createDatabase', body });
    }

    dropDatabase(name) {
      const text = () => write('dropDatabase', { name, ifExists: true });
      return CompiledQuery.call(text, { call: 'dropDatabase', body: { name }, tolerated: 'UNKNOWN_DATABASE' });
    }

    listDatabases() {
      return CompiledQuery.call(() => write('show', { what: 'databases' }), {
        call: 'listDatabases',
        body: null,
        map: ({ databases }) => databases.map((name) => ({ name })),
      });
    }

    version() {
      return CompiledQuery.call(() => write('show', { what: 'version' }), {
        call: 'serverInfo',
        body: null,
        map: (info) => info.version,
      });
    }
  }

  return { ColumnTexts, SchemaQueries, write };
};
