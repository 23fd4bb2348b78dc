'use strict';

const { listen } = require('./pending-calls.js');
const { leaveExpired } = require('../sequelize/expired.js');
const native = require('./native.js');
const { PhantomDBError, answerOf } = require('./phantomdb-error.js');
const { idOf, isSnapshot } = require('./snapshot.js');
const { wireTls } = require('./tls.js');

/**
 * The addon's side of one `PhantomDBDialect`: opened when first used, shared by every Sequelize that uses the dialect,
 * and closed with the last of them.
 */
class Client {
  #url;
  #options;
  /** The databases of those that use it, each as often as it is used. */
  #users = [];
  /** By connection string; the dialect's own and those of replicas. */
  #opened = new Map();
  #isClosed = false;
  /** The transactions that its Sequelizes have open. */
  transactions = new Set();

  /** Throws a PhantomDBError for a connection string or options that are wrong. */
  constructor(url, options) {
    this.#url = url;
    this.isRemote = isRemote(url);
    // Kept, as it is gone with the last who has it.
    this.template = options.template;
    this.#options = JSON.stringify({ ...options, template: this.#wireTemplate(), tls: wireTls(options.tls) });
    this.url = this.at().url;
  }

  #wireTemplate() {
    if (this.template === undefined) return undefined;
    return isSnapshot(this.template) ? { snapshot: idOf(this.template, this) } : { path: this.template };
  }

  /** The databases of the Sequelizes that use it. */
  get databases() {
    return [...new Set(this.#users)];
  }

  /** The addon's object for the dialect's connection string, or for another one with the same options. */
  at(url = this.#url) {
    if (this.#isClosed) {
      throw new PhantomDBError({
        code: 'UNAVAILABLE',
        message: `This PhantomDBDialect (${this.url}) was closed; make a new one.`,
        details: { columns: [], reason: 'closed' },
      });
    }
    let opened = this.#opened.get(url);
    if (!opened) {
      opened = open(url, this.#options);
      if (isRemote(url)) listen(opened);
      opened.answersAtOnce = isInMemory(opened.url);
      this.#opened.set(url, opened);
    }
    return opened;
  }

  /** The database was restored, and has rolled back what was open in it. */
  leaveTransactions(database) {
    for (const transaction of this.transactions) {
      if (transaction.connection?.database !== database) continue;
      this.transactions.delete(transaction);
      leaveExpired(
        transaction,
        new PhantomDBError({
          code: 'TRANSACTION_EXPIRED',
          message: 'The transaction was rolled back when the database was restored to a snapshot; begin another.',
        }),
      );
    }
  }

  /** A Sequelize begins to use it. */
  retain(database) {
    this.#users.push(database);
  }

  /** A Sequelize was closed. */
  async release(database) {
    this.#users.splice(this.#users.indexOf(database), 1);
    if (this.#users.length === 0) {
      await this.#closeAll();
    }
  }

  /** Closes it for good. */
  async close() {
    this.#isClosed = true;
    await this.#closeAll();
  }

  async #closeAll() {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    await Promise.all(opened.map((one) => answerOf(one.close())));
  }
}

const isRemote = (url) => /^https?:/i.test(url);
const isInMemory = (url) => /^memory:/i.test(url);

function open(url, options) {
  try {
    return new native.NativeDialect(url, options);
  } catch (error) {
    throw new PhantomDBError(error);
  }
}

module.exports = { Client };
