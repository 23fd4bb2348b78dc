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

/** What differs between the two kinds of modules. */
const SYNTAX = {
  commonjs: {
    strict: "'use strict';\n\n",
    imported: (what, from) => `const ${what} = require('${from}');`,
    exported: 'module.exports =',
  },
  module: {
    strict: '',
    imported: (what, from) => `import ${what} from '${from}';`,
    exported: 'export default',
  },
};

/** Lines of a function with an empty one behind them; nothing when there are none. */
const paragraph = (lines) => (lines.length > 0 ? `${lines.map((line) => `  ${line}\n`).join('')}\n` : '');

function javascriptModel(table, isModule) {
  const parts = attributes(table.schema);
  const define = `sequelize.define(
    '${table.modelName}',
    {
${indented(parts, 6)}    },
    {
${indented(options(table.schema), 6)}    },
  )`;
  const { strict, imported, exported } = SYNTAX[isModule ? 'module' : 'commonjs'];
  const deferrable = usesDeferrable(parts) ? `${imported('{ Deferrable }', 'sequelize')}\n\n` : '';
  return `${strict}${HEADER}
${comment(table)}
${deferrable}${exported} (sequelize, DataTypes) => {
  const ${table.modelName} = ${define};
${hasNoKey(table) ? `  ${table.modelName}.removeAttribute('id');\n` : ''}  return ${table.modelName};
};
`;
}

function javascriptInit(tables, isModule) {
  const { strict, imported, exported } = SYNTAX[isModule ? 'module' : 'commonjs'];
  const names = tables.map(({ modelName }) => modelName);
  return `${strict}${HEADER}

${imported('{ DataTypes }', 'sequelize')}
${names.map((name) => `${imported(`define${name}`, `./${name}.js`)}\n`).join('')}
/** Defines the models of the database on an instance of Sequelize, and their associations. */
${exported} function initModels(sequelize) {
${names.map((name) => `  const ${name} = define${name}(sequelize, DataTypes);\n`).join('')}
${paragraph(associations(tables))}  return { ${names.join(', ')} };
}${isModule ? '' : ';'}
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
    .replace(/sequelize\.literal\(/g, 'literal(')
    .replace('Model, type', (found) =>
      /literal\(/.test(parts.join() + options(table.schema).join()) ? `literal, ${found}` : found,
    );
}

function typescriptInit(tables, isModule) {
  const names = tables.map(({ modelName }) => modelName);
  return `${HEADER}

import type { Sequelize } from 'sequelize';
${names.map((name) => `import { ${name}, define${name} } from './${name}${isModule ? '.js' : ''}';\n`).join('')}
/** Defines the models of the database on an instance of Sequelize, and their associations. */
export function initModels(sequelize: Sequelize) {
${names.map((name) => `  define${name}(sequelize);\n`).join('')}
${paragraph(associations(tables))}  return { ${names.join(', ')} };
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
 * @param {boolean} isModule when they are to be ECMAScript modules, whose imports name files with their endings
 */
function filesOf(tables, language, isModule) {
  const { model, init } = LANGUAGES[language];
  const files = Object.fromEntries(tables.map((table) => [`${table.modelName}.${language}`, model(table, isModule)]));
  return { ...files, [`init-models.${language}`]: init(tables, isModule) };
}

module.exports = { filesOf, languages: Object.keys(LANGUAGES) };
