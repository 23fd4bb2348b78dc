'use strict';

/**
 * What PhantomDB answers when a call fails. Without Sequelize it is what a caller catches; with Sequelize it is the
 * `original` of Sequelize's own error.
 */
class PhantomDBError extends Error {
  /** @param {{ code: string, message: string, details?: object, requestId?: string }} failure */
  constructor(failure) {
    super(failure.message);
    this.code = failure.code;
    this.details = failure.details ?? { columns: [] };
    if (failure.requestId) {
      this.requestId = failure.requestId;
    }
  }
}

Object.defineProperty(PhantomDBError.prototype, 'name', { value: 'PhantomDBError', configurable: true, writable: true });

module.exports = { PhantomDBError };
