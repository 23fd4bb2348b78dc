'use strict';

// A driver for Sequelize's own dialect for SQLite that answers at once: what is left is Sequelize's own time. The first
// statement of a kind runs on sqlite3. The next ones, which differ in their digits only, get the same answer without a
// database, so its answers are of the right shape, and not always right.

const sqlite3 = require('sqlite3');

/** A long statement, such as a bulk insert, is told from others by its beginning. */
const LONG = 2_000;
const BEGINNING = 200;

const kindOf = (sql) => (sql.length > LONG ? sql.slice(0, BEGINNING) : sql).replace(/\d+/g, '0');

class Database extends sqlite3.Database {
  #answers = new Map();

  /** `rest` are the parameters, which may be missing, and the callback. */
  #answer(run, sql, rest) {
    const callback = rest.at(-1);
    // Sequelize sets PRAGMAs on a new connection without waiting for them.
    if (typeof callback !== 'function') return run.call(this, sql, ...rest);
    const kind = kindOf(sql);
    const known = this.#answers.get(kind);
    if (known) {
      callback.call(known.statement, null, known.rows);
      return this;
    }
    const answers = this.#answers;
    return run.call(this, sql, ...rest.slice(0, -1), function answered(error, rows) {
      if (!error) answers.set(kind, { statement: this, rows });
      callback.call(this, error, rows);
    });
  }

  all(sql, ...rest) {
    return this.#answer(super.all, sql, rest);
  }

  run(sql, ...rest) {
    return this.#answer(super.run, sql, rest);
  }
}

module.exports = { ...sqlite3, Database };
