'use strict';

// Plans are written as JSON text at once, without an object in between: the text is what their translations are
// remembered by. It is JSON, so that two plans with one text are one plan, whatever stands in their names and strings.

const { tableOf } = require('./tables');

/** Text of which each character stands for itself between the quotes of JSON; half of a surrogate pair does not. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function string(text) {
  return typeof text === 'string' && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** @param {string[]} items that are JSON already */
function list(items) {
  let text = '';
  for (let i = 0; i < items.length; i++) text += i > 0 ? `,${items[i]}` : items[i];
  return `[${text}]`;
}

/** @param {Iterable<string>} texts */
function strings(texts) {
  let text = '';
  for (const item of texts) text += text ? `,${string(item)}` : string(item);
  return `[${text}]`;
}

/** So many names are remembered, none of them longer than this. */
const NAMES_MAX = 5000;
const NAME_LENGTH_MAX = 100;

/**
 * What `parts` makes of a name, remembered. It is joined, since V8 keeps what is added together as a tree of its parts,
 * which it would walk for every plan anew.
 *
 * @param {(name: string) => string[]} parts
 */
function ofName(parts) {
  const known = new Map();
  return (name) => {
    const text = known.get(name);
    if (text !== undefined) return text;
    const written = parts(string(name)).join('');
    if (typeof name === 'string' && name.length <= NAME_LENGTH_MAX) {
      if (known.size >= NAMES_MAX) known.clear();
      known.set(name, written);
    }
    return written;
  };
}

const column = ofName((name) => ['{"c":', name, '}']);
/** A column that is selected under its own name. */
const selected = ofName((name) => ['{"e":{"c":', name, '}}']);
/** A table of no schema. */
const tableNamed = ofName((name) => ['{"name":', name, '}']);
const path = (steps) => `{"p":${strings(steps)}}`;
const literal = (text) => `{"l":${string(text)}}`;
/** A value that is written into the statement. @param wire as the wire carries it */
const constant = (wire) => `{"v":${JSON.stringify(wire)}}`;

/** What Sequelize calls a table. */
function table(given) {
  const { name, schema } = tableOf(given);
  return schema === undefined ? tableNamed(name) : `{"name":${string(name)},"schema":${string(schema)}}`;
}

/** A JSON object that is written field by field. */
class ObjectText {
  #fields = '';

  /** Adds a field; nothing for what is undefined. */
  add(name, json) {
    if (json !== undefined) this.#fields += this.#fields === '' ? `"${name}":${json}` : `,"${name}":${json}`;
    return this;
  }

  get json() {
    return `{${this.#fields}}`;
  }
}

/** A statement before its translation; and apart from it the values that are bound. */
class Plan extends ObjectText {
  /** Whether it answers with rows, though it is a write. */
  returns = false;
  /** Whether it is an update of no column. */
  setsNothing = false;

  /**
   * @param {unknown[]} values as the wire carries them; the plan names them by their places
   * @param {string} table the main one, as JSON
   */
  constructor(values, table) {
    super();
    this.values = values;
    this.table = table;
  }
}

module.exports = { string, list, strings, column, selected, path, literal, constant, table, ObjectText, Plan };
