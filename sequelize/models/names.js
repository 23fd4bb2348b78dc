'use strict';

// Makes unique names of models and associations from the names of tables and columns.

const { Utils } = require('sequelize');

const words = (name) => name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
const capitalized = (word) => word.charAt(0).toUpperCase() + word.slice(1);

function pascalCase(name) {
  const joined = words(name).map(capitalized).join('');
  return /^\p{L}/u.test(joined) ? joined : `Table${joined}`;
}

function camelCase(name) {
  const pascal = pascalCase(name);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/** The names in use, without regard to case: each model is a file, and some file systems ignore the case of names. */
class Names {
  #taken;

  constructor(taken = []) {
    this.#taken = new Set(taken.map((name) => name.toLowerCase()));
  }

  /** The first of the candidates that is free, or the last one with a number. */
  take(...candidates) {
    let name = candidates.find((candidate) => !this.#taken.has(candidate.toLowerCase()));
    for (let number = 2; name === undefined; number++) {
      const numbered = `${candidates[candidates.length - 1]}${number}`;
      name = this.#taken.has(numbered.toLowerCase()) ? undefined : numbered;
    }
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

/** The preferred name of a table's model. */
function modelNames({ name, schema }) {
  const singular = pascalCase(Utils.singularize(name));
  return [singular, pascalCase(name), pascalCase(`${schema ?? ''} ${name}`)];
}

/** The name of a foreign key's column without its ending: `owner` for `ownerId` and `owner_id`. */
function stemOf(column) {
  return camelCase(column.replace(/(?<=.)(_id|Id|ID)$/, ''));
}

module.exports = {
  Names,
  camelCase,
  modelNames,
  pascalCase,
  plural: (name) => Utils.pluralize(name),
  singular: (name) => Utils.singularize(name),
  stemOf,
};
