'use strict';

// The user's own binds: `$1` with an array, `$name` with an object. Sequelize's own version replaces text wherever it
// finds a dollar, even in comments and strings.

/** The parts of a statement that matter to binds: those that hold none, and binds. */
const TOKEN = new RegExp(
  [
    String.raw`(?<comment>--[^\n]*|/\*[^]*?(?:\*/|$))`,
    '(?<identifier>"(?:[^"]|"")*"?|`(?:[^`]|``)*`?)',
    String.raw`(?<string>(?<![0-9A-Za-z_])[eE]'(?:[^'\\]|''|\\[^])*'?|'(?:[^']|'')*'?)`,
    String.raw`(?<escaped>(?<![0-9A-Za-z_])\$\$)`,
    String.raw`(?<bind>(?<![0-9A-Za-z_])\$\w+)`,
  ].join('|'),
  'g',
);

const IN_STRING = /(?<![0-9A-Za-z_])\$(\$|\w+)/g;

/**
 * @param {string} sql
 * @param {unknown[] | Record<string, unknown>} values
 * @returns {[string, unknown[]]} the statement with `$1…$n`, and their values
 */
function formatBindParameters(sql, values) {
  const binds = new Binds(values);
  const text = placeBinds(sql, binds);
  return [text, binds.parameters()];
}

/** Replaces the binds of a text by `$1…$n`. The texts of one statement share one `Binds`. */
function placeBinds(sql, binds) {
  return sql.replace(TOKEN, (match, ...rest) => {
    const groups = rest[rest.length - 1];
    if (groups.escaped) {
      return '$';
    }
    if (groups.bind) {
      return binds.place(match.slice(1));
    }
    return groups.string ? inString(match, binds) : match;
  });
}

/** Leaves a string alone but for `$$`. A bind in it that has no value is refused, as Sequelize refuses it. */
function inString(text, binds) {
  return text.replace(IN_STRING, (match, key) => {
    if (key === '$') {
      return '$';
    }
    binds.check(key);
    return match;
  });
}

class Binds {
  #values;
  #isList;
  #placed = new Map();

  constructor(values) {
    this.#values = values;
    this.#isList = Array.isArray(values);
  }

  check(key) {
    const hasValue = this.#isList
      ? /^[1-9]\d*$/.test(key) && this.#values[key - 1] !== undefined
      : !/^\d+$/.test(key) && Object.hasOwn(Object(this.#values), key) && this.#values[key] !== undefined;
    if (!hasValue) {
      throw new Error(`Named bind parameter "$${key}" has no value in the given object.`);
    }
  }

  /** The text that stands for the bind. */
  place(key) {
    this.check(key);
    if (this.#isList) {
      return `$${key}`;
    }
    if (!this.#placed.has(key)) {
      this.#placed.set(key, this.#placed.size + 1);
    }
    return `$${this.#placed.get(key)}`;
  }

  parameters() {
    return this.#isList ? [...this.#values] : [...this.#placed.keys()].map((key) => this.#values[key]);
  }
}

module.exports = { Binds, formatBindParameters, placeBinds };
