'use strict';

/**
 * The key in a query's options under which the generator leaves the statement it made:
 * `{ sql, parameters, find?, table? }`, with parameters, find and table as JSON text. `Query` sends it when the SQL it
 * is asked to run is the same.
 */
const COMPILED = Symbol('phantomdb-sequelize.compiled');

module.exports = { COMPILED };
