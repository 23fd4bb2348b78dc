// Random choices that a seed repeats.

/** A generator of random numbers (mulberry32). */
class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 up to, but not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from 0 up to, but not including, `end`. */
  below(end) {
    return Math.floor(this.next() * end);
  }

  /** True so often of a hundred times. */
  percent(share) {
    return this.next() * 100 < share;
  }

  of(items) {
    return items[this.below(items.length)];
  }

  /** So many different ones of them, in their order. */
  some(items, count) {
    const left = items.map((item, index) => ({ item, index }));
    while (left.length > count) left.splice(this.below(left.length), 1);
    return left.map(({ item }) => item);
  }
}

module.exports = { Random };
