'use strict';

const { Connection } = require('./connection.js');
const { toJson } = require('./json.js');
const { PhantomDBError } = require('./phantomdb-error.js');
const { idOf, idFor, isSnapshot } = require('./snapshot.js');
const { wireTls } = require('./tls.js');

/**
 * The connections of one `PhantomDBDialect`. They are opened when first used, shared by everything that uses the dialect,
 * and closed with its last user.
 */
class Client {
  #url;
  #optionsJson;
  /** The databases of its users, each as often as it is used. */
  #users = [];
  /** By connection string: the dialect's own and those of replicas. */
  #connections = new Map();
  #isClosed = false;
  /**
   * The transactions that its users have open. When a database is restored, `expire(database, error)` is called for each.
   *
   * @type {Map<object, (database: string, error: Error) => void>}
   */
  transactions = new Map();

  /** Throws a PhantomDBError for a connection string or options that are wrong. */
  constructor(url, options) {
    const { template, native, ...rest } = options;
    this.#url = url;
    /** True when raw statements are in the engine's own SQL unless their options say otherwise. */
    this.native = native === true;
    // Held here, as a snapshot is gone with its last holder.
    this.template = template;
    const wireTemplate = isSnapshot(template) ? { snapshot: idOf(template) } : template && { path: template };
    this.#optionsJson = toJson({ ...rest, template: wireTemplate, tls: wireTls(options.tls) });
    const connection = this.at();
    this.url = connection.url;
    this.isRemote = connection.isRemote;
    if (isSnapshot(template)) idFor(template, this);
  }

  /** The databases of its users. */
  get databases() {
    return [...new Set(this.#users)];
  }

  /** The connection of the dialect's connection string, or of another one with the same options. */
  at(url = this.#url) {
    if (this.#isClosed) {
      throw new PhantomDBError({
        code: 'UNAVAILABLE',
        message: `This PhantomDBDialect (${this.url}) was closed; make a new one.`,
        details: { columns: [], reason: 'closed' },
      });
    }
    let connection = this.#connections.get(url);
    if (!connection) {
      connection = new Connection(url, this.#optionsJson);
      this.#connections.set(url, connection);
    }
    return connection;
  }

  /** Expires the open transactions of a database that was restored, which has rolled them back. */
  expireTransactions(database) {
    // An error is made with its stack, which costs more than the rest of a restore in JavaScript.
    if (this.transactions.size === 0) return;
    const error = new PhantomDBError({
      code: 'TRANSACTION_EXPIRED',
      message: 'The transaction was rolled back when the database was restored to a snapshot; begin another.',
    });
    for (const expire of [...this.transactions.values()]) expire(database, error);
  }

  /** Notes a new user. */
  retain(database) {
    this.#users.push(database);
  }

  /** Notes that a user is done, and closes when it was the last. */
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
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    await Promise.all(connections.map((connection) => connection.close()));
  }
}

module.exports = { Client };
