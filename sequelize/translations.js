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
const PLAN_MAX = 32_000;

/**
 * Remembers what was used last, within bounds. Entries live in two generations: a new one begins when the bounds are
 * reached, and what is asked for in the old one moves to the new one. So an answer costs one look-up and no reordering.
 */
class Translations {
  constructor({ entries = ENTRIES_MAX, size = SIZE_MAX, planSize = PLAN_MAX } = {}) {
    this.limits = { entries, size, planSize };
    this.recent = new Map();
    this.old = new Map();
    this.size = 0;
  }

  /**
   * A plan with its values bound.
   *
   * @param {string} kind of plan
   * @param {string} json the plan
   * @param {number} before how many parameters come before these
   * @returns {{ sql: string, find?: string, parameters: (values: unknown[]) => unknown[] }} shared: not to be changed
   */
  bound(kind, json, before = 0) {
    const key = before === 0 ? kind + json : `${kind}${before}${json}`;
    const known = this.recent.get(key);
    if (known !== undefined) return known;
    return this.old.has(key) ? this.keep(key, this.old.get(key)) : this.add(key, kind, json, before);
  }

  add(key, kind, json, before) {
    const { sql, count, order, find } = translate(kind, json, undefined, before);
    const translation = new Translation(sql, count, order, find);
    return json.length > this.limits.planSize ? translation : this.keep(key, translation);
  }

  keep(key, translation) {
    const size = key.length + translation.size;
    if (this.recent.size >= this.limits.entries || this.size + size > this.limits.size) {
      this.old = this.recent;
      this.recent = new Map();
      this.size = 0;
    }
    this.size += size;
    this.recent.set(key, translation);
    return translation;
  }
}

class Translation {
  constructor(sql, count, order, find) {
    this.sql = sql;
    this.count = count;
    this.order = order;
    this.find = find;
  }

  /** In characters. */
  get size() {
    return this.sql.length + (this.find?.length ?? 0) + (this.order?.length ?? 0);
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
