'use strict';

const { NewTransaction } = require('../driver/new-transaction.js');

/** A database, and the transaction that is open in it. */
class Session {
  #connection;
  /** The call with which the transaction begins, while it runs. Other calls wait for it, to learn the id. */
  #first;
  /** The id of the open transaction, a `NewTransaction` that the next call begins, or null. */
  transaction = null;
  /** The id of the `Transaction` object that holds the session. Sequelize sets it. */
  uuid = undefined;
  isValid = true;

  /** @param {import('../driver/connection.js').Connection} connection */
  constructor(connection, database) {
    this.#connection = connection;
    this.database = database;
  }

  /**
   * Runs one statement of PhantomDB SQL.
   *
   * @param {string} query
   * @param {string} parameters a JSON array
   * @param {{ native?: boolean, readOnly?: boolean, rows?: string, newValues?: boolean }} how
   * @param {import('../driver/connection.js').CallOptions} [options]
   * @returns {Promise<object>} the result set; rejected with a PhantomDBError or an AbortError
   */
  query(query, parameters, { native, readOnly, rows, newValues }, options) {
    const { database } = this;
    const statement = { database, query, parameters, transaction: undefined, native, readOnly, rows, newValues };
    return this.#send((transaction) => {
      statement.transaction = transaction;
      return this.#connection.query(statement, options);
    });
  }

  /** Finds rows of one table. `query` is the statement that the find stands for, with the same parameters. */
  find(table, find, parameters, query, options) {
    const { database } = this;
    return this.#send((transaction) =>
      this.#connection.find({ database, table, find, parameters, query, transaction }, options),
    );
  }

  /** Makes any other call of the contract. Resolves to its answer. */
  call(kind, body, options) {
    return this.#send((transaction) => this.#connection.call(kind, body, transaction, options));
  }

  /**
   * Begins a transaction with the next call. One that takes the write lock at once begins now.
   *
   * @param {{ isolationLevel?: string, readOnly?: boolean, immediate?: boolean }} options
   */
  async begin(options) {
    if (!options.immediate) {
      this.transaction = new NewTransaction(options);
      return;
    }
    const answer = await this.call('beginTransaction', { database: this.database, ...options });
    this.transaction = answer.transaction_id;
  }

  commit() {
    return this.#end('commitTransaction');
  }

  /** Rolls back. A transaction that the server has rolled back, since it was idle for too long, needs no more. */
  async rollback() {
    try {
      await this.#end('rollbackTransaction');
    } catch (error) {
      if (error.code !== 'TRANSACTION_EXPIRED') {
        throw error;
      }
    }
  }

  /** Lets go of a transaction that the server has ended. Returns what stands in this session's place for it. */
  expire(error) {
    this.transaction = null;
    return new ExpiredSession(error);
  }

  /** Rolls back what is open. It cannot fail: the server rolls back what it finds idle. */
  async abandon() {
    this.isValid = false;
    await this.rollback().catch(() => {});
  }

  /** Makes a call, in the transaction if there is one. */
  #send(make) {
    const { transaction } = this;
    if (transaction === null) return make(undefined);
    return transaction instanceof NewTransaction ? this.#beginWith(transaction, make) : make(transaction);
  }

  async #beginWith(transaction, make) {
    if (this.#first) {
      await this.#first;
      return this.#send(make);
    }
    const answer = make(transaction);
    this.#first = answer.then(noop, noop);
    try {
      return await answer;
    } finally {
      this.#first = undefined;
      // A call that failed before it began the transaction leaves that to the next.
      if (transaction.id !== undefined && this.transaction === transaction) this.transaction = transaction.id;
    }
  }

  async #end(kind) {
    // The id comes with the answer.
    while (this.#first) await this.#first;
    const { transaction } = this;
    this.transaction = null;
    // Of a transaction without a statement nobody knows.
    if (transaction !== null && !(transaction instanceof NewTransaction)) {
      await this.#connection.call(kind, { id: transaction });
    }
  }
}

function noop() {}

/** The session of a transaction that the server has rolled back: all it can do is end. */
class ExpiredSession {
  constructor(error) {
    this.error = error;
    this.isValid = false;
    this.uuid = undefined;
  }

  async query() {
    throw this.error;
  }

  find() {
    return this.query();
  }

  call() {
    return this.query();
  }

  commit() {
    return this.query();
  }

  async rollback() {}

  async abandon() {}

  expire() {
    return this;
  }
}

module.exports = { Session };
