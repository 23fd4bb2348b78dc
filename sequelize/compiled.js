'use strict';

/**
 * Where a generator leaves the statement it translated, on the options that go on to `sequelize.query`:
 * `{ sql, parameters, find?, table? }`, with `parameters` as JSON text. `sql` is the text that was returned, so that a
 * query that was given other text is not mistaken for it. A structured call stands there as
 * `{ sql, call, body, map, tolerated }`, a step of a transaction as `{ sql, perform }`.
 */
module.exports = Symbol.for('phantomdb.compiled');
