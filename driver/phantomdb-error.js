'use strict';

const path = require('path');

/** The directories of this package's code. */
const OWN = [__dirname, path.join(__dirname, '..', 'sequelize')].map((directory) => directory + path.sep);

/** Marks the errors of every copy of this package. */
const MARK = Symbol.for('phantomdb-sequelize.error');

/**
 * The error of a call that failed. A caller without Sequelize catches it; with Sequelize it is the `original` of
 * Sequelize's own error.
 */
class PhantomDBError extends Error {
  static of(error) {
    return [error, error?.original, error?.parent].find((candidate) => candidate?.[MARK] === true);
  }

  /** @param {{ code: string, message: string, details?: object, requestId?: string, traceId?: string }} failure */
  constructor(failure) {
    super(failure.message);
    this.code = failure.code;
    this.details = failure.details ?? { columns: [] };
    if (failure.requestId) {
      this.requestId = failure.requestId;
    }
    if (failure.traceId) {
      this.traceId = failure.traceId;
    }
  }
}

Object.defineProperty(PhantomDBError.prototype, MARK, { value: true });
Object.defineProperty(PhantomDBError.prototype, 'name', {
  value: 'PhantomDBError',
  configurable: true,
  writable: true,
});

/**
 * Waits for work of the addon that answers nothing, and throws its failure if there is one.
 *
 * @param {Promise<object | undefined>} work
 */
async function throwFailure(work) {
  let failure;
  try {
    failure = await work;
  } catch (error) {
    // Only a defect gets here: an expected failure is an answer.
    throw new PhantomDBError({ code: 'INTERNAL', message: error.message });
  }
  if (failure) {
    throw new PhantomDBError(failure);
  }
}

const isFrame = (line) => /^\s+at /.test(line);
/** The function of Node that goes on after an `await`, between this package and its caller. */
const GOES_ON = /\bprocessTicksAndRejections\b/;
const isOwn = (line) => isFrame(line) && (GOES_ON.test(line) || OWN.some((directory) => line.includes(directory)));

/** The stack without this package, or, when nothing else is in it, the whole. */
function callersOf(stack) {
  const lines = stack.split('\n');
  const kept = lines.filter((line) => !isOwn(line));
  return kept.some(isFrame) ? kept.join('\n') : stack;
}

/** Leaves this package out of the stack of an error, which then begins where the caller is. */
function fromCaller(error) {
  error.stack &&= callersOf(error.stack);
  return error;
}

/** Gives an error the stack of the caller, as if it had been made there. */
function withStack(error, stack) {
  error.stack = callersOf(`${error.name}: ${error.message}${stack.slice(stack.indexOf('\n'))}`);
  return error;
}

module.exports = { PhantomDBError, fromCaller, throwFailure, withStack };
