'use strict';

// The translations of plans, remembered by the plans. A plan has none of the values that are bound, so that queries of
// the same shape are one; its text is JSON, so that no two plans have the same; and its translation depends on nothing
// else, since the translator is given nothing else.

const { translate } = require('../driver/native');

/** Entries of one generation. */
const ENTRIES_MAX = 1000;
/** Characters of the plans and statements of one generation. */
const SIZE_MAX = 4_000_000;
/** A longer plan is rarely seen again: a bulk insert of so many rows. */
const PLAN_MAX = 200_000;

/** So many characters of a plan, and so many at its end, where a limit and an offset are, make its digest. */
const SAMPLES = 32;
const END = 40;

/** A number that tells most plans apart. To hash all of a text takes longer than to compare it once. */
function digestOf(key) {
  const { length } = key;
  const step = Math.max(1, Math.floor(length / SAMPLES));
  let digest = length;
  for (let i = step - 1; i < length; i += step) digest = (Math.imul(digest, 31) + key.charCodeAt(i)) | 0;
  for (let i = Math.max(0, length - END); i < length; i++) digest = (Math.imul(digest, 31) + key.charCodeAt(i)) | 0;
  return digest;
}

/** Translations by their keys, first by the digests of those. */
class Generation {
  /** One translation; or those of one digest by their keys. */
  #kept = new Map();
  entries = 0;
  size = 0;

  get(digest, key) {
    const kept = this.#kept.get(digest);
    if (kept instanceof Map) return kept.get(key);
    return kept?.key === key ? kept : undefined;
  }

  set(digest, translation) {
    this.entries++;
    this.size += translation.size;
    const kept = this.#kept.get(digest);
    if (kept === undefined) this.#kept.set(digest, translation);
    else if (kept instanceof Map) kept.set(translation.key, translation);
    else this.#kept.set(digest, new Map([kept, translation].map((one) => [one.key, one])));
  }
}

/**
 * Remembers what was used last, within bounds. Entries live in two generations: a new one begins when the bounds are
 * reached, and what is asked for in the old one moves to the new one. So an answer costs one look-up and no reordering.
 */
class Translations {
  #old = new Generation();
  #recent = new Generation();

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
    // A kind is letters and a plan begins with a brace, so that the three stay apart.
    const key = before === 0 ? kind + json : `${kind}${before}${json}`;
    const translated = () => new Translation(key, translate(kind, json, undefined, before));
    if (json.length > this.limits.planSize) return translated();
    const digest = digestOf(key);
    return this.#recent.get(digest, key) ?? this.#keep(digest, this.#old.get(digest, key) ?? translated());
  }

  /** How many are remembered, and how large they are in characters. */
  get extent() {
    const [old, recent] = [this.#old, this.#recent];
    return { entries: old.entries + recent.entries, size: old.size + recent.size };
  }

  #keep(digest, translation) {
    const { entries, size } = this.limits;
    if (this.#recent.entries >= entries || this.#recent.size + translation.size > size) {
      this.#old = this.#recent;
      this.#recent = new Generation();
    }
    this.#recent.set(digest, translation);
    return translation;
  }
}

/** A statement with places for its values. */
class Translation {
  constructor(key, { sql, count, order, find }) {
    this.key = key;
    this.sql = sql;
    this.count = count;
    this.order = order;
    this.find = find;
  }

  /** In characters. */
  get size() {
    return this.key.length + this.sql.length + (this.find?.length ?? 0) + (this.order?.length ?? 0);
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
