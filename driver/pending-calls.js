'use strict';

// The calls of one connection that the addon has begun and not settled yet.

class PendingCalls {
  /** The functions that resolve the promises of the calls, by the numbers of the calls. */
  #waiting = new Map();

  /**
   * Takes the outcome of a call: JSON text or a failure. The addon keeps this function, which must therefore not lead to
   * the object of the addon: neither would ever be collected.
   */
  settle = (number, outcome) => {
    const resolve = this.#waiting.get(number);
    this.#waiting.delete(number);
    resolve(outcome);
  };

  /** How many there are. */
  get size() {
    return this.#waiting.size;
  }

  /** @returns {Promise<string | object>} the outcome of the call */
  wait(number) {
    return new Promise((resolve) => this.#waiting.set(number, resolve));
  }
}

module.exports = { PendingCalls };
