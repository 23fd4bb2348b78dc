'use strict';

/**
 * The error of a call that failed. A caller without Sequelize catches it; with Sequelize it is the `original` of
 * Sequelize's own error.
 */
class PhantomDBError extends Error {
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

/** Gives an error the stack of the caller, as if it had been made there. */
function withStack(error, stack) {
  error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf('\n'))}`;
  return error;
}

module.exports = { PhantomDBError, throwFailure, withStack };
