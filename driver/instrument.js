'use strict';

// What goes around each call of the addon: a signal that gives it up, a key under which it is run once, and who wants
// to see it or to trace it. Without any of these a call costs no more than itself.

const { randomUUID } = require('crypto');
const { tracingChannel } = require('diagnostics_channel');

const { answerTo } = require('./pending-calls.js');
const { answerOf } = require('./phantomdb-error.js');

/** Documented in `docs/observing.md`. */
const queries = tracingChannel('phantomdb:query');

/** Where every copy of `@opentelemetry/api` registers what the application has set up. */
const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1');
const setter = {
  set(carrier, key, value) {
    carrier[key] = value;
  },
};

const NOT_SENT = 'It was not sent to the database.';
const MAY_HAVE_RUN =
  'Its statement is stopped; whether it took effect before that is not known, but it did as a whole or not at all.';
const IN_TRANSACTION =
  'Its statement is stopped. If it was one that writes, the whole transaction may be rolled back: roll it back and begin ' +
  'another.';

/**
 * What a call that was given up is rejected with, like the errors of Node's own functions that take a signal.
 */
class AbortError extends Error {
  /**
   * @param {AbortSignal} signal
   * @param {string} [what] became of the call
   */
  constructor(signal, what = NOT_SENT) {
    super(`The call was given up since its signal was aborted. ${what}`, { cause: signal.reason });
    this.code = 'ABORT_ERR';
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
 * Settles as the promise does, unless the signal is aborted before: then it is rejected at once with what `give` answers.
 */
function untilAborted(signal, promise, give) {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(give());
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The trace that the call is a part of: the one it was given, or the one that is active in OpenTelemetry. */
function traceOf({ traceparent, tracestate }) {
  if (traceparent !== undefined) {
    return { traceparent, tracestate };
  }
  const telemetry = globalThis[OPENTELEMETRY];
  if (!telemetry?.context || !telemetry.propagation) {
    return undefined;
  }
  const carrier = {};
  telemetry.propagation.inject(telemetry.context.active(), carrier, setter);
  return carrier.traceparent === undefined ? undefined : carrier;
}

/**
 * Makes one call of the addon.
 *
 * @param {import('./native.js').NativeDialect} native
 * @param {{ signal?: AbortSignal, traceparent?: string, tracestate?: string, idempotencyKey?: string }} options
 * @param {(options?: object) => Promise<string | object>} call is given what goes with it
 * @param {() => object} describe what those who watch are told about it: `database`, `transaction`, `query`, …
 * @returns {Promise<string>} the answer; rejected with a PhantomDBError or an AbortError
 */
function send(native, options, call, describe) {
  const { signal, idempotencyKey } = options;
  const trace = traceOf(options);
  if (!queries.hasSubscribers && !signal) {
    const going = trace || idempotencyKey ? { idempotencyKey, ...trace } : undefined;
    return answerOf(answerTo(native, call(going)));
  }
  const event = { ...describe(), url: native.url, requestId: randomUUID(), retries: 0, ...trace };
  const going = { requestId: event.requestId, idempotencyKey, ...trace };
  return queries.tracePromise(() => watch(native, signal, event, going, call), event);
}

/** Makes a call that can be given up, and notes how often it was sent again. */
async function watch(native, signal, event, going, call) {
  throwIfAborted(signal);
  const number = native.watch();
  try {
    const answer = answerOf(answerTo(native, call({ ...going, number })));
    if (!signal) {
      return await answer;
    }
    return await untilAborted(signal, answer, () => {
      native.cancel(number);
      return new AbortError(signal, event.transaction ? IN_TRANSACTION : MAY_HAVE_RUN);
    });
  } finally {
    event.retries = native.unwatch(number);
  }
}

module.exports = { AbortError, send, throwIfAborted, untilAborted };
