'use strict';

/**
 * What PhantomDB answers when a call fails. Without Sequelize it is what a caller catches; with Sequelize it is the
 * `original` of Sequelize's own error.
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
 * What the addon answered, or the error it stands for, thrown.
 *
 * @param {string | object | Promise<string | object>} call of the addon
 * @returns {Promise<string>}
 */
async function answerOf(call) {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    // Only a defect gets here: expected failures are answers.
    throw new PhantomDBError({ code: 'INTERNAL', message: error.message });
  }
  if (answer !== null && typeof answer === 'object') {
    throw new PhantomDBError(answer);
  }
  return answer;
}

/** The error with a stack that leads to the caller, as that of an error made there does. */
function withStack(error, stack) {
  error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf('\n'))}`;
  return error;
}

module.exports = { PhantomDBError, answerOf, withStack };
