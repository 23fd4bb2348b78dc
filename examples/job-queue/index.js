'use strict';

// A job queue with three workers, each a process of its own. Run it with:
//
//   node examples/job-queue/index.js
//   PHANTOMDB_URL=http://localhost:8080 node examples/job-queue/index.js      (npx phantomdb serve)

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const WORKERS = 3;
const JOBS = 30;

// The workers are processes, so they share a folder or a server; `memory:` belongs to one process.
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'job-queue-'));
process.env.PHANTOMDB_URL ??= `file:${directory}`;

const { sequelize, Job, add } = require('./queue');

const unfinished = () => Job.count({ where: { state: ['waiting', 'running'] } });

async function main() {
  await sequelize.sync({ force: true });
  const workers = Array.from({ length: WORKERS }, () => fork(path.join(__dirname, 'worker.js')));

  // Jobs of one transaction appear at once, or not at all when it fails.
  await sequelize.transaction(async (transaction) => {
    for (let i = 0; i < JOBS; i++) await add('add', { numbers: [i, i] }, { transaction });
  });
  await add('add', { numbers: 'none' });

  while ((await unfinished()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  for (const worker of workers) worker.send('stop');
  await Promise.all(workers.map((worker) => once(worker, 'exit')));

  const done = await Job.findAll({ where: { state: 'done' } });
  const failed = await Job.findAll({ where: { state: 'failed' } });
  console.log(`${done.length} jobs done, each once: ${done.every(({ attempts }) => attempts === 1)}`);
  console.log(`workers that took part: ${new Set(done.map(({ worker }) => worker)).size} of ${WORKERS}`);
  for (const job of failed) console.log(`job ${job.id} failed after ${job.attempts} attempts: ${job.error}`);
  await sequelize.close();
}

main()
  .catch((error) => {
    console.error(error);
    process.exitCode = 1;
  })
  .finally(() => fs.rmSync(directory, { recursive: true, force: true }));
