'use strict';

// What an engine in this process's memory is asked is mostly answered in microseconds, on Node's own thread. A loop of
// such answers would never let the event loop turn, so that each turn has room for a few milliseconds of them; what
// comes later in it is answered by a promise that another thread resolves.

// Those of Node, also where tests have put others in their place.
const { performance } = require('node:perf_hooks');
const { setImmediate } = require('node:timers');

const ROOM_MS = 5;

let start;

function end() {
  start = undefined;
}

/** Whether this turn of the event loop has room for an answer that does not wait for another thread. */
function hasRoom() {
  if (start === undefined) {
    start = performance.now();
    setImmediate(end);
    return true;
  }
  return performance.now() - start < ROOM_MS;
}

module.exports = { hasRoom };
