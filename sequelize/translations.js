'use strict';

// The translations of plans, remembered by the plans. A plan has none of the values that are bound, so that queries of
// the same shape are one; its text is JSON, so that no two plans have the same; and its translation depends on nothing
// else, since the translator is given nothing else.

const { translate } = require('./native');

/** Entries of one generation. */
const ENTRIES_MAX = 1000;
/** Characters of the plans and statements of one generation. */
const SIZE_MAX = 4_000_000;
/** A longer plan is rarely seen again: a bulk insert of so many rows. */
const PLAN_MAX = 200_000;

/** So many characters of a plan say where its translation is kept. */
const SAMPLES = 32;

/**
 * A number that says where the translation of a plan is kept. It is made of a few of its characters only: to hash all of
 * them takes longer than to compare them once.
 */
function digestOf(json) {
  const { length } = json;
  const step = Math.max(1, Math.floor(length / SAMPLES));
  let digest = length;
  for (let i = step - 1; i < length; i += step) digest = (Math.imul(digest, 31) + json.charCodeAt(i)) | 0;
  return digest;
}

/**
 * Remembers what was used last, within bounds. Entries live in two generations: a new one begins when the bounds are
 * reached, and what is asked for in the old one moves to the new one. So an answer costs one look-up and no reordering.
 */
class Translations {
  #old = new Map();
  /** Lists of translations by their digests. */
  #recent = new Map();
  #entries = 0;
  #size = 0;

  constructor({ entries = ENTRIES_MAX, size = SIZE_MAX, planSize = PLAN_MAX } = {}) {
    this.limits = { entries, size, planSize };
  }

  /**
   * A plan with its values bound.
   *
   * @param {string} kind of plan
   * @param {string} json the plan
   * @param {number} before how many parameters come before these
   * @returns {Translation} shared: not to be changed
   */
  bound(kind, json, before = 0) {
    if (json.length > this.limits.planSize) return translated(kind, json, before);
    const digest = digestOf(json);
    const known = find(this.#recent.get(digest), kind, json, before);
    if (known !== undefined) return known;
    return this.#keep(digest, find(this.#old.get(digest), kind, json, before) ?? translated(kind, json, before));
  }

  /** How many are remembered, and how large they are in characters. */
  get extent() {
    const all = [...this.#old.values(), ...this.#recent.values()].flat();
    return { entries: all.length, size: all.reduce((sum, { size }) => sum + size, 0) };
  }

  #keep(digest, translation) {
    if (this.#entries >= this.limits.entries || this.#size + translation.size > this.limits.size) {
      this.#old = this.#recent;
      this.#recent = new Map();
      this.#entries = 0;
      this.#size = 0;
    }
    this.#entries++;
    this.#size += translation.size;
    const others = this.#recent.get(digest);
    if (others === undefined) this.#recent.set(digest, [translation]);
    else others.push(translation);
    return translation;
  }
}

/** The one of them that is of this very plan. */
function find(translations, kind, json, before) {
  if (translations === undefined) return undefined;
  for (const translation of translations) {
    if (translation.json === json && translation.kind === kind && translation.before === before) return translation;
  }
  return undefined;
}

function translated(kind, json, before) {
  return new Translation({ kind, json, before }, translate(kind, json, undefined, before));
}

/** A statement with places for its values. */
class Translation {
  constructor({ kind, json, before }, { sql, count, order, find: findCall }) {
    this.kind = kind;
    this.json = json;
    this.before = before;
    this.sql = sql;
    this.count = count;
    this.order = order;
    this.find = findCall;
  }

  /** In characters. */
  get size() {
    return this.json.length + this.sql.length + (this.find?.length ?? 0) + (this.order?.length ?? 0);
  }

  /** The values of a plan in the order of the parameters. */
  parameters(values) {
    if (this.order) return this.order.map((index) => values[index]);
    return values.length === this.count ? values : values.slice(0, this.count);
  }
}

/** A plan as text, with its values written into it. */
function textOf(kind, json, values) {
  return translate(kind, json, JSON.stringify(values)).sql;
}

module.exports = { Translations, textOf };
