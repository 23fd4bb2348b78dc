'use strict';

// The files of a new project: a configuration that sequelize-cli and the models share, and a first model with its
// migration. In CommonJS they are laid out as `sequelize-cli init` lays them out, so that its generators add to them.

const SEQUELIZERC = `// sequelize-cli reads this file first. It makes the dialect "phantomdb" known to it.
require('phantomdb-sequelize');
module.exports = {};
`;

const environments = ({
  url,
  database,
}) => `  development: { dialect: 'phantomdb', url: ${quoted(url)}, database: ${quoted(database)} },
  test: { dialect: 'phantomdb', url: 'memory:', database: ${quoted(database)}, logging: false },
  // DATABASE_URL is phantomdb://:TOKEN@HOST:PORT/DATABASE
  production: { dialect: 'phantomdb', use_env_variable: 'DATABASE_URL', logging: false },
`;

const quoted = (text) => `'${text.replace(/[\\']/g, '\\$&')}'`;

const configuration = (project) => `// Makes the dialect 'phantomdb' known to Sequelize.
${project.isModule ? "import 'phantomdb-sequelize';" : "require('phantomdb-sequelize');"}

${project.isModule ? 'export default' : 'module.exports ='} {
${environments(project)}};
`;

const ATTRIBUTES = `      name: { type: DataTypes.STRING, allowNull: false },
      email: { type: DataTypes.STRING, unique: true },
`;

const MIGRATION = `'use strict';

module.exports = {
  up: (queryInterface, Sequelize) =>
    queryInterface.createTable('Users', {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      name: { type: Sequelize.STRING, allowNull: false },
      email: { type: Sequelize.STRING, unique: true },
      createdAt: { type: Sequelize.DATE, allowNull: false },
      updatedAt: { type: Sequelize.DATE, allowNull: false },
    }),
  down: (queryInterface) => queryInterface.dropTable('Users'),
};
`;

const commonjsIndex = ({ config }) => `'use strict';

const fs = require('fs');
const path = require('path');
require('phantomdb-sequelize');
const Sequelize = require('sequelize');

const config = require('../${config}')[process.env.NODE_ENV || 'development'];

const sequelize = config.use_env_variable
  ? new Sequelize(process.env[config.use_env_variable], config)
  : new Sequelize(config.database, config.username, config.password, config);

const db = {};
for (const file of fs.readdirSync(__dirname)) {
  if (!file.endsWith('.js') || file.endsWith('.test.js') || file === path.basename(__filename)) continue;
  const model = require(path.join(__dirname, file))(sequelize, Sequelize.DataTypes);
  db[model.name] = model;
}
for (const model of Object.values(db)) model.associate?.(db);

module.exports = { ...db, sequelize, Sequelize };
`;

const COMMONJS_USER = `'use strict';

const { Model } = require('sequelize');

module.exports = (sequelize, DataTypes) => {
  class User extends Model {
    /** Is called with all models by models/index.js. */
    static associate(_models) {}
  }
  User.init(
    {
${ATTRIBUTES}    },
    { sequelize, modelName: 'User' },
  );
  return User;
};
`;

const moduleIndex = ({
  config,
}) => `${config.endsWith('.json') ? "import { createRequire } from 'node:module';\n" : ''}import 'phantomdb-sequelize';
import { DataTypes, Sequelize } from 'sequelize';

${config.endsWith('.json') ? '' : `import configurations from '../${config}';\n`}import defineUser from './user.js';

${config.endsWith('.json') ? `const configurations = createRequire(import.meta.url)('../${config}');\n` : ''}const config = configurations[process.env.NODE_ENV || 'development'];

export const sequelize = config.use_env_variable
  ? new Sequelize(process.env[config.use_env_variable], config)
  : new Sequelize(config);

export const User = defineUser(sequelize, DataTypes);
`;

const MODULE_USER = `import { Model } from 'sequelize';

export default (sequelize, DataTypes) => {
  class User extends Model {}
  User.init(
    {
${ATTRIBUTES}    },
    { sequelize, modelName: 'User' },
  );
  return User;
};
`;

const typescriptIndex = ({ url, database }) => `import { PhantomDBDialect } from 'phantomdb-sequelize';
import { Sequelize } from 'sequelize';

import { defineUser } from './user.js';

const url = process.env.DATABASE_URL;

export const sequelize = url
  ? new Sequelize(url, { logging: false })
  : new Sequelize({ database: ${quoted(database)}, dialect: new PhantomDBDialect(${quoted(url)}) });

export const User = defineUser(sequelize);
`;

const TYPESCRIPT_USER = `import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
  type Sequelize,
} from 'sequelize';

export class User extends Model<InferAttributes<User>, InferCreationAttributes<User>> {
  declare id: CreationOptional<number>;
  declare name: string;
  declare email: CreationOptional<string | null>;
  declare createdAt: CreationOptional<Date>;
  declare updatedAt: CreationOptional<Date>;
}

export function defineUser(sequelize: Sequelize): typeof User {
  return User.init(
    {
      id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true },
${ATTRIBUTES}      createdAt: DataTypes.DATE,
      updatedAt: DataTypes.DATE,
    },
    { sequelize, modelName: 'User' },
  );
}
`;

/** The models' folder. */
function models(project) {
  if (project.isTypescript) return { 'models/index.ts': typescriptIndex(project), 'models/user.ts': TYPESCRIPT_USER };
  return project.isModule
    ? { 'models/index.js': moduleIndex(project), 'models/user.js': MODULE_USER }
    : { 'models/index.js': commonjsIndex(project), 'models/user.js': COMMONJS_USER };
}

/**
 * The texts of the files by their paths.
 *
 * @param {{ url: string, database: string, isModule: boolean, isTypescript: boolean, config: string, stamp: string }}
 *   project `isModule` when its `.js` files are ECMAScript modules; `config` is the path of its configuration; `stamp`
 *   begins the name of the migration
 */
function filesOf(project) {
  // sequelize-cli loads migrations as CommonJS.
  const migration = `migrations/${project.stamp}-create-user.${project.isModule ? 'cjs' : 'js'}`;
  return {
    '.sequelizerc': SEQUELIZERC,
    'config/config.js': configuration(project),
    ...models(project),
    [migration]: MIGRATION,
  };
}

module.exports = { filesOf };
