'use strict';

// Statements in the SQL of the database engine that were sent as PhantomDB SQL: their errors say how to send them.

const CODES = new Set(['SYNTAX_ERROR', 'UNKNOWN_FUNCTION', 'UNSUPPORTED']);

/** Statements that an engine takes as native SQL neither. */
const NEVER = /^\s*(?:attach|begin|commit|copy|detach|end|release|rollback|savepoint|set|start|vacuum)\b/i;

/** What SQLite or PostgreSQL reads and PhantomDB SQL does not have. */
const ENGINES_OWN = [
  /^\s*(?:analyze|call|do|grant|import|pragma|refresh|reindex|replace|revoke|show)\b/i,
  /^\s*(?:create|alter|drop)\s+(?:or\s+replace\s+|temp\s+|temporary\s+)*(?:extension|function|procedure|trigger|virtual)\b/i,
  /\b(?:glob|match|regexp|indexed\s+by)\b/i,
  /(?:\bfrom|\binto|\bupdate|\btable|\bjoin|[,.])\s*\[\w/i,
];

/** True when the statement may be one in the engine's own SQL. */
function seemsNative(error, sql) {
  if (!CODES.has(error.code) || NEVER.test(sql) || error.message.includes('{ native: true }')) return false;
  if (error.code !== 'SYNTAX_ERROR' || /there is no function/.test(error.message)) return true;
  return ENGINES_OWN.some((pattern) => pattern.test(sql));
}

/** Adds to the error of a raw statement what to do if the statement is in the engine's own SQL. */
function addNativeHint(error, sql) {
  if (seemsNative(error, sql)) {
    error.message += '. If this is SQL of the database engine itself, send it with the option { native: true }';
  }
}

module.exports = { addNativeHint };
