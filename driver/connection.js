'use strict';

// The calls over one connection string. Every call goes through here, whoever makes it: here calls are traced and given
// up, share the event loop with others, and have their answers parsed.

// Node's own function, also where tests have put another in its place.
const { setImmediate } = require('timers');

const { AbortError, throwIfAborted, untilAborted } = require('./abort.js');
const { inTurn, isTurn } = require('./inline-budget.js');
const { toJson } = require('./json.js');
const native = require('./native.js');
const { NewTransaction } = require('./new-transaction.js');
const { randomUUID } = require('./old-node.js');
const { PendingCalls } = require('./pending-calls.js');
const { PhantomDBError, throwFailure } = require('./phantomdb-error.js');
const { Outage } = require('./outage.js');
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
  #outage;
  #hasToken;

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
    this.#hasToken = Boolean(JSON.parse(optionsJson).token ?? process.env.PHANTOMDB_TOKEN);
    this.#outage = new Outage(this.#addon, this.#pending);
  }

  /**
   * Runs one statement. `parameters` is a JSON array, and `rows` one of arrays: the rows of an INSERT. With `newValues` the
   * answer may leave out the columns whose values all are those of the rows. With `readOnly` the caller vouches that the
   * statement only reads, so that it may be repeated when its answer was lost.
   *
   * @param {{ database: string, query: string, parameters: string, transaction?: string | NewTransaction,
   *   native?: boolean, readOnly?: boolean, rows?: string, newValues?: boolean }} statement
   * @param {CallOptions} [options]
   * @returns {Promise<object>} the result set; rejected with a PhantomDBError or an AbortError
   */
  query(statement, options = NO_OPTIONS) {
    const { database, query, parameters, transaction, native: isNative, readOnly, rows, newValues } = statement;
    const request = { number: 0, database, query, parameters, options: undefined };
    // Nothing is sent twice to an engine in this process.
    if (transaction !== undefined || isNative || rows !== undefined || (readOnly && this.isRemote)) {
      request.options = { transaction: headerOf(transaction), native: isNative, readOnly, rows, newValues };
    }
    return this.#send('query', request, options, undefined, begunBy(transaction));
  }

  /**
   * Finds rows of one table. `table` and `find` are JSON, `parameters` is the JSON array of those of the condition, and
   * `query` is the statement that the call stands for, with which it can travel with other calls.
   *
   * @param {{ database: string, table: string, find: string, parameters: string, query?: string,
   *   transaction?: string | NewTransaction }} find
   * @param {CallOptions} [options]
   * @returns {Promise<object>} the result set
   */
  find({ database, table, find, parameters, query, transaction }, options = NO_OPTIONS) {
    const request = { number: 0, database, table, find, parameters, query, options: inTransaction(transaction) };
    return this.#send('find', request, options, undefined, begunBy(transaction));
  }

  /**
   * Makes any call of the contract.
   *
   * @param {string} kind the name of the call
   * @param {object | null} body its fields
   * @param {string | NewTransaction} [transaction]
   * @param {CallOptions} [options]
   * @returns {Promise<object | undefined>} what the contract says it answers
   */
  call(kind, body, transaction = undefined, options = NO_OPTIONS) {
    const request = { number: 0, kind, body: toJson(body), options: inTransaction(transaction) };
    return this.#send('call', request, options, body, begunBy(transaction));
  }

  /** Serves the console of databases in this process, until `close`. Resolves to the URL of its page. */
  async studio() {
    const answer = await this.#addon.studio();
    if (typeof answer !== 'string') throw new PhantomDBError(answer);
    return answer;
  }

  /** Lets go of everything. Calls after this fail. */
  close() {
    return throwFailure(this.#addon.close());
  }

  /** Without a signal or a subscriber a call costs no more than itself. `begins` is the transaction that the call begins. */
  #send(method, request, options, body, begins) {
    request.number = this.#next;
    this.#next = (this.#next + 1) >>> 0;
    const { signal, idempotencyKey } = options;
    const trace = traceOf(options);
    if (!queries.hasSubscribers && !signal) {
      if (trace || idempotencyKey) request.options = { ...request.options, idempotencyKey, ...trace };
      return this.#answer(method, request, body, begins);
    }
    const event = {
      operation: request.kind ?? method,
      query: request.query ?? body?.statement?.query,
      database: request.database ?? body?.database,
      transaction: begins ? null : (request.options?.transaction ?? (ENDS.has(request.kind) ? body.id : null)),
      url: this.url,
      requestId: randomUUID(),
      retries: 0,
      ...trace,
    };
    request.options = { ...request.options, requestId: event.requestId, idempotencyKey, ...trace };
    return queries.tracePromise(() => this.#watch(method, request, signal, event, begins), event).then(parse);
  }

  /** Makes a call that can be given up, and notes how often it was sent again. Resolves to the text of its answer. */
  async #watch(method, request, signal, event, begins) {
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
      const outcome = this.isRemote || isTurn() ? make() : inTurn(make);
      const text = Promise.resolve(outcome).then((answer) => this.#textOf(answer, event.database, begins));
      if (!signal) return await text;
      return await untilAborted(signal, text, () => {
        if (!isMade) return new AbortError(signal);
        this.#addon.cancel(number);
        if (begins) text.then(() => this.#forsake(begins), noop);
        return AbortError.ofStopped(signal, event.transaction !== null);
      });
    } finally {
      event.transaction ??= begins?.id ?? null;
      event.retries = this.#addon.unwatch(number);
    }
  }

  /** The parsed answer to a call. */
  async #answer(method, request, body, begins) {
    let outcome = this.#outcome(method, request);
    if (typeof outcome !== 'string') outcome = await outcome;
    return parse(this.#textOf(outcome, request.database ?? body?.database, begins));
  }

  /** Rolls a transaction back whose first call was given up when it had its answer already. */
  #forsake({ id }) {
    return this.call('rollbackTransaction', { id }).catch(noop);
  }

  /** The text of an outcome. A failure is thrown. `begins` gets the id of the transaction that began. */
  #textOf(outcome, database, begins) {
    if (typeof outcome === 'string') return begins ? withoutId(outcome, begins) : outcome;
    if (begins) begins.id = outcome.begun ?? undefined;
    outcome.message = this.#explained(outcome, database);
    throw new PhantomDBError(outcome);
  }

  /** The message of a failure, in the words of who uses a dialect and not the calls of REST. */
  #explained({ code, message }, database) {
    if (code === 'UNKNOWN_TABLE') return message + this.#suspectName(database);
    if (code === 'UNAUTHORIZED') return this.#hasToken ? `${TOKEN_REFUSED}: ${message}` : NO_TOKEN;
    if (code === 'NOT_FOUND' && this.isRemote) return message + suspectPath(this.url);
    return message;
  }

  /** What to add when a table is missing whose database is a new one: the name may be misspelt. */
  #suspectName(database) {
    const created = this.#addon.createdDatabases();
    // In memory every database is new. When there are two, one may be a mistake.
    if (!created.includes(database) || (this.#isInMemory && created.length === 1)) return '';
    return (
      `. The database "${database}" did not exist, and was created empty when it was first used; correct its name if it ` +
      'is misspelt (with createDatabase: false nothing is created)'
    );
  }

  /** The outcome of a call, JSON text or a failure, or a promise of it. The call is made when its turn comes. */
  #outcome(method, request) {
    return this.isRemote || isTurn() ? this.#make(method, request) : inTurn(() => this.#make(method, request));
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
      this.#outage.watch();
    }
    return this.#pending.wait(number);
  }

  #flush = () => {
    this.#isFlushing = false;
    this.#addon.flush();
  };
}

const TOKEN_REFUSED =
  'The server does not accept the token that it was sent; check the option token, or PHANTOMDB_TOKEN';
const NO_TOKEN =
  'The server needs a token, and none was sent: give it as the option token, in PHANTOMDB_TOKEN, or where a ' +
  'phantomdb:// URL has its password.';

/** What to add when a server does not know what it was asked, and its URL has a path, mostly the name of a database. */
function suspectPath(url) {
  const { pathname } = new URL(url);
  return pathname === '/'
    ? ''
    : `. The URL of the dialect has the path ${pathname}: if that is the name of a database, leave it out, and name the ` +
        'database as the option database of Sequelize, or use the URL phantomdb://HOST:PORT/DATABASE';
}

/** The calls whose `id` is the id of a transaction. */
const ENDS = new Set(['commitTransaction', 'rollbackTransaction']);

const noop = () => {};

const inTransaction = (transaction) => (transaction === undefined ? undefined : { transaction: headerOf(transaction) });

/** How the addon takes a transaction. */
const headerOf = (transaction) => (transaction instanceof NewTransaction ? transaction.header : transaction);

const begunBy = (transaction) => (transaction instanceof NewTransaction ? transaction : undefined);

/** The text of an answer behind the id of the transaction that began with the call, which has a line of its own. */
function withoutId(text, begins) {
  const end = text.indexOf('\n');
  if (end > 0) begins.id = text.slice(0, end);
  return text.slice(end + 1);
}

/** The answer that a text holds. */
function parse(text) {
  return text === '' ? undefined : JSON.parse(text);
}

module.exports = { Connection };
