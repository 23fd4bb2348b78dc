'use strict';

// Calls wait for a server that answered before and cannot be reached now. While they do, a warning says why nothing
// happens.

// Node's own functions, also where tests have put others in their place.
const { setTimeout } = require('timers');

const { emitWarning } = process;

/** The time after which calls that are still unanswered are looked at. */
const LOOK_AFTER_MS = 1_000;

class Outage {
  #addon;
  #pending;
  #isWatching = false;
  #isReported = false;

  constructor(addon, pending) {
    this.#addon = addon;
    this.#pending = pending;
  }

  /** Looks for as long as calls are unanswered. */
  watch() {
    if (this.#isWatching) return;
    this.#isWatching = true;
    setTimeout(this.#look, LOOK_AFTER_MS).unref?.();
  }

  #look = () => {
    this.#isWatching = false;
    const { waitsBecause } = this.#addon;
    if (waitsBecause && !this.#isReported) {
      emitWarning.call(process, `${waitsBecause} It answered before, so calls are sent again for up to 10 seconds.`, {
        type: 'PhantomDBWarning',
        code: 'PHANTOMDB_SERVER_AWAY',
      });
    }
    this.#isReported = Boolean(waitsBecause);
    if (this.#pending.size > 0) this.watch();
  };
}

module.exports = { Outage };
