'use strict';

// The `parse` functions that users set on a data type (`DataTypes.DATE.parse = …`; `sequelize.refreshTypes()`). They
// apply to the columns that are attributes of that type in the model of the query.

/** The model of each include by its path: `tasks`, `tasks.owner`. */
function modelsByPath(include, prefix = '', models = new Map()) {
  for (const { as, model, include: nested } of include ?? []) {
    const path = `${prefix}${as}`;
    models.set(path, model);
    modelsByPath(nested, `${path}.`, models);
  }
  return models;
}

/** The data type of a column of a result, by its name in it: `createdAt`, `tasks.createdAt`. */
function typeOfColumn(name, model, models) {
  const dot = name.lastIndexOf('.');
  const owner = dot < 0 ? model : models.get(name.slice(0, dot));
  const attribute = name.slice(dot + 1);
  const attributes = owner?.rawAttributes ?? {};
  const definition = Object.hasOwn(attributes, attribute)
    ? attributes[attribute]
    : Object.values(attributes).find((candidate) => candidate.field === attribute);
  return definition?.type;
}

/**
 * The converter of `rowsToObjects` that calls the parser of a column's type.
 *
 * @param {{ get(key: string): Function | undefined }} store
 * @param {{ model?: object, include?: object[] }} options of the query
 * @param {(name: string, type: string) => Function | undefined} otherwise for a column without such a parser
 */
function parsingConverter(store, options, otherwise) {
  const models = modelsByPath(options.include);
  return (name, wireType) => {
    const type = typeOfColumn(name, options.model, models);
    const parse = type && store.get(type.key);
    if (!parse) {
      return otherwise(name, wireType);
    }
    const raw = wireType === 'json' ? (value) => JSON.stringify(value) : rawConverter(wireType, otherwise);
    return (value) => parse(raw(value));
  };
}

/** Converts to the value that a parser gets: a date is text, bytes are a Buffer. */
function rawConverter(wireType, otherwise) {
  return (wireType !== 'timestamp' && otherwise('', wireType)) || ((value) => value);
}

module.exports = { parsingConverter };
