'use strict';

// From the start of a process to its first row. Its argument is a contestant in JSON; it prints `{ wall, cpu }`, both in
// microseconds.

const { open } = require('./open');

async function main() {
  const { sequelize, module, close } = await open(JSON.parse(process.argv[2]));
  const { DataTypes } = module;
  const User = sequelize.define('FirstRow', { name: DataTypes.STRING });
  await sequelize.sync({ force: true });
  await User.create({ name: 'Ada' });
  const [{ name }] = await User.findAll();
  if (name !== 'Ada') throw new Error(`the first row is ${name}`);
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ wall: performance.now() * 1000, cpu: user + system }));
  await close();
}

main();
