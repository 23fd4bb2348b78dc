'use strict';

// The QueryInterface, which changes schemas by the contract's structured calls. Each runs through `sequelize.query`, so
// that transactions (CLS too), logging, benchmarks, retries and error classes are those of any statement.

const { PhantomDBError } = require('../driver/phantomdb-error');
const { runThroughSequelize } = require('./compiled-query');
const plans = require('./schema-plans');
const { SyncChanges } = require('./sync-changes');
const { transactions } = require('./transactions');

/** The options of a run. The others belong to the model, the index or the constraint. */
const RUN_OPTIONS = [
  'transaction',
  'logging',
  'benchmark',
  'logQueryParameters',
  'retry',
  'useMaster',
  'searchPath',
  'signal',
  'traceparent',
  'tracestate',
];

module.exports = (lib) => {
  const { tableOf } = plans(lib);
  const { QueryTypes, Utils, errors } = lib;

  return class PhantomDBQueryInterface extends transactions(lib.QueryInterface, lib) {
    /** The changes that are collected while a model is synced. */
    _syncChanges = new SyncChanges();

    /** The queries that structured calls make. */
    get _queries() {
      return this.queryGenerator.schemaQueries;
    }

    /** Runs a query, or a statement as text. */
    async _run(query, options, type = QueryTypes.RAW) {
      const runOptions = { raw: true, type, native: false };
      for (const name of RUN_OPTIONS) {
        if (options?.[name] !== undefined) {
          runOptions[name] = options[name];
        }
      }
      return runThroughSequelize(this.sequelize, query, runOptions);
    }

    /** Makes the change of a table, or collects it while its model is synced. */
    async _alter(query, options) {
      const { table, operations } = query.body;
      if (!this._syncChanges.collect(table, operations, options)) {
        await this._run(query, options);
      }
    }

    /** A description from the server, or what `otherwise` returns when there is no such table. */
    async _describe(query, options, otherwise) {
      try {
        return await this._run(query, options);
      } catch (error) {
        if (error.parent?.code === 'UNKNOWN_TABLE') {
          return otherwise(error);
        }
        throw error;
      }
    }

    // Databases and schemas.

    async createDatabase(database, options) {
      await this._run(this._queries.createDatabase(database), options);
    }

    async dropDatabase(database, options) {
      await this._run(this._queries.dropDatabase(database), options);
    }

    async createSchema(schema, options) {
      await this._run(this.queryGenerator.createSchema(schema), options);
    }

    async dropSchema(schema, options) {
      await this._run(this.queryGenerator.dropSchema(schema), options);
    }

    async dropAllSchemas(options) {
      const skip = options?.skip || [];
      // They are dropped one after the other, since tables of one schema may refer to tables of another.
      for (const schema of await this.showAllSchemas(options)) {
        if (!skip.includes(schema)) {
          await this.dropSchema(schema, options);
        }
      }
    }

    async showAllSchemas(options) {
      const rows = await this._run(this.queryGenerator.showSchemasQuery(), options, QueryTypes.SELECT);
      return rows.map((row) => row.schema_name);
    }

    async databaseVersion(options) {
      return this._run(this._queries.version(), options);
    }

    // Tables.

    async createTable(tableName, attributes, options, model) {
      options = { ...options };
      const uniqueKeys = options.uniqueKeys && mapValues(options.uniqueKeys, (key) => ({ customIndex: true, ...key }));
      const table = tableOf(tableName, model?._schema || options.schema);
      const inSchema = { tableName: table.name, schema: table.schema };
      const columns = this._queries.columns(attributes, {
        table: inSchema,
        context: 'createTable',
        withoutForeignKeyConstraints: options.withoutForeignKeyConstraints,
      });
      const query = this._queries.createTable(inSchema, columns, {
        ...options,
        uniqueKeys: uniqueKeys || model?.uniqueKeys,
      });
      if (model) {
        await this._checkReferences(table, columns, options);
      }
      await this._run(query, options);
    }

    /**
     * Refuses a model whose foreign key points to a table that neither exists nor belongs to a model, so that nobody
     * will create it. The table of another model may come later: models are synced in any order.
     */
    async _checkReferences(table, columns, options) {
      const isModels = (target) =>
        isSameTable(table, target) ||
        this.sequelize.modelManager.all.some((model) => isSameTable(tableOf(model.getTableName()), target));
      for (const { name, references } of columns.filter((column) => column.references)) {
        const target = references.table;
        if (isModels(target)) {
          continue;
        }
        const query = this._queries.tableExists({ tableName: target.name, schema: target.schema });
        if ((await this._run(query, options)).length === 0) {
          const message = `the column "${name}" of "${table.name}" refers to the table "${target.name}", which does not exist and belongs to no model; names are case-sensitive`;
          const parent = new PhantomDBError({ code: 'UNKNOWN_TABLE', message });
          throw new errors.DatabaseError(parent);
        }
      }
    }

    async dropTable(tableName, options) {
      const query =
        options?.cascade || options?.force
          ? this.queryGenerator.dropTablesQuery([tableOf(tableName)])
          : this._queries.dropTable(tableName);
      await this._run(query, options);
    }

    /**
     * Drops every table of the default schema at once, whichever way their foreign keys point. `skip` names tables that
     * stay.
     */
    async dropAllTables(options) {
      const skip = (options?.skip || []).map((table) => tableOf(table).name);
      const { schema } = this.queryGenerator.options;
      const names = (await this.showAllTables(options)).filter((name) => !skip.includes(name));
      const tables = names.map((tableName) => tableOf({ tableName, schema }));
      if (tables.length > 0) await this._run(this.queryGenerator.dropTablesQuery(tables), options);
    }

    async renameTable(before, after, options) {
      await this._run(this._queries.renameTable(before, after), options);
    }

    async showAllTables(options) {
      return this._run(this._queries.showTables(), options);
    }

    async tableExists(tableName, options) {
      const exists = (await this._run(this._queries.tableExists(tableName), options)).length === 1;
      if (exists) {
        this._syncChanges.begin(tableOf(tableName), options);
      }
      return exists;
    }

    async describeTable(tableName, options) {
      const schema = typeof options === 'string' ? options : options?.schema;
      const table = tableOf(tableName, schema);
      const query = this._queries.describeTable(table.name, table.schema);
      return this._describe(query, typeof options === 'string' ? {} : options, () => {
        throw new Error(
          `No description found for "${table.name}" table. Check the table name and schema; remember, they _are_ case sensitive.`,
        );
      });
    }

    // Columns.

    async addColumn(table, key, attribute, options) {
      if (!table || !key || !attribute) {
        throw new Error('addColumn takes at least 3 arguments (table, attribute name, attribute definition)');
      }
      await this._alter(this._queries.addColumn(table, key, attribute), options);
    }

    async removeColumn(tableName, attributeName, options) {
      await this._alter(this._queries.removeColumn(tableName, attributeName), options);
    }

    async changeColumn(tableName, attributeName, dataTypeOrOptions, options) {
      const columns = this._queries.columns(
        { [attributeName]: { ...this.normalizeAttribute(dataTypeOrOptions), field: attributeName } },
        { context: 'changeColumn', table: tableName },
      );
      await this._alter(this._queries.changeColumns(tableName, columns), options);
    }

    async renameColumn(tableName, attrNameBefore, attrNameAfter, options) {
      try {
        await this._run(this._queries.renameColumn(tableName, attrNameBefore, attrNameAfter), options);
      } catch (error) {
        if (error.parent?.code === 'UNKNOWN_COLUMN') {
          throw new Error(`Table ${tableOf(tableName).name} doesn't have the column ${attrNameBefore}`, {
            cause: error,
          });
        }
        throw error;
      }
    }

    // Indexes.

    async addIndex(tableName, attributes, options) {
      if (!Array.isArray(attributes)) {
        options = attributes;
        attributes = options.fields;
      }
      const index = { ...Utils.cloneDeep(options), fields: attributes };
      await this._run(this._queries.addIndex(tableName, index), options);
    }

    async removeIndex(tableName, indexNameOrAttributes, options) {
      await this._run(this.queryGenerator.removeIndexQuery(tableName, indexNameOrAttributes, options), options);
    }

    async showIndex(tableName, options) {
      const table = tableOf(tableName);
      const operations = this._syncChanges.take(table, options);
      if (operations.length > 0) {
        await this._run(this._queries.alter(table, operations), options);
      }
      return this._run(this._queries.showIndexes(tableName), options);
    }

    // Constraints.

    async addConstraint(tableName, options) {
      if (!options.fields) {
        throw new Error('Fields must be specified through options.fields');
      }
      if (!options.type) {
        throw new Error('Constraint type must be specified through options.type');
      }
      await this._run(this._queries.addConstraint(tableName, Utils.cloneDeep(options)), options);
    }

    async removeConstraint(tableName, constraintName, options) {
      try {
        await this._alter(this._queries.removeConstraint(tableName, constraintName), options);
      } catch (error) {
        if (error.parent?.code !== 'UNKNOWN_CONSTRAINT') {
          throw error;
        }
        throw new errors.UnknownConstraintError({
          message: `Constraint ${constraintName} on table ${tableOf(tableName).name} does not exist`,
          constraint: constraintName,
          table: tableOf(tableName).name,
          parent: error.parent,
        });
      }
    }

    async showConstraint(tableName, constraintName, options) {
      return this._run(this._queries.showConstraints(tableName, constraintName), options);
    }

    async getForeignKeyReferencesForTable(tableName, options) {
      // `sequelize.drop()` asks about every model. A table that is not there refers to nothing.
      return this._describe(this._queries.foreignKeys(tableName), options, () => []);
    }

    async getForeignKeysForTables(tableNames, options) {
      const names = {};
      for (const tableName of tableNames) {
        const keys = await this.getForeignKeyReferencesForTable(tableName, options);
        const { name, schema } = tableOf(tableName);
        names[schema ? `${schema}.${name}` : name] = [...new Set(keys.map((key) => key.constraintName))];
      }
      return names;
    }

    // The values of an ENUM are a check of its column, so that there is no type to create or to drop.

    async ensureEnums() {}

    async dropEnum() {}

    async dropAllEnums() {}
  };
};

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function isSameTable(one, other) {
  return one.name === other.name && (one.schema || undefined) === (other.schema || undefined);
}
