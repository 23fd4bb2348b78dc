'use strict';

const COMPILED = require('./compiled-query.js');

/** The transaction that a nested one, however deep, is part of. */
function rootOf(transaction) {
  return transaction.parent ? rootOf(transaction.parent) : transaction;
}

/** A transaction and all that are nested in it. */
function withNested(transaction) {
  return [transaction, ...transaction.savepoints.flatMap(withNested)];
}

/**
 * The part of QueryInterface that begins and ends transactions. They begin with a call of the contract that carries
 * all their options, and their id stays on the connection; the SQL is for the log. Nested ones are savepoints.
 */
const transactions = (Base, lib) => {
  const { Transaction, QueryTypes } = lib;

  const check = (transaction, what) => {
    if (!(transaction instanceof Transaction)) {
      throw new Error(`Unable to ${what} without transaction object!`);
    }
  };

  return class extends Base {
    /** The level goes with the begin; in a transaction that has begun, the database decides. */
    async setIsolationLevel(transaction, value, options) {
      check(transaction, 'set isolation level for a transaction');
      if (transaction.parent || !value || transaction.connection?.transaction == null) {
        return;
      }
      const sql = this.queryGenerator.setIsolationLevelQuery(value, { parent: transaction.parent });
      await this.sequelize.query(sql, { ...options, type: QueryTypes.RAW, transaction });
    }

    async startTransaction(transaction, options) {
      check(transaction, 'start a transaction');
      if (transaction.parent) {
        // Sequelize counts the savepoints of each level by themselves, so that one would hide another of its name.
        const root = rootOf(transaction);
        transaction.name = `${root.id}-sp-${withNested(root).length - 1}`;
      }
      const { type, isolationLevel, readOnly } = transaction.options;
      const begin = {
        isolationLevel: isolationLevel ?? undefined,
        readOnly: Boolean(readOnly),
        immediate: type === Transaction.TYPES.IMMEDIATE || type === Transaction.TYPES.EXCLUSIVE,
      };
      const sql = this.queryGenerator.startTransactionQuery(transaction);
      await this.control(transaction, sql, options, (connection) => connection.begin(begin));
      this.sequelize.dialect.client.transactions.add(transaction);
    }

    /** A savepoint needs no end: it is part of what its transaction commits. */
    async commitTransaction(transaction, options) {
      check(transaction, 'commit a transaction');
      if (transaction.parent) {
        return;
      }
      const sql = this.queryGenerator.commitTransactionQuery(transaction);
      const end = { ...options, completesTransaction: true };
      const done = this.control(transaction, sql, end, (connection) => connection.commit());
      transaction.finished = 'commit';
      await done;
    }

    async rollbackTransaction(transaction, options) {
      check(transaction, 'rollback a transaction');
      const sql = this.queryGenerator.rollbackTransactionQuery(transaction);
      const end = { ...options, completesTransaction: true };
      const done = this.control(transaction, sql, end, (connection) => connection.rollback());
      transaction.finished = 'rollback';
      try {
        await done;
      } catch (error) {
        // What a savepoint was to undo is undone, when the database has rolled back the whole transaction.
        if (error.original?.code !== 'TRANSACTION_EXPIRED') throw error;
      }
    }

    /** Logs `sql` and does what it says: a statement for a savepoint, `perform` for a transaction. */
    control(transaction, sql, options, perform) {
      const queryOptions = { ...options, type: QueryTypes.RAW, transaction: transaction.parent ?? transaction };
      if (!transaction.parent) {
        queryOptions[COMPILED] = { sql, perform };
        this.sequelize.dialect.client.transactions.delete(transaction);
      }
      return this.sequelize.query(sql, queryOptions);
    }
  };
};

module.exports = { rootOf, transactions, withNested };
