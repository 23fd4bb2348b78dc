'use strict';

// Objects of values by the names of their attributes.

/** The values that are not undefined. */
function defined(values) {
  const own = {};
  for (const name of Object.keys(values)) if (values[name] !== undefined) own[name] = values[name];
  return own;
}

/** Some values of an object, in the order of their names; without those that it does not have. */
function picked(object, names) {
  const values = {};
  for (const name of names) if (name in object) values[name] = object[name];
  return values;
}

/** True for names that are no paths into a document, for which Sequelize does more. */
const areNames = (names) => names.every((name) => !/[.[]/.test(name));

module.exports = { defined, picked, areNames };
