'use strict';

// The contract's description of a table (`TableSchema`) in the shapes that Sequelize's methods answer with.

const { typeNamed } = require('../driver/type-table.js');

/** `describeTable`: an object with the columns in the order of the table. */
function columns(schema) {
  const described = {};
  for (const column of schema.columns) {
    described[column.name] = {
      type: shownType(column),
      allowNull: column.allowNull,
      defaultValue: defaultValue(column),
      primaryKey: schema.primaryKey.includes(column.name),
      autoIncrement: column.autoIncrement,
      unique: isUnique(schema, column.name),
      comment: column.comment ?? null,
      ...(column.dataType?.values && { special: column.dataType.values }),
      ...referenceOf(schema, column.name),
    };
  }
  return described;
}

/** The name under which Sequelize, and what is built on it, knows the type. */
function shownType({ type, dataType }) {
  const name = typeNamed(dataType?.name)?.describedAs;
  const decimals = dataType?.precision === undefined ? '' : `(${dataType.precision})`;
  return name ? `${name}${decimals}` : type;
}

/** The default of a column: the value of a literal, or the text of an expression. */
function defaultValue({ default: text, dataType }) {
  if (text === undefined || text === null || /^null$/i.test(text)) {
    return null;
  }
  if (dataType?.wire === 'boolean' && /^(true|false|0|1)$/i.test(text)) {
    return /^(true|1)$/i.test(text);
  }
  const literal = /^'((?:[^']|'')*)'$/.exec(text);
  return literal ? literal[1].replace(/''/g, "'") : text;
}

function isUnique(schema, column) {
  return (
    schema.indexes.some(
      (index) => index.unique && !index.primary && index.fields.length === 1 && index.fields[0].column === column,
    ) ||
    schema.constraints.some(
      (constraint) =>
        constraint.type === 'unique' && constraint.columns.length === 1 && constraint.columns[0] === column,
    )
  );
}

function referenceOf(schema, column) {
  const key = schema.constraints.find(
    (constraint) =>
      constraint.type === 'foreignKey' && constraint.columns.length === 1 && constraint.columns[0] === column,
  );
  return key && { references: { model: key.references.table.name, key: key.references.columns[0] } };
}

/** `showIndex`, the primary key among them. */
function indexes(schema) {
  return schema.indexes.map((index) => ({
    name: index.name,
    tableName: schema.table.name,
    primary: index.primary,
    unique: index.unique,
    fields: index.fields.map((field) => ({
      attribute: field.column ?? field.expression,
      collate: field.collate,
      order: field.descending ? 'DESC' : 'ASC',
      length: undefined,
    })),
    where: index.where,
    definition: index.definition,
    type: undefined,
  }));
}

const CONSTRAINT_TYPES = {
  primaryKey: 'PRIMARY KEY',
  unique: 'UNIQUE',
  check: 'CHECK',
  foreignKey: 'FOREIGN KEY',
  default: 'DEFAULT',
};

/** `showConstraint`. */
function constraints(schema, name) {
  return schema.constraints
    .filter((constraint) => !name || constraint.name === name)
    .map((constraint) => ({
      constraintName: constraint.name,
      constraintType: CONSTRAINT_TYPES[constraint.type],
      tableName: schema.table.name,
      tableSchema: schema.table.schema,
      columnNames: constraint.columns ?? (constraint.column ? [constraint.column] : undefined),
      constraintCondition: constraint.expression ?? constraint.value,
      referenceTableName: constraint.references?.table.name,
      referenceTableSchema: constraint.references?.table.schema,
      referenceTableKeys: constraint.references?.columns,
      updateAction: constraint.references && (constraint.references.onUpdate ?? 'NO ACTION'),
      deleteAction: constraint.references && (constraint.references.onDelete ?? 'NO ACTION'),
    }));
}

/** `getForeignKeyReferencesForTable`: one entry for each column. `Deferrable` is the one of the caller's Sequelize. */
function foreignKeys(schema, database, Deferrable) {
  return schema.constraints
    .filter((constraint) => constraint.type === 'foreignKey')
    .flatMap(({ name, columns: own, references }) =>
      own.map((columnName, i) => ({
        constraintName: name,
        constraintCatalog: database,
        constraintSchema: schema.table.schema,
        tableCatalog: database,
        tableSchema: schema.table.schema,
        tableName: schema.table.name,
        columnName,
        referencedTableCatalog: database,
        referencedTableSchema: references.table.schema,
        referencedTableName: references.table.name,
        referencedColumnName: references.columns[i],
        onDelete: references.onDelete ?? 'NO ACTION',
        onUpdate: references.onUpdate ?? 'NO ACTION',
        deferrable: deferrability(references, Deferrable),
      })),
    );
}

function deferrability(references, Deferrable) {
  if (references.initiallyDeferred) {
    return Deferrable.INITIALLY_DEFERRED;
  }
  return references.deferrable ? Deferrable.INITIALLY_IMMEDIATE : Deferrable.NOT;
}

module.exports = { columns, indexes, constraints, foreignKeys };
