'use strict';

// The calls to a server: they are gathered until Node has done what it does in one turn of its event loop, and handed to the
// addon together. Each answer comes back by the number of its call.

// Node's own, also where tests have put another in its place.
const { setImmediate } = require('timers');

class Exchange {
  #native;
  /** What resolves the promise of each call that is not answered yet, by its number. */
  #waiting = new Map();
  #isGathering = false;

  constructor(native) {
    this.#native = native;
    // The addon does not keep it from being collected while nothing is under way: this object does.
    this.settle = (number, answer) => {
      const resolve = this.#waiting.get(number);
      this.#waiting.delete(number);
      resolve(answer);
    };
    native.listen(this.settle);
  }

  /** The answer to a call that the addon has taken on. */
  answer(number) {
    if (!this.#isGathering) {
      this.#isGathering = true;
      setImmediate(this.#flush);
    }
    return new Promise((resolve) => this.#waiting.set(number, resolve));
  }

  #flush = () => {
    this.#isGathering = false;
    this.#native.flush();
  };
}

const exchanges = new WeakMap();

/** Has the calls of an object of the addon that speaks to a server answered by {@link answerTo}. */
function listen(native) {
  exchanges.set(native, new Exchange(native));
}

/** What the addon answers to a call, from what making it has returned. */
function answerTo(native, made) {
  return typeof made === 'number' ? exchanges.get(native).answer(made) : made;
}

module.exports = { answerTo, listen };
