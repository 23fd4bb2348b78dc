'use strict';

/**
 * A query as it goes from the generator to the driver. Its `kind` says what is done with it:
 * - `read`, `write` or `raw`: `statement` is sent with its `parameters`, a JSON array. A `find` is the same as a find call
 *   on `table`, both as JSON, when there is one. A `raw` query is a text of the user's, who may do anything in it;
 * - `call`: the structured call `call` of the contract is made with the fields `body`. `map` turns its answer into the
 *   result, and a failure with the code `tolerated` means that there was nothing to do;
 * - `control`: `perform` is called with the session.
 *
 * Sequelize's own `query` passes objects on as they are, once it has trimmed them. It and what is built around it may read
 * a query as its text, `sql`, with any method of strings.
 */
class CompiledQuery {
  #text;

  /** @param {string | (() => string)} text for the log and for errors; a function is called when it is first needed */
  constructor(kind, text) {
    this.kind = kind;
    this.#text = text;
    this.statement = undefined;
    this.parameters = '[]';
    /** The rows of an insert beside its statement, a JSON array of arrays. */
    this.rows = undefined;
    /** What the caller inserts, for errors. */
    this.records = undefined;
    this.find = undefined;
    this.table = undefined;
  }

  /** A statement of the generator. */
  static statement(kind, text, { sql, parameters, find, rows }, table) {
    const query = new CompiledQuery(kind, text);
    query.statement = sql;
    query.parameters = parameters;
    query.find = find;
    query.rows = rows;
    query.table = table;
    return query;
  }

  static raw(sql, parameters) {
    const query = new CompiledQuery('raw', sql);
    query.statement = sql;
    query.parameters = parameters;
    return query;
  }

  static call(text, { call, body, map, tolerated }) {
    return Object.assign(new CompiledQuery('call', text), { call, body, map, tolerated });
  }

  static control(text, perform) {
    return Object.assign(new CompiledQuery('control', text), { perform });
  }

  get sql() {
    if (typeof this.#text === 'function') this.#text = this.#text();
    return this.#text;
  }

  get length() {
    return this.sql.length;
  }

  trim() {
    return this;
  }

  toString() {
    return this.sql;
  }

  toJSON() {
    return this.sql;
  }
}

Object.setPrototypeOf(CompiledQuery.prototype, String.prototype);

/**
 * Runs a query through `sequelize.query`, where logging, hooks, retries and transactions are. An error that Sequelize has
 * put the query on gets its text instead.
 */
async function runThroughSequelize(sequelize, query, options) {
  try {
    return await sequelize.query(query, options);
  } catch (error) {
    if (error.sql === query) error.sql = String(query);
    throw error;
  }
}

module.exports = { CompiledQuery, runThroughSequelize };
