'use strict';

const { CompiledQuery } = require('./compiled-query.js');

/** The option of a transaction for the milliseconds after which it is rolled back when no call comes. */
const IDLE_TIMEOUT = Symbol('idle timeout');

/** The transaction that a nested one, however deep, is part of. */
function rootOf(transaction) {
  return transaction.parent ? rootOf(transaction.parent) : transaction;
}

/** A transaction and all that are nested in it. */
function withNested(transaction) {
  return [transaction, ...transaction.savepoints.flatMap(withNested)];
}

/**
 * Takes the connection from a transaction that the database has rolled back, so that the pool has it again whatever the
 * application does.
 *
 * @param {object} transaction of Sequelize's, not a nested one
 * @param {Error} error what is thrown for everything that is still asked in it
 */
function expireTransaction(transaction, error) {
  const expired = transaction.connection.expire(error);
  transaction.cleanup();
  for (const holder of withNested(transaction)) holder.connection = expired;
}

/**
 * The part of QueryInterface that begins and ends transactions. They begin with the first call in them, which carries their
 * options, and their id stays on the connection; the SQL is for the log. Nested ones are savepoints.
 */
const transactions = (Base, lib) => {
  const { Transaction, QueryTypes } = lib;

  const check = (transaction, action) => {
    if (!(transaction instanceof Transaction)) {
      throw new Error(`Unable to ${action} without transaction object!`);
    }
  };

  return class extends Base {
    /** The level goes with the begin. In a transaction that has begun, the database decides. */
    async setIsolationLevel(transaction, value, options) {
      check(transaction, 'set isolation level for a transaction');
      if (transaction.parent || !value || transaction.connection?.transaction == null) {
        return;
      }
      const sql = this.queryGenerator.setIsolationLevelQuery(value, { parent: transaction.parent });
      await this.sequelize.query(sql, { ...options, type: QueryTypes.RAW, transaction, native: false });
    }

    async deferConstraints(transaction, options) {
      return super.deferConstraints(transaction, { ...options, native: false });
    }

    async startTransaction(transaction, options) {
      check(transaction, 'start a transaction');
      if (transaction.parent) {
        // Sequelize counts the savepoints of each level by themselves, so that one would hide another of its name.
        const root = rootOf(transaction);
        transaction.name = `${root.id}-sp-${withNested(root).length - 1}`;
      }
      const { type, isolationLevel, readOnly, [IDLE_TIMEOUT]: timeout } = transaction.options;
      const begin = {
        isolationLevel: isolationLevel ?? undefined,
        readOnly: Boolean(readOnly),
        timeout,
        immediate: type === Transaction.TYPES.IMMEDIATE || type === Transaction.TYPES.EXCLUSIVE,
      };
      const text = () => this.queryGenerator.startTransactionQuery(transaction);
      await this.control(transaction, text, options, (session) => session.begin(begin));
      if (transaction.parent) return;
      this.open.set(transaction, (database, error) => {
        if (transaction.connection?.database !== database) return;
        this.open.delete(transaction);
        expireTransaction(transaction, error);
      });
    }

    /** A savepoint needs no end: it is part of what its transaction commits. */
    async commitTransaction(transaction, options) {
      check(transaction, 'commit a transaction');
      if (transaction.parent) {
        return;
      }
      const text = () => this.queryGenerator.commitTransactionQuery(transaction);
      const end = { ...options, completesTransaction: true };
      const ended = this.control(transaction, text, end, (session) => session.commit());
      transaction.finished = 'commit';
      await ended;
    }

    async rollbackTransaction(transaction, options) {
      check(transaction, 'rollback a transaction');
      const text = () => this.queryGenerator.rollbackTransactionQuery(transaction);
      const end = { ...options, completesTransaction: true };
      const ended = this.control(transaction, text, end, (session) => session.rollback());
      transaction.finished = 'rollback';
      try {
        await ended;
      } catch (error) {
        // The database has rolled back the whole transaction, and with it what the savepoint was to undo.
        if (error.original?.code !== 'TRANSACTION_EXPIRED') throw error;
      }
    }

    /** The open transactions of everything that uses the dialect. */
    get open() {
      return this.sequelize.dialect.client.transactions;
    }

    /** Logs a text and does what it says: a statement for a savepoint, `perform` for a transaction. */
    control(transaction, text, options, perform) {
      const queryOptions = { ...options, type: QueryTypes.RAW, transaction: transaction.parent ?? transaction };
      if (transaction.parent) {
        return this.sequelize.query(text(), { ...queryOptions, native: false });
      }
      this.open.delete(transaction);
      return lib.runStatement(this.sequelize, CompiledQuery.control(text, perform), queryOptions);
    }
  };
};

module.exports = { IDLE_TIMEOUT, expireTransaction, rootOf, transactions };
