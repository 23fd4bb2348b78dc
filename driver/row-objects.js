'use strict';

// Makes an object of each row, or a list of each object. For many rows a function is generated that names its columns: V8 then gives every object its
// shape at once, and does not look each name up.

const { toJson } = require('./json.js');

/** The least number of rows for which a function is worth generating. */
const ROWS_MIN = 40;
/** The number of generated functions that are kept. */
const MAKERS_MAX = 500;

const makers = new Map();
/** False in a process that was started with `--disallow-code-generation-from-strings`. */
let mayGenerate = true;

function generate(text) {
  try {
    return new Function('row', text);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    mayGenerate = false;
    return undefined;
  }
}

/** @param {string} text the body of a function of a row */
function generated(text) {
  let make = makers.get(text);
  if (make === undefined) {
    if (makers.size >= MAKERS_MAX) makers.clear();
    make = generate(text);
    if (make) makers.set(text, make);
  }
  return make;
}

/** The text that reads a value of a row. JSON writes a name as JavaScript does. */
const reading = (key) => `row[${toJson(key)}]`;
const objectText = (names, keys) =>
  `return { ${names.map((name, i) => `${toJson(name)}: ${reading(keys[i])}`).join(', ')} };`;

/** Defines a column with the name `__proto__`, which an assignment would not create. */
function setOwn(object, name, value) {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}

function looping(names, keys) {
  const count = names.length;
  if (names.includes('__proto__')) {
    return (row) => {
      const object = {};
      for (let i = 0; i < count; i++) setOwn(object, names[i], row[keys[i]]);
      return object;
    };
  }
  return (row) => {
    const object = {};
    for (let i = 0; i < count; i++) object[names[i]] = row[keys[i]];
    return object;
  };
}

/**
 * The function that makes an object of a row.
 *
 * @param {string[]} names of the properties, in their order; of two that are equal the last one counts
 * @param {(number | string)[]} keys where the row has the value of each: indexes of an array, or names of properties
 * @param {number} count of the rows
 * @returns {(row: unknown[] | Record<string, unknown>) => Record<string, unknown>}
 */
function objectMaker(names, keys, count) {
  const isGenerated = mayGenerate && count >= ROWS_MIN && !names.includes('__proto__');
  return (isGenerated && generated(objectText(names, keys))) || looping(names, keys);
}

/**
 * The function that makes a list of some values of an object.
 *
 * @param {string[]} names of the properties, in their order
 * @param {number} count of the objects
 * @returns {(object: Record<string, unknown>) => unknown[]}
 */
function listMaker(names, count) {
  const isGenerated = mayGenerate && count >= ROWS_MIN;
  return (isGenerated && generated(`return [${names.map(reading).join(', ')}];`)) || listing(names);
}

function listing(names) {
  const count = names.length;
  return (object) => {
    const list = new Array(count);
    for (let i = 0; i < count; i++) list[i] = object[names[i]];
    return list;
  };
}

module.exports = { listMaker, objectMaker };
