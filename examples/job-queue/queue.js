'use strict';

// A queue of jobs in a table. Any number of processes may add jobs and work on them.

const { DataTypes, Op, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

/** A job that has been running for longer is taken to be lost, with its worker. */
const LEASE_MS = 30_000;
const MOST_ATTEMPTS = 3;

const dialect = new PhantomDBDialect(process.env.PHANTOMDB_URL);
const sequelize = new Sequelize({ database: 'jobs', dialect, logging: false });

const Job = sequelize.define(
  'Job',
  {
    kind: { type: DataTypes.STRING, allowNull: false },
    data: { type: DataTypes.JSON, allowNull: false },
    state: { type: DataTypes.ENUM('waiting', 'running', 'done', 'failed'), allowNull: false, defaultValue: 'waiting' },
    /** When a waiting job may begin; when a running job counts as lost. */
    dueAt: { type: DataTypes.DATE, allowNull: false, defaultValue: DataTypes.NOW },
    attempts: { type: DataTypes.INTEGER, allowNull: false, defaultValue: 0 },
    worker: DataTypes.STRING,
    error: DataTypes.TEXT,
  },
  { indexes: [{ fields: ['state', 'dueAt'] }] },
);

const add = (kind, data, options) => Job.create({ kind, data }, options);

/**
 * Takes the next job that is due, if there is one.
 *
 * On PostgreSQL the lock is on one row, and other workers skip that row. On SQLite it is on the database, so other workers
 * wait for the few milliseconds that this transaction takes. Either way no two workers get the same job.
 */
function claim(worker) {
  return sequelize.transaction(async (transaction) => {
    const job = await Job.findOne({
      where: { state: ['waiting', 'running'], dueAt: { [Op.lte]: new Date() } },
      order: ['dueAt', 'id'],
      lock: true,
      skipLocked: true,
      transaction,
    });
    if (!job) return undefined;
    if (job.attempts >= MOST_ATTEMPTS) {
      await job.update({ state: 'failed', error: 'its worker was lost, each time' }, { transaction });
      return undefined;
    }
    const lease = { state: 'running', worker, dueAt: new Date(Date.now() + LEASE_MS) };
    return job.update({ ...lease, attempts: job.attempts + 1 }, { transaction });
  });
}

/** Runs a job outside of any transaction, so that it may take long, and notes how it ended. */
async function run(job, handlers) {
  try {
    await handlers[job.kind](job.data);
    await job.update({ state: 'done', error: null });
  } catch (error) {
    const isLast = job.attempts >= MOST_ATTEMPTS;
    const again = { state: 'waiting', dueAt: new Date(Date.now() + 50 * 2 ** job.attempts) };
    await job.update({ error: error.message, ...(isLast ? { state: 'failed' } : again) });
  }
}

/** Works until the signal is aborted; a job that has begun is finished. */
async function work(worker, handlers, { signal, pollMs = 20 }) {
  while (!signal.aborted) {
    const job = await claim(worker);
    if (job) await run(job, handlers);
    else await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

module.exports = { sequelize, Job, add, work };
