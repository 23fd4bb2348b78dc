'use strict';

/**
 * Where a generator leaves what it translated, on the options that go on to `sequelize.query`. `sql` is always the text
 * that was returned, for the log and so that a query that was given other text is not mistaken for it. Beside it:
 * - a statement: `{ statement, parameters, find?, table? }`, with the bound text, and the rest as JSON text;
 * - a structured call of the contract: `{ call, body, map?, tolerated? }`;
 * - something to do with the connection: `{ perform }`.
 */
module.exports = Symbol.for('phantomdb.compiled');
