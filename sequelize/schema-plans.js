'use strict';

// Sequelize's schema options as the types of the REST contract (`ColumnDefinition`, `Constraint`, `CreateIndex`). The
// translator writes them as text for the log, and the contract's calls carry them.

const { columnDefinition, reference } = require('./column-definition');
const { tableOf } = require('./flatten/tables');

const ACTIONS = ['NO ACTION', 'RESTRICT', 'CASCADE', 'SET NULL', 'SET DEFAULT'];

module.exports = (lib) => {
  const { DataTypes, Deferrable, Utils } = lib;

  /** A table for the methods in which Sequelize takes `schema.table` in one string, which may be quoted already. */
  function tableOfPath(table) {
    if (typeof table !== 'string' || !table.includes('.')) {
      return tableOf(typeof table === 'string' ? unquoted(table) : table);
    }
    const parts = table.split('.').map(unquoted);
    const name = parts.pop();
    return { name, schema: parts.join('.') };
  }

  const unquoted = (name) => Utils.removeTicks(Utils.removeTicks(name, '"'), '`');

  function actionOf(action, option) {
    if (!action) {
      return undefined;
    }
    const upper = String(action).trim().toUpperCase();
    if (!ACTIONS.includes(upper)) {
      throw new Error(`${option} must be one of ${ACTIONS.join(', ')}; it is ${JSON.stringify(action)}`);
    }
    return upper;
  }

  /** The contract's two flags for a type of `Deferrable`, given as the class or as an instance. */
  function deferrableOf(deferrable) {
    const is = (type) => deferrable === type || deferrable instanceof type;
    if (!deferrable || is(Deferrable.NOT)) {
      return {};
    }
    if (is(Deferrable.INITIALLY_DEFERRED)) {
      return { deferrable: true, initiallyDeferred: true };
    }
    if (is(Deferrable.INITIALLY_IMMEDIATE)) {
      return { deferrable: true };
    }
    throw new Error(
      'A constraint can be Deferrable.NOT, Deferrable.INITIALLY_IMMEDIATE or Deferrable.INITIALLY_DEFERRED.',
    );
  }

  /** The plan of a type, which the translator checks and normalizes. */
  function dataTypeOf(attribute, column) {
    const type = attribute.type;
    if (!type) {
      throw new Error(`The column "${column}" has no type.`);
    }
    if (type instanceof DataTypes.ENUM) {
      const values = attribute.values || type.values || [];
      if (values.length === 0) {
        throw new Error(`The values of the ENUM column "${column}" have not been defined.`);
      }
      return { type: 'ENUM', values: values.map(String), column };
    }
    return { type: typeof type === 'string' ? type : type.toSql({ attribute: column }), column };
  }

  function referenceOf(attribute, options) {
    const { references } = attribute;
    if (!references || options.withoutForeignKeyConstraints) {
      return undefined;
    }
    const model = typeof references === 'string' ? references : references.model;
    if (!model) {
      throw new Error(`The references of the column "${options.key}" name no model.`);
    }
    // A table that is named by a string alone is in the schema of the table that refers to it.
    const schema = options.schema || (typeof model === 'string' ? options.table?.schema : undefined);
    const actions = {
      onDelete: actionOf(attribute.onDelete, 'onDelete'),
      onUpdate: actionOf(attribute.onUpdate, 'onUpdate'),
    };
    return {
      ...reference(model, { key: references.key || undefined, ...actions }, schema),
      ...deferrableOf(references.deferrable),
    };
  }

  /**
   * A model's attribute as a `ColumnDefinition`. `write` has `dataType(plan)` and `value(value, attribute)`, which
   * return the text of a type and of a default.
   */
  function columnOf(attribute, name, options, write) {
    const { comment, defaultValue } = attribute;
    const written = {
      type: write.dataType(dataTypeOf(attribute, name)),
      defaultValue: Utils.defaultValueSchemable(defaultValue) ? write.value(defaultValue, attribute) : undefined,
      references: referenceOf(attribute, { ...options, key: name }),
    };
    const column = columnDefinition(name, attribute, written);
    // Sequelize ignores a comment that is not text.
    return typeof comment === 'string' ? column : { ...column, comment: undefined };
  }

  /** A `CreateTable`. Several key columns become one constraint, and named unique keys become constraints. */
  function createTableOf(table, columns, options) {
    const keys = columns.filter((column) => column.primaryKey).map((column) => column.name);
    const constraints = uniqueKeysOf(options.uniqueKeys);
    if (keys.length > 1) {
      columns = columns.map((column) =>
        column.primaryKey ? { ...column, primaryKey: false, allowNull: false } : column,
      );
      constraints.unshift({ type: 'primaryKey', columns: keys });
    }
    return {
      table,
      columns,
      constraints,
      ifNotExists: true,
      comment: typeof options.comment === 'string' && options.comment ? options.comment : undefined,
    };
  }

  function uniqueKeysOf(uniqueKeys) {
    return Object.entries(uniqueKeys || {})
      .filter(([, key]) => key.customIndex)
      .map(([name, key]) => ({
        type: 'unique',
        name: typeof key.name === 'string' ? key.name : name,
        columns: key.fields.map(fieldName),
      }));
  }

  function fieldName(field) {
    const name = typeof field === 'string' ? field : field?.attribute || field?.name;
    if (!name) {
      throw new Error(`The following index field has no name: ${JSON.stringify(field)}`);
    }
    return name;
  }

  /** The options of `addConstraint` as a `Constraint`. `write` has `condition(where)` and `value(value)`. */
  function constraintOf(table, options, write) {
    const columns = options.fields.map(fieldName);
    const name = (suffix) => options.name || [nameOf(table), ...columns, suffix].join('_');
    const type = options.type.toUpperCase();
    if (options.deferrable && ['UNIQUE', 'PRIMARY KEY'].includes(type) && deferrableOf(options.deferrable).deferrable) {
      throw new Error(`PhantomDB defers only foreign keys; a ${type} constraint is always checked at once.`);
    }
    switch (type) {
      case 'UNIQUE':
        return { type: 'unique', name: name('uk'), columns };
      case 'PRIMARY KEY':
        return { type: 'primaryKey', name: name('pk'), columns };
      case 'CHECK':
        return { type: 'check', name: name('ck'), expression: write.condition(options.where) };
      case 'DEFAULT':
        if (options.defaultValue === undefined) {
          throw new Error('Default value must be specified for DEFAULT CONSTRAINT');
        }
        if (columns.length !== 1) {
          throw new Error('A DEFAULT constraint is for one field.');
        }
        return { type: 'default', name: name('df'), column: columns[0], value: write.value(options.defaultValue) };
      case 'FOREIGN KEY':
        return { type: 'foreignKey', ...foreignKeyOf(table, options, columns) };
      default:
        throw new Error(`${options.type} is invalid.`);
    }
  }

  const nameOf = (table) => (typeof table === 'string' ? unquoted(table) : table.tableName || table.name);

  function foreignKeyOf(table, options, columns) {
    const { references } = options;
    if (!references?.table || !(references.field || references.fields)) {
      throw new Error('references object with table and field must be specified');
    }
    const referenced = tableOf(references.table);
    return {
      name: options.name || [nameOf(table), ...columns, referenced.name, 'fk'].join('_'),
      columns,
      references: {
        table: referenced,
        columns: references.field === undefined ? references.fields : [references.field],
        onDelete: actionOf(options.onDelete, 'onDelete'),
        onUpdate: actionOf(options.onUpdate, 'onUpdate'),
        ...deferrableOf(options.deferrable),
      },
    };
  }

  /**
   * The options of `addIndex` as a `CreateIndex`. `write` has `condition(where)` and `expression(method)`.
   */
  function indexOf(options, prefix, write) {
    options = lib.Model._conformIndex(Utils.nameIndex(options, prefix));
    return {
      name: options.name,
      unique: Boolean(options.unique),
      using: options.using,
      fields: options.fields.map((field) => indexFieldOf(field, options.operator, write)),
      where: options.where ? write.condition(options.where) : undefined,
      concurrently: options.concurrently ? true : undefined,
    };
  }

  function indexFieldOf(field, operator, write) {
    if (field instanceof Utils.SequelizeMethod) {
      return { expression: write.expression(field) };
    }
    const column = fieldName(field);
    const order = String(field.order || 'ASC').toUpperCase();
    if (order !== 'ASC' && order !== 'DESC') {
      throw new Error(
        `The order of the index field "${column}" must be ASC or DESC; it is ${JSON.stringify(field.order)}`,
      );
    }
    return { column, descending: order === 'DESC', collate: field.collate, operator: field.operator ?? operator };
  }

  return { tableOf, tableOfPath, nameOf, columnOf, createTableOf, uniqueKeysOf, constraintOf, indexOf };
};
