'use strict';

// `dialect.stream(Model, options)`: the rows of a finder one after the other. A cursor of the database has them, and a page
// of them is in memory while the page before is read.

// Node's own function, also where tests have put another in its place.
const { setImmediate } = require('timers');

const { throwIfAborted } = require('../driver/abort.js');
const { randomUUID } = require('../driver/old-node.js');
const { CompiledQuery } = require('./compiled-query.js');
const { IDLE_TIMEOUT } = require('./transactions.js');

/** The rows that are read at a time. To build so many instances takes a few milliseconds. */
const PAGE_SIZE = 250;

/** The longest time that a server leaves a transaction idle, in milliseconds: a page may keep its reader busy so long. */
const PAGE_TIMEOUT_MS = 600_000;

/** The option of `Model.findAll` that takes its query instead of running it. */
const CAPTURE = Symbol('capture');

/** Takes what `Model.findAll` is about to run. It is thrown, so that nothing after the query runs. */
class Capture {
  take(query, options) {
    this.query = query;
    this.options = options;
    return this;
  }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
const noop = () => {};

/** The query of a finder, with scopes, hooks and names as `findAll` has them. */
async function captured(Model, options) {
  const capture = new Capture();
  try {
    await Model.findAll({ ...options, [CAPTURE]: capture, rejectOnEmpty: false });
  } catch (error) {
    if (error !== capture) throw error;
    const { include, plain } = capture.options;
    if (include?.length > 0) {
      throw new TypeError(
        'stream does not take include, which needs the rows of several pages for one instance: query the other model ' +
          'within the loop, or use findAll with limit.',
      );
    }
    if (plain) throw new TypeError('stream does not take plain: use findOne for one row.');
    return capture;
  }
  throw new TypeError(`${Model.name}.findAll did not query the database, so that there is nothing to stream.`);
}

/** A cursor in a transaction. */
class Cursor {
  constructor(sequelize, { query, options }, transaction) {
    this.name = `"phantomdb_${randomUUID()}"`;
    this.queryInterface = sequelize.getQueryInterface();
    this.query = query;
    this.options = options;
    this.transaction = transaction;
  }

  open() {
    const sql = `DECLARE ${this.name} NO SCROLL CURSOR FOR ${this.query.statement}`;
    return this.run(sql, this.query.parameters, { type: 'RAW', raw: true });
  }

  /** The rows, or instances, of the next page. */
  fetch(count) {
    return this.run(`FETCH ${count} FROM ${this.name}`, '[]', {});
  }

  close() {
    return this.run(`CLOSE ${this.name}`, '[]', { type: 'RAW', raw: true, signal: undefined });
  }

  run(sql, parameters, others) {
    const query = CompiledQuery.statement('read', sql, { sql, parameters });
    const options = Object.assign({}, this.options, { transaction: this.transaction }, others);
    return this.queryInterface.runQuery(query, options);
  }
}

async function* stream(Model, { pageSize = PAGE_SIZE, ...options }) {
  const { sequelize } = Model;
  const capture = await captured(Model, options);
  const { transaction: given, signal, logging } = capture.options;
  const own = given ? undefined : await sequelize.transaction({ ...READING, logging });
  const cursor = new Cursor(sequelize, capture, given ?? own);
  let ahead;
  let isOpen = false;
  let isComplete = false;
  try {
    await cursor.open();
    isOpen = true;
    ahead = cursor.fetch(pageSize);
    while (ahead) {
      const rows = await ahead;
      ahead = rows.length < pageSize ? undefined : cursor.fetch(pageSize);
      // Its failure is thrown when its turn comes.
      ahead?.catch(noop);
      for (const row of rows) {
        throwIfAborted(signal);
        yield row;
      }
      // A page that is there already must not make this turn of the event loop longer.
      if (ahead) await nextTurn();
    }
    isComplete = true;
  } finally {
    await ahead?.catch(noop);
    if (own) await end(own, isComplete);
    else if (isOpen && !given.finished) await closed(cursor, isComplete);
  }
}

const READING = { readOnly: true, isolationLevel: 'REPEATABLE READ', [IDLE_TIMEOUT]: PAGE_TIMEOUT_MS };

/** Ends the transaction of a stream. It has only read, so that the failure of a rollback is nothing beside its reason. */
async function end(transaction, isComplete) {
  if (isComplete) await transaction.commit();
  else await transaction.rollback().catch(noop);
}

/** Closes a cursor. After an error it may be gone, with its transaction. */
async function closed(cursor, isComplete) {
  const closing = cursor.close();
  await (isComplete ? closing : closing.catch(noop));
}

/**
 * Checks the arguments, and returns the iterator of the rows.
 *
 * @param {import('../driver/client.js').Client} client of the dialect
 */
function streamOf(client, Model, options = {}) {
  if (typeof Model?.findAll !== 'function' || Model.sequelize?.dialect?.client !== client) {
    throw new TypeError('stream takes a model of a Sequelize that uses this dialect.');
  }
  const { pageSize } = options;
  if (pageSize !== undefined && !(Number.isSafeInteger(pageSize) && pageSize > 0)) {
    throw new TypeError(`pageSize of stream must be a whole number above 0, and is ${String(pageSize)}.`);
  }
  return stream(Model, options);
}

module.exports = { CAPTURE, streamOf };
