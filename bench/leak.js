'use strict';

// Checks that memory stays flat: many finds with Sequelize, embedded and over HTTP, and the resident size after each step.
//
//   node bench/leak.js [finds embedded = 1000000] [finds over HTTP = 100000]
//
// Ends with 1 when the resident size grew by more than GROWTH_MAX_MB from a tenth of the way to the end.

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');
const { startServer } = require('./server');

const STEPS = 20;
const WIDTH = 8;
const GROWTH_MAX_MB = 24;

const megabytes = () => process.memoryUsage().rss / 1024 / 1024;

async function finds(title, url, count) {
  const sequelize = new Sequelize('leak', null, null, { dialect: new PhantomDBDialect(url), logging: false });
  const User = sequelize.define('User', { name: DataTypes.STRING, age: DataTypes.INTEGER });
  await User.sync({ force: true });
  await User.bulkCreate(Array.from({ length: 100 }, (_, i) => ({ name: `User ${i}`, age: i })));
  const sizes = [];
  const begun = process.hrtime.bigint();
  let done = 0;
  for (let step = 1; step <= STEPS; step++) {
    const until = Math.floor((count * step) / STEPS);
    await Promise.all(
      Array.from({ length: WIDTH }, async () => {
        while (done < until) await User.findAll({ where: { age: done++ % 100 } });
      }),
    );
    sizes.push(megabytes());
    console.log(`${title} ${String(until).padStart(9)} finds  ${sizes.at(-1).toFixed(1).padStart(7)} MB`);
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  await sequelize.close();
  const growth = sizes.at(-1) - sizes[STEPS / 10 - 1];
  console.log(`${title} ${Math.round(count / seconds)} finds/s, grew by ${growth.toFixed(1)} MB\n`);
  return growth <= GROWTH_MAX_MB;
}

async function main() {
  const [embedded = 1_000_000, remote = 100_000] = process.argv.slice(2).map(Number);
  const server = await startServer('--memory');
  const flat = [await finds('embedded', 'memory:', embedded), await finds('HTTP    ', server.url, remote)];
  await server.stop();
  process.exitCode = flat.every(Boolean) ? 0 : 1;
}

main();
