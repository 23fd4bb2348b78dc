'use strict';

const { PhantomDBError } = require('./phantomdb-error.js');

const LEVELS = ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];

/** A transaction that begins with the next call, in place of the id of one that has begun. */
class NewTransaction {
  /** The id, once a statement has begun it. */
  id = undefined;

  /**
   * @param {{ isolationLevel?: string, readOnly?: boolean, timeout?: number }} options
   * @throws {PhantomDBError} `BAD_REQUEST` for a level that does not exist
   */
  constructor({ isolationLevel, readOnly, timeout }) {
    const options = ['new'];
    if (isolationLevel) options.push(`isolation-level=${levelOf(isolationLevel).toLowerCase().replace(' ', '-')}`);
    if (readOnly) options.push('read-only');
    if (timeout !== undefined) options.push(`timeout=${timeout}`);
    /** How the contract writes a transaction that begins with a call. */
    this.header = options.join('; ');
  }
}

/** The level by its name in the contract. It is looked at now, since the transaction begins with a later call. */
function levelOf(given) {
  const level = LEVELS.find((one) => one === String(given).toUpperCase());
  if (level) return level;
  const message = `there is no isolation level '${given}'; valid are ${LEVELS.join(', ')}`;
  throw new PhantomDBError({ code: 'BAD_REQUEST', message });
}

module.exports = { NewTransaction };
