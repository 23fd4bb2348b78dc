'use strict';

/**
 * Gives options the transaction of the user's CLS namespace, where there is one and they name none.
 *
 * @param {{ _cls?: { get(name: string): object | undefined } }} Sequelize
 * @param {{ transaction?: object | null }} options a copy that nobody else has
 */
function addTransaction({ _cls: namespace }, options) {
  if (options.transaction !== undefined || !namespace) return;
  const transaction = namespace.get('transaction');
  if (transaction) options.transaction = transaction;
}

module.exports = { addTransaction };
