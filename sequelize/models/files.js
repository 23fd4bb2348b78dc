'use strict';

// Writes the files: one for each table, and `init-models` with the associations.

const { key, typescriptType } = require('./attributes.js');
const { associations } = require('./associations.js');
const { attributes, options, unsaid } = require('./table.js');

const HEADER = '// Written by `phantomdb models`.';

const indented = (lines, depth) => lines.map((line) => `${' '.repeat(depth)}${line},\n`).join('');

function comment({ schema }) {
  const lines = unsaid(schema).map((line) => `//   ${line}\n`);
  return lines.length === 0
    ? ''
    : `// The table also has what a model cannot say; keep it in a migration:\n${lines.join('')}`;
}

const usesDeferrable = (parts) => parts.some((part) => part.includes('Deferrable.'));
const hasNoKey = ({ schema }) => schema.primaryKey.length === 0;

function javascriptModel(table) {
  const parts = attributes(table.schema);
  const define = `sequelize.define(
    '${table.modelName}',
    {
${indented(parts, 6)}    },
    {
${indented(options(table.schema), 6)}    },
  )`;
  const deferrable = usesDeferrable(parts) ? "const { Deferrable } = require('sequelize');\n\n" : '';
  return `'use strict';

${HEADER}
${comment(table)}
${deferrable}module.exports = (sequelize, DataTypes) => {
  const ${table.modelName} = ${define};
${hasNoKey(table) ? `  ${table.modelName}.removeAttribute('id');\n` : ''}  return ${table.modelName};
};
`;
}

function javascriptInit(tables) {
  return `'use strict';

${HEADER}

const { DataTypes } = require('sequelize');

/** Defines the models of the database on an instance of Sequelize, and their associations. */
module.exports = function initModels(sequelize) {
${tables.map(({ modelName }) => `  const ${modelName} = require('./${modelName}.js')(sequelize, DataTypes);\n`).join('')}
${associations(tables)
  .map((line) => `  ${line}\n`)
  .join('')}
  return { ${tables.map(({ modelName }) => modelName).join(', ')} };
};
`;
}

function declarations({ schema }) {
  return schema.columns.map((column) => {
    const type = typescriptType(column);
    const mayBeNull = column.allowNull && !schema.primaryKey.includes(column.name);
    const full = mayBeNull && type !== 'unknown' ? `${type} | null` : type;
    const isOptional = mayBeNull || column.autoIncrement || column.default !== undefined || isTimestamp(column.name);
    return `  declare ${key(column.name)}: ${isOptional ? `CreationOptional<${full}>` : full};\n`;
  });
}

const isTimestamp = (name) => /^(created|updated)(At|_at)$/.test(name);

function typescriptModel(table) {
  const { modelName } = table;
  const parts = attributes(table.schema);
  const imports = [
    'type CreationOptional',
    'DataTypes',
    ...(usesDeferrable(parts) ? ['Deferrable'] : []),
    'type InferAttributes',
    'type InferCreationAttributes',
    'Model',
    'type Sequelize',
  ];
  const declared = declarations(table).join('');
  const used = imports.filter((name) => name !== 'type CreationOptional' || declared.includes('CreationOptional<'));
  return `${HEADER}
${comment(table)}
import { ${used.join(', ')} } from 'sequelize';

export class ${modelName} extends Model<InferAttributes<${modelName}>, InferCreationAttributes<${modelName}>> {
${declared}}

export function define${modelName}(sequelize: Sequelize): typeof ${modelName} {
  ${modelName}.init(
    {
${indented(parts, 6)}    },
    {
      sequelize,
      modelName: '${modelName}',
${indented(options(table.schema), 6)}    },
  );
${hasNoKey(table) ? `  ${modelName}.removeAttribute('id');\n` : ''}  return ${modelName};
}
`
    .replaceAll('sequelize.literal(', 'literal(')
    .replace('Model, type', (found) =>
      /literal\(/.test(parts.join() + options(table.schema).join()) ? `literal, ${found}` : found,
    );
}

function typescriptInit(tables) {
  const names = tables.map(({ modelName }) => modelName);
  return `${HEADER}

import type { Sequelize } from 'sequelize';
${names.map((name) => `import { ${name}, define${name} } from './${name}';\n`).join('')}
/** Defines the models of the database on an instance of Sequelize, and their associations. */
export function initModels(sequelize: Sequelize) {
${names.map((name) => `  define${name}(sequelize);\n`).join('')}
${associations(tables)
  .map((line) => `  ${line}\n`)
  .join('')}
  return { ${names.join(', ')} };
}
`;
}

const LANGUAGES = {
  js: { model: javascriptModel, init: javascriptInit },
  ts: { model: typescriptModel, init: typescriptInit },
};

/**
 * The files by their names.
 *
 * @param {{ schema: object, modelName: string }[]} tables
 * @param {'js' | 'ts'} language
 */
function filesOf(tables, language) {
  const { model, init } = LANGUAGES[language];
  const files = Object.fromEntries(tables.map((table) => [`${table.modelName}.${language}`, model(table)]));
  return { ...files, [`init-models.${language}`]: init(tables) };
}

module.exports = { filesOf, languages: Object.keys(LANGUAGES) };
