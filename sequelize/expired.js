'use strict';

const { withNested } = require('./transactions.js');

/**
 * The database has rolled a transaction back: the pool gets its connection now, whatever the application does.
 *
 * @param {object} transaction of Sequelize's, not a nested one
 * @param {Error} error what is thrown for all that is still asked in it
 */
function leaveExpired(transaction, error) {
  const expired = transaction.connection.expire(error);
  transaction.cleanup();
  for (const holder of withNested(transaction)) holder.connection = expired;
}

module.exports = { leaveExpired };
