'use strict';

// The QueryInterface: schema changes as the contract's structured calls. Each runs through `sequelize.query`, so that
// transactions (CLS too), logging, benchmarks, retries and error classes are those of any statement; the text is for
// the log, `options[COMPILED]` is what is sent.

const COMPILED = require('./compiled-query');
const plans = require('./schema-plans');
const { transactions } = require('./transactions');

/** Options that mean something to a statement's run. The others belong to the model, the index or the constraint. */
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
    /** Runs a text of the query generator: as the call it stands for, or as the statement it is. */
    async _run(sql, options, type = QueryTypes.RAW) {
      const runOptions = { raw: true, type };
      for (const name of RUN_OPTIONS) {
        if (options?.[name] !== undefined) {
          runOptions[name] = options[name];
        }
      }
      const call = this.queryGenerator.schemaCall(sql);
      if (call) {
        runOptions[COMPILED] = call;
      }
      return this.sequelize.query(sql, runOptions);
    }

    /** A description from the server, or `otherwise` when there is no such table. */
    async _describe(sql, options, otherwise) {
      try {
        return await this._run(sql, options);
      } catch (error) {
        if (error.parent?.code === 'UNKNOWN_TABLE') {
          return otherwise(error);
        }
        throw error;
      }
    }

    // Databases and schemas.

    async createDatabase(database, options) {
      await this._run(this.queryGenerator.createDatabaseQuery(database), options);
    }

    async dropDatabase(database, options) {
      await this._run(this.queryGenerator.dropDatabaseQuery(database), options);
    }

    async createSchema(schema, options) {
      await this._run(this.queryGenerator.createSchema(schema), options);
    }

    async dropSchema(schema, options) {
      await this._run(this.queryGenerator.dropSchema(schema), options);
    }

    async dropAllSchemas(options) {
      const skip = options?.skip || [];
      // One after the other: tables of one schema may refer to those of another.
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
      return this._run(this.queryGenerator.versionQuery(), options);
    }

    // Tables.

    async createTable(tableName, attributes, options, model) {
      options = { ...options };
      const uniqueKeys = options.uniqueKeys && mapValues(options.uniqueKeys, (key) => ({ customIndex: true, ...key }));
      const table = tableOf(tableName, model?._schema || options.schema);
      const inSchema = { tableName: table.name, schema: table.schema };
      const columns = this.queryGenerator.attributesToSQL(attributes, {
        table: inSchema,
        context: 'createTable',
        withoutForeignKeyConstraints: options.withoutForeignKeyConstraints,
      });
      const sql = this.queryGenerator.createTableQuery(inSchema, columns, {
        ...options,
        uniqueKeys: uniqueKeys || model?.uniqueKeys,
      });
      await this._run(sql, options);
    }

    async dropTable(tableName, options) {
      const cascade = Boolean(options?.cascade || options?.force);
      await this._run(this.queryGenerator.dropTableQuery(tableName, { cascade }), options);
    }

    /**
     * Drops every table of the default schema at once, whichever way their foreign keys point; `skip` names the ones that
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
      await this._run(this.queryGenerator.renameTableQuery(before, after), options);
    }

    async showAllTables(options) {
      return this._run(this.queryGenerator.showTablesQuery(), options);
    }

    async tableExists(tableName, options) {
      return (await this._run(this.queryGenerator.tableExistsQuery(tableName), options)).length === 1;
    }

    async describeTable(tableName, options) {
      const schema = typeof options === 'string' ? options : options?.schema;
      const table = tableOf(tableName, schema);
      const sql = this.queryGenerator.describeTableQuery(table.name, table.schema);
      return this._describe(sql, typeof options === 'string' ? {} : options, () => {
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
      await this._run(this.queryGenerator.addColumnQuery(table, key, attribute), options);
    }

    async removeColumn(tableName, attributeName, options) {
      await this._run(this.queryGenerator.removeColumnQuery(tableName, attributeName), options);
    }

    async changeColumn(tableName, attributeName, dataTypeOrOptions, options) {
      const columns = this.queryGenerator.attributesToSQL(
        { [attributeName]: { ...this.normalizeAttribute(dataTypeOrOptions), field: attributeName } },
        { context: 'changeColumn', table: tableName },
      );
      await this._run(this.queryGenerator.changeColumnQuery(tableName, columns), options);
    }

    async renameColumn(tableName, attrNameBefore, attrNameAfter, options) {
      const sql = this.queryGenerator.renameColumnQuery(tableName, attrNameBefore, attrNameAfter);
      try {
        await this._run(sql, options);
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
      const sql = this.queryGenerator.addIndexQuery(tableName, index);
      await this._run(sql, options);
    }

    async removeIndex(tableName, indexNameOrAttributes, options) {
      await this._run(this.queryGenerator.removeIndexQuery(tableName, indexNameOrAttributes), options);
    }

    async showIndex(tableName, options) {
      return this._run(this.queryGenerator.showIndexesQuery(tableName), options);
    }

    // Constraints.

    async addConstraint(tableName, options) {
      if (!options.fields) {
        throw new Error('Fields must be specified through options.fields');
      }
      if (!options.type) {
        throw new Error('Constraint type must be specified through options.type');
      }
      const sql = this.queryGenerator.addConstraintQuery(tableName, Utils.cloneDeep(options));
      await this._run(sql, options);
    }

    async removeConstraint(tableName, constraintName, options) {
      try {
        await this._run(this.queryGenerator.removeConstraintQuery(tableName, constraintName), options);
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
      return this._run(this.queryGenerator.showConstraintsQuery(tableName, constraintName), options);
    }

    async getForeignKeyReferencesForTable(tableName, options) {
      // A table that is not there refers to nothing: `sequelize.drop()` asks about every model.
      return this._describe(this.queryGenerator.getForeignKeysQuery(tableName), options, () => []);
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

    // The values of an ENUM are a check of its column: there is no type to make or to drop beside it.

    async ensureEnums() {}

    async dropEnum() {}

    async dropAllEnums() {}
  };
};

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
