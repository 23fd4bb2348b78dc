'use strict';

// What an engine in this process's memory is asked is mostly answered in microseconds, on Node's own thread. A loop of
// such answers would never let the event loop turn, so that each turn has room for a few milliseconds of them; what
// comes later in it waits for the next, behind those that came before.

// Those of Node, also where tests have put others in their place.
const { performance } = require('perf_hooks');
const { setImmediate } = require('timers');

const ROOM_MS = 5;

/** When this turn's first call was made. */
let start;
/** Calls that wait. */
const waiting = [];

function end() {
  start = undefined;
  let served = 0;
  while (served < waiting.length && hasRoom()) {
    waiting[served++]();
  }
  waiting.splice(0, served);
}

function hasRoom() {
  if (start === undefined) {
    start = performance.now();
    setImmediate(end);
    return true;
  }
  return performance.now() - start < ROOM_MS;
}

/**
 * Makes a call of the addon when it is its turn.
 *
 * @template T
 * @param {import('./native.js').NativeDialect} native
 * @param {() => T} call
 * @returns {T | Promise<Awaited<T>>}
 */
function inTurn(native, call) {
  if (!native.answersAtOnce || (waiting.length === 0 && hasRoom())) {
    return call();
  }
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

module.exports = { inTurn };
