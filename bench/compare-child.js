'use strict';

// Runs one case of compare.mjs for one checkout, in a process of its own. The parent sends `{ ms }`; the child runs the case for that
// long and answers how many calls it made, and the wall and CPU time they took, in microseconds.
//
//   node bench/compare-child.js CHECKOUT URL CASE

const { createRequire } = require('node:module');
const path = require('node:path');
const { CASES } = require('./compare-cases');

const [checkout, url, name] = process.argv.slice(2);
const requireOf = createRequire(path.join(path.resolve(checkout), 'package.json'));

function open() {
  const { Sequelize } = requireOf('sequelize');
  const { PhantomDBDialect } = requireOf('./index.js');
  const database = `compare_${process.pid}`;
  const dialect = new PhantomDBDialect(url);
  const sequelize = new Sequelize(database, null, null, { dialect, logging: false, pool: { max: 64 } });
  return { database, dialect, sequelize };
}

/** Runs calls for `ms` of their own time; what a case does between two calls does not count. */
async function slice({ call, between }, ms) {
  const total = { calls: 0, wall: 0, cpu: 0 };
  do {
    const cpu = process.cpuUsage();
    const begin = process.hrtime.bigint();
    // Reading the CPU time costs some microseconds, so short calls are timed together.
    let end;
    do {
      await call();
      total.calls++;
      end = process.hrtime.bigint();
    } while (!between && Number(end - begin) / 1e6 < ms);
    const used = process.cpuUsage(cpu);
    total.wall += Number(end - begin) / 1e3;
    total.cpu += used.user + used.system;
    await between?.();
  } while (total.wall / 1e3 < ms);
  return total;
}

async function main() {
  const { database, dialect, sequelize } = open();
  const work = await CASES[name](sequelize, requireOf('sequelize'));
  process.on('message', async (message) => {
    if (message.ms) {
      process.send(await slice(work, message.ms));
      return;
    }
    if (/^https?:/.test(url)) await dialect.dropDatabase(database);
    await sequelize.close();
    process.disconnect();
  });
  process.send('ready');
}

main();
