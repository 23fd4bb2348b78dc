// Stands in for Sequelize in the writer of models, which only needs singular and plural.

import { pluralize, singularize } from 'inflection';

export const Utils = { pluralize, singularize };
