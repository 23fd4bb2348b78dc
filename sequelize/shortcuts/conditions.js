'use strict';

// What must be so that a method of Sequelize's models may be replaced by a shorter way.

/** True for an object that was written as `{ … }`. */
function isPlain(value) {
  if (value === null || typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** True for an object without properties, also such that have symbols for names. */
function isEmpty(object) {
  if (object === undefined || object === null) return true;
  for (const _name in object) return false;
  return Object.getOwnPropertySymbols(object).length === 0;
}

/** True for an object that has no other properties than some. */
const hasOnly = (object, names) => Reflect.ownKeys(object ?? {}).every((name) => names.includes(name));

/** By model: the attributes that it was asked about with, and the answer. */
const renamed = new WeakMap();

/** True when an attribute of a model has another name than its column. */
function hasRenamedAttributes(Model) {
  const { _attributeManipulation: attributes, rawAttributes } = Model;
  const known = renamed.get(Model);
  if (known?.attributes === attributes) return known.answer;
  const answer = Object.entries(rawAttributes).some(([name, { field }]) => field !== name);
  renamed.set(Model, { attributes, answer });
  return answer;
}

function hasHook({ hooks }, names) {
  if (!hooks) return false;
  for (const name of names) if (hooks[name]?.length > 0) return true;
  return false;
}

/**
 * A function that says whether an object has the functions that are given, under their names.
 *
 * @param {Record<string, Function>} methods
 */
function hasFunctions(methods) {
  const names = Object.keys(methods);
  const functions = Object.values(methods);
  return (object) => {
    for (let i = 0; i < names.length; i++) if (object[names[i]] !== functions[i]) return false;
    return true;
  };
}

/**
 * The condition under which a shorter way does the same as Sequelize: the model has our dialect, no hook is set, and each
 * method that is left out is Sequelize's own.
 *
 * @param {{ DIALECT_NAME: string }} lib
 * @param {string[]} hooks names of the hooks that are left out
 * @param {Record<string, Function>} methods the functions that a model has under these names
 * @returns {(Model: Function) => boolean}
 */
function conditionOf({ DIALECT_NAME }, hooks, methods) {
  const hasMethods = hasFunctions(methods);
  return (Model) => {
    const { sequelize } = Model;
    if (sequelize?.dialect?.name !== DIALECT_NAME) return false;
    return !hasHook(Model.options, hooks) && !hasHook(sequelize.options, hooks) && hasMethods(Model);
  };
}

/** The functions of an object with some names. @returns {Record<string, Function>} */
const functionsOf = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));

module.exports = { isPlain, isEmpty, hasOnly, hasRenamedAttributes, conditionOf, functionsOf, hasFunctions };
