'use strict';

// Calls that are given up when an AbortSignal is aborted.

const NOT_SENT = 'It was not sent to the database.';
const MAY_HAVE_RUN =
  'Its statement is stopped; whether it took effect before that is not known, but it did as a whole or not at all.';
const IN_TRANSACTION =
  'Its statement is stopped. If it was one that writes, the whole transaction may be rolled back: roll it back and begin ' +
  'another.';

/**
 * The error of a call that was given up, like the errors of Node's own functions that take a signal.
 */
class AbortError extends Error {
  /**
   * @param {AbortSignal} signal
   * @param {string} [what] became of the call
   */
  constructor(signal, what = NOT_SENT) {
    super(`The call was given up since its signal was aborted. ${what}`);
    Object.defineProperty(this, 'cause', { value: signal.reason, configurable: true, writable: true });
    this.code = 'ABORT_ERR';
  }

  /** @param {boolean} isInTransaction */
  static ofStopped(signal, isInTransaction) {
    return new AbortError(signal, isInTransaction ? IN_TRANSACTION : MAY_HAVE_RUN);
  }
}

Object.defineProperty(AbortError.prototype, 'name', { value: 'AbortError', configurable: true, writable: true });

/** Throws when the signal was aborted already. */
function throwIfAborted(signal) {
  if (signal?.aborted) {
    throw new AbortError(signal);
  }
}

/**
 * Settles as the promise does, unless the signal is aborted before: then it is rejected at once with the error that
 * `giveUp` returns.
 */
function untilAborted(signal, promise, giveUp) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(giveUp());
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

module.exports = { AbortError, throwIfAborted, untilAborted };
