'use strict';

// Writes the parts of a model's source for one table: attributes, options, and a comment on everything else.

const { attribute, literal, source } = require('./attributes.js');

const TIMESTAMPS = { createdAt: ['createdAt', 'created_at'], updatedAt: ['updatedAt', 'updated_at'] };
const DELETED_AT = ['deletedAt', 'deleted_at'];

const constraintsOf = (schema, type) => schema.constraints.filter((constraint) => constraint.type === type);

/** The foreign keys of one column, which an attribute can express. */
function simpleKeys(schema) {
  return constraintsOf(schema, 'foreignKey').filter(({ columns }) => columns.length === 1);
}

/** The `unique` of each column, and the unique constraints that attributes cannot express. */
function uniques(schema) {
  const order = schema.columns.map(({ name }) => name);
  const byColumn = new Map();
  const others = [];
  for (const { name, columns } of constraintsOf(schema, 'unique')) {
    const positions = columns.map((column) => order.indexOf(column));
    const inOrder = positions.every((position, i) => i === 0 || position > positions[i - 1]);
    if (!inOrder || columns.some((column) => byColumn.has(column))) {
      others.push({ name, columns });
      continue;
    }
    const isUsual = columns.length === 1 && name === `${schema.table.name}_${columns[0]}_key`;
    for (const column of columns) {
      byColumn.set(column, isUsual ? true : name);
    }
  }
  return { byColumn, others };
}

function attributes(schema) {
  const { byColumn } = uniques(schema);
  const references = new Map(simpleKeys(schema).map((key) => [key.columns[0], key.references]));
  return schema.columns.map((column) =>
    attribute(column, {
      isPrimary: schema.primaryKey.includes(column.name),
      unique: byColumn.get(column.name),
      reference: references.get(column.name),
    }),
  );
}

/** An expression without parentheses around all of it: an index adds its own. */
function bare(expression) {
  let depth = 0;
  const closesAt = [...expression.replace(/'[^']*'|"[^"]*"/g, (quoted) => '.'.repeat(quoted.length))].findIndex(
    (char) => {
      depth += char === '(' ? 1 : char === ')' ? -1 : 0;
      return depth === 0;
    },
  );
  return expression.startsWith('(') && closesAt === expression.length - 1 ? expression.slice(1, -1) : expression;
}

function fieldSource({ column, expression, descending, collate }) {
  if (column === undefined) {
    return literal(bare(expression));
  }
  if (!descending && collate === undefined) {
    return source(column);
  }
  const parts = [`name: ${source(column)}`];
  if (descending) parts.push("order: 'DESC'");
  if (collate !== undefined) parts.push(`collate: ${source(collate)}`);
  return `{ ${parts.join(', ')} }`;
}

/** True when Sequelize can express the index: it has no direction for an expression. */
const isSayable = ({ fields }) => fields.every(({ column, descending }) => column !== undefined || !descending);

/** The indexes that do not back a key. */
const plainIndexes = (schema) => schema.indexes.filter((index) => !index.primary && index.definition);

function indexes(schema) {
  const made = plainIndexes(schema)
    .filter(isSayable)
    .map(({ name, unique, fields, where }) => {
      const parts = [`name: ${source(name)}`];
      if (unique) parts.push('unique: true');
      parts.push(`fields: [${fields.map(fieldSource).join(', ')}]`);
      if (where !== undefined) parts.push(`where: ${literal(where)}`);
      return `{ ${parts.join(', ')} }`;
    });
  const others = uniques(schema).others.map(
    ({ name, columns }) => `{ name: ${source(name)}, unique: true, fields: ${source(columns)} }`,
  );
  return [...made, ...others];
}

/** The options `timestamps` and `paranoid`, when the table has the columns for them. */
function timestamps(schema) {
  const find = (names) =>
    names.find((name) => schema.columns.some((column) => column.name === name && column.type === 'TIMESTAMP'));
  const found = Object.entries(TIMESTAMPS).map(([option, names]) => [option, find(names)]);
  if (found.some(([, name]) => name === undefined)) {
    return ['timestamps: false'];
  }
  const renamed = (option, name) => (option === name ? [] : [`${option}: ${source(name)}`]);
  const deletedAt = find(DELETED_AT);
  return [
    'timestamps: true',
    ...found.flatMap(([option, name]) => renamed(option, name)),
    ...(deletedAt === undefined ? [] : ['paranoid: true', ...renamed('deletedAt', deletedAt)]),
  ];
}

function options(schema) {
  const { name, schema: inSchema } = schema.table;
  const list = [`tableName: ${source(name)}`];
  if (inSchema !== undefined) list.push(`schema: ${source(inSchema)}`);
  list.push(...timestamps(schema));
  if (schema.comment) list.push(`comment: ${source(schema.comment)}`);
  const made = indexes(schema);
  if (made.length > 0) list.push(`indexes: [\n${made.map((index) => `      ${index},\n`).join('')}    ]`);
  return list;
}

/** The parts of the table that a model cannot express, for a comment. */
function unsaid(schema) {
  const checks = constraintsOf(schema, 'check').map(({ name, expression }) => `CHECK ${name}: ${expression}`);
  const keys = constraintsOf(schema, 'foreignKey')
    .filter(({ columns }) => columns.length > 1)
    .map(
      ({ name, columns, references }) =>
        `FOREIGN KEY ${name}: (${columns.join(', ')}) refers to ${references.table.name} (${references.columns.join(', ')})`,
    );
  const others = plainIndexes(schema)
    .filter((index) => !isSayable(index))
    .map(({ definition }) => definition);
  return [...checks, ...keys, ...others].map((line) => line.replace(/\s+/g, ' '));
}

module.exports = { attributes, options, simpleKeys, unsaid };
