'use strict';

// The calls over one connection string. Every call goes through here, whoever makes it: here calls are traced and given
// up, share the event loop with others, and have their answers parsed.

const { randomUUID } = require('crypto');
// Node's own function, also where tests have put another in its place.
const { setImmediate } = require('timers');

const { AbortError, throwIfAborted, untilAborted } = require('./abort.js');
const { inTurn, isTurn } = require('./inline-budget.js');
const { toJson } = require('./json.js');
const native = require('./native.js');
const { PendingCalls } = require('./pending-calls.js');
const { PhantomDBError, throwFailure } = require('./phantomdb-error.js');
const { queries, traceOf } = require('./tracing.js');

/**
 * Calls to a server run on Node's event loop, unless the environment says otherwise. Bun exports the functions of libuv,
 * but ends the process when one of them is called.
 */
const ON_EVENT_LOOP = process.versions.bun === undefined && process.env.PHANTOMDB_EVENT_LOOP !== 'tokio';

const NO_OPTIONS = Object.freeze({});

/**
 * Options of a call.
 *
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal] gives the call up
 * @property {string} [traceparent] the trace that the call is a part of
 * @property {string} [tracestate]
 * @property {string} [idempotencyKey] the key under which a write is run once
 */

class Connection {
  #addon;
  #pending = new PendingCalls();
  #isInMemory;
  /** The number of the next call. */
  #next = 0;
  #isFlushing = false;

  /** Throws a PhantomDBError for a connection string or options that are wrong. Nothing is opened yet. */
  constructor(connectionString, optionsJson) {
    try {
      this.#addon = new native.NativeDialect(connectionString, optionsJson, this.#pending.settle, ON_EVENT_LOOP);
    } catch (error) {
      throw new PhantomDBError(error);
    }
    this.url = this.#addon.url;
    this.isRemote = this.#addon.isRemote;
    this.#isInMemory = this.#addon.isInMemory;
  }

  /**
   * Runs one statement. `parameters` is a JSON array, and `rows` one of arrays: the rows of an INSERT. With `readOnly` the caller vouches that the statement only reads, so
   * that it may be repeated when its answer was lost.
   *
   * @param {{ database: string, query: string, parameters: string, transaction?: string, native?: boolean,
   *   readOnly?: boolean, rows?: string }} statement
   * @param {CallOptions} [options]
   * @returns {Promise<object>} the result set; rejected with a PhantomDBError or an AbortError
   */
  query({ database, query, parameters, transaction, native: isNative, readOnly, rows }, options = NO_OPTIONS) {
    const request = { number: 0, database, query, parameters, options: undefined };
    // Nothing is sent twice to an engine in this process.
    if (transaction !== undefined || isNative || rows !== undefined || (readOnly && this.isRemote)) {
      request.options = { transaction, native: isNative, readOnly, rows };
    }
    return this.#send('query', request, options);
  }

  /**
   * Finds rows of one table. `table` and `find` are JSON, `parameters` is the JSON array of those of the condition, and
   * `query` is the statement that the call stands for, with which it can travel with other calls.
   *
   * @param {{ database: string, table: string, find: string, parameters: string, query?: string,
   *   transaction?: string }} find
   * @param {CallOptions} [options]
   * @returns {Promise<object>} the result set
   */
  find({ database, table, find, parameters, query, transaction }, options = NO_OPTIONS) {
    const request = { number: 0, database, table, find, parameters, query, options: inTransaction(transaction) };
    return this.#send('find', request, options);
  }

  /**
   * Makes any call of the contract.
   *
   * @param {string} kind the name of the call
   * @param {object | null} body its fields
   * @param {string} [transaction]
   * @param {CallOptions} [options]
   * @returns {Promise<object | undefined>} what the contract says it answers
   */
  call(kind, body, transaction = undefined, options = NO_OPTIONS) {
    const request = { number: 0, kind, body: toJson(body), options: inTransaction(transaction) };
    return this.#send('call', request, options, body);
  }

  /** Lets go of everything. Calls after this fail. */
  close() {
    return throwFailure(this.#addon.close());
  }

  /** Without a signal or a subscriber a call costs no more than itself. */
  #send(method, request, options, body) {
    request.number = this.#next;
    this.#next = (this.#next + 1) >>> 0;
    const { signal, idempotencyKey } = options;
    const trace = traceOf(options);
    if (!queries.hasSubscribers && !signal) {
      if (trace || idempotencyKey) request.options = { ...request.options, idempotencyKey, ...trace };
      return this.#answer(method, request);
    }
    const event = {
      operation: request.kind ?? method,
      query: request.query,
      database: request.database ?? body?.database,
      transaction: request.options?.transaction ?? (ENDS.has(request.kind) ? body.id : null),
      url: this.url,
      requestId: randomUUID(),
      retries: 0,
      ...trace,
    };
    request.options = { ...request.options, requestId: event.requestId, idempotencyKey, ...trace };
    return queries.tracePromise(() => this.#watch(method, request, signal, event), event).then(parse);
  }

  /** Makes a call that can be given up, and notes how often it was sent again. Resolves to the text of its answer. */
  async #watch(method, request, signal, event) {
    throwIfAborted(signal);
    const { number } = request;
    this.#addon.watch(number);
    try {
      let isMade = false;
      const make = () => {
        throwIfAborted(signal);
        isMade = true;
        return this.#make(method, request);
      };
      const outcome = !this.#isInMemory || isTurn() ? make() : inTurn(make);
      const text = Promise.resolve(outcome).then(textOf);
      if (!signal) return await text;
      return await untilAborted(signal, text, () => {
        if (!isMade) return new AbortError(signal);
        this.#addon.cancel(number);
        return AbortError.ofStopped(signal, event.transaction !== null);
      });
    } finally {
      event.retries = this.#addon.unwatch(number);
    }
  }

  /** The parsed answer to a call. */
  async #answer(method, request) {
    let outcome = this.#outcome(method, request);
    if (typeof outcome !== 'string') outcome = await outcome;
    return parse(textOf(outcome));
  }

  /** The outcome of a call, JSON text or a failure, or a promise of it. The call is made when its turn comes. */
  #outcome(method, request) {
    return !this.#isInMemory || isTurn() ? this.#make(method, request) : inTurn(() => this.#make(method, request));
  }

  #make(method, request) {
    try {
      const outcome =
        method === 'query'
          ? this.#addon.query(request.number, request.database, request.query, request.parameters, request.options)
          : this.#addon[method](request);
      return outcome ?? this.#settled(request.number);
    } catch (error) {
      // Only a defect gets here: an expected failure is an outcome.
      throw new PhantomDBError({ code: 'INTERNAL', message: error.message });
    }
  }

  /** Calls to a server are gathered until Node has done what it does in one turn, and are sent together. */
  #settled(number) {
    if (this.isRemote && !this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(this.#flush);
    }
    return this.#pending.wait(number);
  }

  #flush = () => {
    this.#isFlushing = false;
    this.#addon.flush();
  };
}

/** The calls whose `id` is the id of a transaction. */
const ENDS = new Set(['commitTransaction', 'rollbackTransaction']);

const inTransaction = (transaction) => (transaction === undefined ? undefined : { transaction });

/** The text of an outcome. A failure is thrown. */
function textOf(outcome) {
  if (typeof outcome !== 'string') throw new PhantomDBError(outcome);
  return outcome;
}

/** The answer that a text holds. */
function parse(text) {
  return text === '' ? undefined : JSON.parse(text);
}

module.exports = { Connection };
