'use strict';

// The cache of translations, keyed by the plans. A plan has none of the bound values, so queries of the same shape share
// one entry. A plan's text is JSON, so different plans have different texts; and a translation depends only on the plan,
// since the translator gets nothing else.

const { toJson } = require('../driver/json');
const { translate } = require('../driver/native');

/** The number of entries in one generation. */
const ENTRIES_MAX = 1000;
/** The number of characters of the plans and statements in one generation. */
const SIZE_MAX = 4_000_000;
/** The longest plan that is kept. A longer one, such as a bulk insert of many rows, is rarely repeated. */
const PLAN_MAX = 200_000;

/** Translations by their keys, with their size. */
class Generation extends Map {
  characters = 0;

  add(translation) {
    this.characters += translation.size;
    this.set(translation.key, translation);
  }
}

/**
 * A bounded cache that keeps the entries used last. It has two generations: when the recent one is full it becomes the
 * old one, and an entry of the old generation that is used again moves to the recent one. A hit therefore costs one
 * look-up and reorders nothing.
 */
class Translations {
  #old = new Generation();
  #recent = new Generation();

  constructor({ entries = ENTRIES_MAX, size = SIZE_MAX, planSize = PLAN_MAX } = {}) {
    this.limits = { entries, size, planSize };
  }

  /**
   * Translates a plan with bound values.
   *
   * @param {string} kind the kind of plan
   * @param {string} json the plan
   * @param {number} before the number of parameters that come before those of the plan
   * @returns {Translation} shared between callers: do not change it
   */
  bound(kind, json, before = 0) {
    // A kind consists of letters and a plan begins with a brace, so the key is unambiguous.
    const key = before === 0 ? kind + json : `${kind}${before}${json}`;
    const translated = () => new Translation(key, translate(kind, json, undefined, before));
    if (json.length > this.limits.planSize) return translated();
    return this.#recent.get(key) ?? this.#keep(this.#old.get(key) ?? translated());
  }

  /** The number of entries, and their size in characters. */
  get extent() {
    const [old, recent] = [this.#old, this.#recent];
    return { entries: old.size + recent.size, size: old.characters + recent.characters };
  }

  #keep(translation) {
    const { entries, size } = this.limits;
    if (this.#recent.size >= entries || this.#recent.characters + translation.size > size) {
      this.#old = this.#recent;
      this.#recent = new Generation();
    }
    this.#recent.add(translation);
    return translation;
  }
}

/** A statement with placeholders for its values. */
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

  /** Puts the values of a plan in the order of the parameters. */
  parameters(values) {
    if (this.order) return this.order.map((index) => values[index]);
    return values.length === this.count ? values : values.slice(0, this.count);
  }
}

/** The text of a plan with its values inlined. */
function textOf(kind, json, values) {
  return translate(kind, json, toJson(values)).sql;
}

module.exports = { Translations, textOf };
