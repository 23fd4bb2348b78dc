'use strict';

// A worker in a process of its own. It stops when the process that started it says so, after the job it has begun.

const { sequelize, work } = require('./queue');

const handlers = {
  async add({ numbers }) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return numbers.reduce((a, b) => a + b, 0);
  },
};

async function main() {
  const controller = new AbortController();
  process.once('message', () => controller.abort());
  await work(`worker ${process.pid}`, handlers, { signal: controller.signal });
  await sequelize.close();
  process.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
