// The Sequelize model and the TypeScript type of a table, by the writer of `phantomdb models`.

import files from '../../../sequelize/models/files.js';
import names from '../../../sequelize/models/names.js';
import { dataTypes } from '../api.js';
import { setTypes } from './type-table.js';

function modelOf(schema, language) {
  const [modelName] = names.modelNames(schema.table);
  return files.filesOf([{ schema, modelName }], language, false)[`${modelName}.${language}`];
}

/** Loads the data types, which the writer needs. */
export async function loadModels() {
  setTypes(await dataTypes());
  return { sequelize: (schema) => modelOf(schema, 'js'), typescript: (schema) => modelOf(schema, 'ts') };
}
