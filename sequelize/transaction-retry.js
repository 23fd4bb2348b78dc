'use strict';

// `sequelize.transaction({ retry: … }, work)`, which runs work again that had to give way to another transaction.

const { sleep } = require('../driver/old-node.js');

/** The codes of failures that another attempt may not meet. */
const CODES = new Set(['SERIALIZATION_FAILURE', 'DEADLOCK']);

/** The policy of `retry: true`: the number of attempts, and the milliseconds before the second. */
const DEFAULTS = { max: 5, backoffBase: 20, backoffExponent: 2 };

/** @returns {{ max: number, backoffBase: number, backoffExponent: number } | undefined} undefined without a retry */
function policyOf(retry) {
  if (retry === undefined || retry === null || retry === false) return undefined;
  const given = typeof retry === 'object' ? retry : { max: retry === true ? undefined : retry };
  const policy = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) {
    if (given[name] === undefined) continue;
    if (!Number.isFinite(given[name]) || given[name] < 0) {
      throw new TypeError(`retry.${name} of a transaction must be a number that is not negative.`);
    }
    policy[name] = given[name];
  }
  return policy;
}

const gaveWay = (error) => CODES.has(error?.original?.code);

/** Runs `attempt` until it does not have to give way, `policy.max` times at most. The pauses grow, and are random in part. */
async function retried(policy, attempt) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries >= policy.max || !gaveWay(error)) throw error;
      const pause = policy.backoffBase * policy.backoffExponent ** (tries - 1);
      await sleep(pause * (0.5 + Math.random()));
    }
  }
}

/** Gives the class the option. Instances with another dialect are left as they are. */
function wrapTransaction(Sequelize, dialectName) {
  const original = Sequelize.prototype.transaction;
  Sequelize.prototype.transaction = function transaction(options, work) {
    if (this.dialect?.name !== dialectName || typeof options !== 'object' || options?.retry === undefined) {
      return original.call(this, options, work);
    }
    const { retry, ...rest } = options;
    const policy = policyOf(retry);
    // A part of another transaction ends with that, and without `work` there is nothing to run again.
    if (!policy || !work || rest.transaction) {
      return original.call(this, rest, work);
    }
    return retried(policy, () => original.call(this, { ...rest }, work));
  };
}

module.exports = { wrapTransaction };
