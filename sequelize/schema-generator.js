'use strict';

// The schema part of the query generator, as a mixin: the methods that Sequelize and libraries ask for text. What is
// said in PhantomDB SQL is answered as text. A question that only a structured call of the contract can answer is
// answered as a query, which `sequelize.query` takes as it takes text.

const plans = require('./schema-plans');
const schemaQueries = require('./schema-queries');

module.exports = (lib) => {
  const { tableOf, tableOfPath, nameOf, uniqueKeysOf, constraintOf } = plans(lib);
  const { ColumnTexts, SchemaQueries, write } = schemaQueries(lib);
  const { Utils } = lib;

  const unsupported = (feature) => {
    throw new Error(
      `PhantomDB has no ${feature}: keep what it would do in the application, for example in a model's hooks.`,
    );
  };

  return (Base) =>
    class SchemaGenerator extends Base {
      constructor(options) {
        super(options);
        /** The queries that the query interface runs. */
        this.schemaQueries = new SchemaQueries(this);
      }

      // Columns.

      attributesToSQL(attributes, options) {
        return new ColumnTexts(this.schemaQueries.columns(attributes, options));
      }

      attributeToSQL(attribute, options) {
        const key = options?.key || attribute.field || 'column';
        return write('column', this.schemaQueries.column(attribute, key, options));
      }

      addColumnQuery(table, key, attribute) {
        return this.schemaQueries.addColumn(table, key, attribute).sql;
      }

      removeColumnQuery(tableName, attributeName) {
        return this.schemaQueries.removeColumn(tableName, attributeName).sql;
      }

      changeColumnQuery(tableName, attributes) {
        const columns =
          ColumnTexts.columnsOf(attributes) ||
          Object.entries(attributes).map(([name, type]) => ({ name, type: write('dataType', { type, column: name }) }));
        return this.schemaQueries.changeColumns(tableName, columns).sql;
      }

      renameColumnQuery(tableName, attrBefore, attributes) {
        const to = typeof attributes === 'string' ? attributes : Object.keys(attributes)[0];
        return this.schemaQueries.renameColumn(tableName, attrBefore, to).sql;
      }

      // Tables.

      createTableQuery(tableName, attributes, options) {
        const columns = ColumnTexts.columnsOf(attributes);
        if (columns) {
          return this.schemaQueries.createTable(tableName, columns, options).sql;
        }
        return write('createTableWritten', {
          table: tableOf(tableName),
          columns: Object.entries(attributes).map(([name, definition]) => ({ name, definition })),
          constraints: uniqueKeysOf(options?.uniqueKeys),
        });
      }

      dropTableQuery(tableName, options) {
        return options?.cascade
          ? this.dropTablesQuery([tableOf(tableName)])
          : this.schemaQueries.dropTable(tableName).sql;
      }

      /** Drops several tables at once, and the foreign keys that other tables have to them. */
      dropTablesQuery(tables) {
        return write('dropTables', { tables, ifExists: true, cascade: true });
      }

      renameTableQuery(before, after) {
        return this.schemaQueries.renameTable(before, after).sql;
      }

      truncateTableQuery(tableName, options) {
        return write('truncate', {
          table: tableOf(tableName),
          restartIdentity: Boolean(options?.restartIdentity),
          cascade: Boolean(options?.cascade),
        });
      }

      describeTableQuery(tableName, schema) {
        return this.schemaQueries.describeTable(tableName, schema);
      }

      showTablesQuery() {
        return this.schemaQueries.showTables();
      }

      tableExistsQuery(tableName) {
        return this.schemaQueries.tableExists(tableName);
      }

      // Indexes.

      addIndexQuery(tableName, attributes, options, rawTablename) {
        options = Array.isArray(attributes) ? { ...options, fields: attributes } : attributes;
        return this.schemaQueries.addIndex(tableName, options, rawTablename).sql;
      }

      removeIndexQuery(tableName, indexNameOrAttributes, options) {
        const name =
          typeof indexNameOrAttributes === 'string'
            ? indexNameOrAttributes
            : Utils.nameIndex({ fields: indexNameOrAttributes }, nameOf(tableName)).name;
        const concurrently = Boolean(options?.concurrently);
        return write('dropIndex', { table: tableOfPath(tableName), name, ifExists: true, concurrently });
      }

      showIndexesQuery(tableName) {
        return this.schemaQueries.showIndexes(tableName);
      }

      // Constraints.

      addConstraintQuery(tableName, options) {
        return this.schemaQueries.addConstraint(tableName, options).sql;
      }

      getConstraintSnippet(tableName, options) {
        return write('constraint', constraintOf(tableName, options, this.schemaQueries.writers));
      }

      removeConstraintQuery(tableName, constraintName) {
        return this.schemaQueries.removeConstraint(tableName, constraintName).sql;
      }

      dropForeignKeyQuery(tableName, foreignKey) {
        return this.removeConstraintQuery(tableName, foreignKey);
      }

      showConstraintsQuery(tableName, constraintName) {
        return this.schemaQueries.showConstraints(tableName, constraintName);
      }

      getForeignKeysQuery(tableName) {
        return this.schemaQueries.foreignKeys(tableName);
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
        return this.schemaQueries.createDatabase(name).sql;
      }

      dropDatabaseQuery(name) {
        return this.schemaQueries.dropDatabase(name).sql;
      }

      listDatabasesQuery() {
        return this.schemaQueries.listDatabases();
      }

      versionQuery() {
        return this.schemaQueries.version();
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

      // Features that PhantomDB does not have.

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
