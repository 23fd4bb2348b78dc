'use strict';

// `CREATE DATABASE` and `DROP DATABASE` as tools write them by hand. They are calls of the contract, not statements: no
// database is there yet, or any more, to run them in.

const NAME = '"(?:[^"]|"")+"|`(?:[^`]|``)+`|[A-Za-z_][A-Za-z0-9_$]*';
const CREATE = new RegExp(`^\\s*create\\s+database\\s+(if\\s+not\\s+exists\\s+)?(${NAME})\\s*;?\\s*$`, 'i');
const DROP = new RegExp(`^\\s*drop\\s+database\\s+(if\\s+exists\\s+)?(${NAME})\\s*;?\\s*$`, 'i');

function unquoted(name) {
  const quote = name[0];
  return quote === '"' || quote === '`' ? name.slice(1, -1).replaceAll(quote + quote, quote) : name;
}

/** The call that a statement stands for, as `compiled.js` has it, or `undefined` when it is another statement. */
function databaseCall(sql) {
  const create = CREATE.exec(sql);
  if (create) {
    const [, ifNotExists, name] = create;
    return { sql, call: 'createDatabase', body: { name: unquoted(name), ifNotExists: ifNotExists !== undefined } };
  }
  const drop = DROP.exec(sql);
  if (drop) {
    const [, ifExists, name] = drop;
    const tolerated = ifExists === undefined ? undefined : 'UNKNOWN_DATABASE';
    return { sql, call: 'dropDatabase', body: { name: unquoted(name) }, tolerated };
  }
  return undefined;
}

module.exports = { databaseCall };
