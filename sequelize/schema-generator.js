'use strict';

// The schema part of the query generator, as a mixin. Each method makes plain data and lets the translator write the
// text. Where the contract has a structured call, the text is what the log shows and the call is what is made:
// `schemaCall` says which call a text that was written here stands for.

const { databaseCall } = require('./database-statement');
const { translate } = require('../driver/native');
const answers = require('./schema-answers');
const plans = require('./schema-plans');

/** So many texts are remembered for a caller who runs them by hand. */
const REMEMBERED_MAX = 1000;

module.exports = (lib) => {
  const { tableOf, tableOfPath, nameOf, columnOf, createTableOf, uniqueKeysOf, constraintOf, indexOf } = plans(lib);
  const { Utils, Deferrable } = lib;
  /** What `attributesToSQL` made, by the object it answered with. */
  const definitions = new WeakMap();

  const write = (kind, plan) => translate(kind, JSON.stringify(plan)).sql;
  const unsupported = (what) => {
    throw new Error(
      `PhantomDB has no ${what}: keep what it would do in the application, for example in a model's hooks.`,
    );
  };

  return (Base) =>
    class SchemaGenerator extends Base {
      constructor(options) {
        super(options);
        this._schemaCalls = new Map();
      }

      // Texts and the calls they stand for.

      /** The call that `sql` stands for, when one of these methods wrote it: `{ sql, call, body, map, tolerated }`. */
      schemaCall(sql) {
        return this._schemaCalls.get(sql) ?? databaseCall(sql);
      }

      /** `tolerated` is the code of a failure that means there was nothing to do. */
      _remember(sql, call, fields, map, tolerated) {
        const body = fields && { database: this.sequelize.config.database, ...fields };
        this._schemaCalls.delete(sql);
        if (this._schemaCalls.size >= REMEMBERED_MAX) {
          this._schemaCalls.delete(this._schemaCalls.keys().next().value);
        }
        this._schemaCalls.set(sql, { sql, call, body, map, tolerated });
        return sql;
      }

      _alter(table, operations) {
        return this._remember(write('alterTable', { table, operations }), 'alterTable', { table, operations });
      }

      /** What asks about one table, answered from its description. */
      _ask(plan, map) {
        return this._remember(write('show', plan), 'describeTable', { table: plan.table }, map);
      }

      /** How plans get the texts they need. */
      get _writers() {
        return {
          dataType: (plan) => write('dataType', plan),
          value: (value, attribute) => this.escape(value, attribute),
          condition: (where) =>
            where instanceof Utils.SequelizeMethod ? this.getWhereConditions(where) : this.whereItemsQuery(where),
          expression: (method) => this.handleSequelizeMethod(method),
        };
      }

      // Columns.

      /** Attributes as `ColumnDefinition`s, the virtual ones left out. Of two with one field the later counts. */
      _columns(attributes, options) {
        const columns = new Map();
        for (const [key, given] of Object.entries(attributes)) {
          const attribute = this._attribute(given);
          const name = attribute.field || key;
          if (!(attribute.type instanceof lib.DataTypes.VIRTUAL)) {
            columns.set(name, columnOf(attribute, name, options || {}, this._writers));
          }
        }
        return [...columns.values()];
      }

      /** The attribute with its type in the form of this dialect; the caller's object is left as it is. */
      _attribute(attribute) {
        const plain = Object.prototype.toString.call(attribute) === '[object Object]' && 'type' in attribute;
        const isType = attribute instanceof lib.DataTypes.ABSTRACT;
        return this.sequelize.normalizeAttribute(plain && !isType ? { ...attribute } : { type: attribute });
      }

      attributesToSQL(attributes, options) {
        const result = {};
        const columns = this._columns(attributes, options);
        for (const column of columns) {
          result[column.name] = write('column', column);
        }
        definitions.set(result, columns);
        return result;
      }

      attributeToSQL(attribute, options) {
        const key = options?.key || attribute.field || 'column';
        return write('column', columnOf(this._attribute(attribute), key, options || {}, this._writers));
      }

      // Tables.

      createTableQuery(tableName, attributes, options) {
        const table = tableOf(tableName);
        const columns = definitions.get(attributes);
        if (!columns) {
          return write('createTableWritten', {
            table,
            columns: Object.entries(attributes).map(([name, definition]) => ({ name, definition })),
            constraints: uniqueKeysOf(options?.uniqueKeys),
          });
        }
        const plan = createTableOf(table, columns, options || {});
        return this._remember(write('createTable', plan), 'createTable', { table: plan });
      }

      dropTableQuery(tableName, options) {
        const table = tableOf(tableName);
        if (options?.cascade) return this.dropTablesQuery([table]);
        return this._remember(write('dropTables', { tables: [table], ifExists: true }), 'dropTable', {
          table,
          ifExists: true,
        });
      }

      /** Several at once, and the foreign keys that other tables have to them. */
      dropTablesQuery(tables) {
        return write('dropTables', { tables, ifExists: true, cascade: true });
      }

      renameTableQuery(before, after) {
        return this._alter(tableOf(before), [{ op: 'renameTable', to: tableOf(after) }]);
      }

      truncateTableQuery(tableName, options) {
        return write('truncate', {
          table: tableOf(tableName),
          restartIdentity: Boolean(options?.restartIdentity),
          cascade: Boolean(options?.cascade),
        });
      }

      describeTableQuery(tableName, schema) {
        return this._ask(
          { what: 'columns', table: tableOf(tableName, schema || this.options.schema) },
          answers.columns,
        );
      }

      showTablesQuery() {
        const schema = this.options.schema || undefined;
        return this._remember(write('show', { what: 'tables', schema }), 'listTables', {}, ({ tables }) =>
          tables.filter((table) => (table.schema || undefined) === schema).map((table) => table.name),
        );
      }

      tableExistsQuery(tableName) {
        const { name, schema } = tableOf(tableName);
        return this._remember(
          write('show', { what: 'table', table: { name, schema } }),
          'listTables',
          {},
          ({ tables }) =>
            tables.filter((table) => table.name === name && (table.schema || undefined) === schema).map(() => name),
        );
      }

      addColumnQuery(table, key, attribute) {
        const options = { table, context: 'addColumn' };
        const column = columnOf(this._attribute(attribute), key, options, this._writers);
        return this._alter(tableOf(table), [{ op: 'addColumn', column }]);
      }

      removeColumnQuery(tableName, attributeName) {
        return this._alter(tableOf(tableName), [{ op: 'dropColumn', name: attributeName }]);
      }

      changeColumnQuery(tableName, attributes) {
        const columns =
          definitions.get(attributes) ||
          Object.entries(attributes).map(([name, type]) => ({ name, type: write('dataType', { type, column: name }) }));
        const operations = columns.map((column) => ({ op: 'changeColumn', column }));
        return this._alter(tableOf(tableName), operations);
      }

      renameColumnQuery(tableName, attrBefore, attributes) {
        const to = typeof attributes === 'string' ? attributes : Object.keys(attributes)[0];
        return this._alter(tableOf(tableName), [{ op: 'renameColumn', from: attrBefore, to }]);
      }

      // Indexes.

      addIndexQuery(tableName, attributes, options, rawTablename) {
        options = Array.isArray(attributes) ? { ...options, fields: attributes } : { ...attributes };
        const prefix = options.prefix || rawTablename || tableName;
        const named = typeof prefix === 'string' ? prefix.replace(/\./g, '_').replace(/["'`]/g, '') : prefix;
        const table = tableOfPath(tableName);
        const index = indexOf(options, named, this._writers);
        return this._remember(write('createIndex', { table, index }), 'createIndex', { table, index });
      }

      removeIndexQuery(tableName, indexNameOrAttributes) {
        const name =
          typeof indexNameOrAttributes === 'string'
            ? indexNameOrAttributes
            : Utils.nameIndex({ fields: indexNameOrAttributes }, nameOf(tableName)).name;
        return write('dropIndex', { table: tableOfPath(tableName), name, ifExists: true });
      }

      showIndexesQuery(tableName) {
        return this._ask({ what: 'indexes', table: tableOf(tableName) }, answers.indexes);
      }

      // Constraints.

      addConstraintQuery(tableName, options) {
        const constraint = constraintOf(tableName, options || {}, this._writers);
        return this._alter(tableOfPath(tableName), [{ op: 'addConstraint', constraint }]);
      }

      getConstraintSnippet(tableName, options) {
        return write('constraint', constraintOf(tableName, options, this._writers));
      }

      removeConstraintQuery(tableName, constraintName) {
        return this._alter(tableOfPath(tableName), [{ op: 'dropConstraint', name: constraintName }]);
      }

      dropForeignKeyQuery(tableName, foreignKey) {
        return this.removeConstraintQuery(tableName, foreignKey);
      }

      showConstraintsQuery(tableName, constraintName) {
        const name = constraintName || undefined;
        return this._ask({ what: 'constraints', table: tableOf(tableName), name }, (schema) =>
          answers.constraints(schema, name),
        );
      }

      getForeignKeysQuery(tableName) {
        return this._ask({ what: 'foreignKeys', table: tableOf(tableName) }, (schema) =>
          answers.foreignKeys(schema, this.sequelize.config.database, Deferrable),
        );
      }

      // Schemas, databases, the server.

      createSchema(schema) {
        return write('createSchema', { name: schema, ifNotExists: true });
      }

      dropSchema(schema) {
        const name = typeof schema === 'string' ? schema : schema?.schema || schema?.tableName;
        return write('dropSchema', { name, ifExists: true, cascade: true });
      }

      showSchemasQuery() {
        return write('show', { what: 'schemas' });
      }

      createDatabaseQuery(name) {
        const fields = { database: undefined, name, ifNotExists: true };
        return this._remember(write('createDatabase', { name, ifNotExists: true }), 'createDatabase', fields);
      }

      dropDatabaseQuery(name) {
        const sql = write('dropDatabase', { name, ifExists: true });
        return this._remember(sql, 'dropDatabase', { database: undefined, name }, undefined, 'UNKNOWN_DATABASE');
      }

      listDatabasesQuery() {
        return this._remember(write('show', { what: 'databases' }), 'listDatabases', null, (answer) =>
          answer.databases.map((name) => ({ name })),
        );
      }

      versionQuery() {
        return this._remember(write('show', { what: 'version' }), 'serverInfo', null, (info) => info.version);
      }

      // Transactions.

      deferConstraintsQuery(options) {
        return options.deferrable.toString(this);
      }

      setDeferredQuery(constraints) {
        return write('setConstraints', { constraints, deferred: true });
      }

      setImmediateQuery(constraints) {
        return write('setConstraints', { constraints, deferred: false });
      }

      setIsolationLevelQuery(value, options) {
        return options?.parent ? undefined : write('transaction', { action: 'setIsolationLevel', level: value });
      }

      startTransactionQuery(transaction) {
        return write(
          'transaction',
          transaction.parent ? { action: 'savepoint', name: transaction.name } : { action: 'begin' },
        );
      }

      commitTransactionQuery(transaction) {
        return transaction.parent ? undefined : write('transaction', { action: 'commit' });
      }

      rollbackTransactionQuery(transaction) {
        return write(
          'transaction',
          transaction.parent ? { action: 'rollbackTo', name: transaction.name } : { action: 'rollback' },
        );
      }

      // What PhantomDB has not.

      createTrigger() {
        unsupported('triggers');
      }
      dropTrigger() {
        unsupported('triggers');
      }
      renameTrigger() {
        unsupported('triggers');
      }
      createFunction() {
        unsupported('stored functions');
      }
      dropFunction() {
        unsupported('stored functions');
      }
      renameFunction() {
        unsupported('stored functions');
      }
    };
};
