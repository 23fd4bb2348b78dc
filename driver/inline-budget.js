'use strict';

// The time that calls to an embedded database may take in one turn of the event loop. Most of them take microseconds and
// are answered on Node's own thread. A loop of such calls would never let the event loop turn, so that each turn has room
// for a few milliseconds of them. A call that comes later waits for the next turn, behind the calls that came before it.

// Node's own functions, also where tests have put others in their place.
const { performance } = require('perf_hooks');
const { setImmediate } = require('timers');

const BUDGET_MS = 5;

/** When the first call of this turn was made. */
let start;
/** Calls that wait for a turn. */
const waiting = [];

function endTurn() {
  start = undefined;
  let made = 0;
  while (made < waiting.length && hasBudget()) {
    waiting[made++]();
  }
  waiting.splice(0, made);
}

function hasBudget() {
  if (start === undefined) {
    start = performance.now();
    setImmediate(endTurn);
    return true;
  }
  return performance.now() - start < BUDGET_MS;
}

/** True when a call can be made at once. */
function isTurn() {
  return waiting.length === 0 && hasBudget();
}

/**
 * Makes a call when its turn comes.
 *
 * @template T
 * @param {() => T} call
 * @returns {Promise<Awaited<T>>}
 */
function inTurn(call) {
  return new Promise((resolve, reject) => {
    waiting.push(() => {
      try {
        resolve(call());
      } catch (error) {
        reject(error);
      }
    });
  });
}

module.exports = { inTurn, isTurn };
