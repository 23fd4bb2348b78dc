'use strict';

// Uses the installed package on every road: memory, files, a server. It prints nothing but its last line.

const assert = require('assert');
const { spawn } = require('child_process');
const path = require('path');

const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('phantomdb-sequelize');

const BIN = path.join(path.dirname(require.resolve('phantomdb-sequelize/package.json')), 'bin', 'phantomdb.js');

async function useModels(url) {
  const dialect = new PhantomDBDialect(url);
  const sequelize = new Sequelize({ database: 'tour', dialect, logging: false });
  const User = sequelize.define('User', {
    name: { type: DataTypes.STRING, unique: true },
    age: DataTypes.INTEGER,
    tags: DataTypes.ARRAY(DataTypes.STRING),
    settings: DataTypes.JSON,
  });
  const Task = sequelize.define('Task', {
    title: DataTypes.STRING,
    done: { type: DataTypes.BOOLEAN, defaultValue: false },
  });
  User.hasMany(Task, { as: 'tasks' });
  Task.belongsTo(User);
  await sequelize.sync();
  await User.bulkCreate([
    { name: 'Ada', age: 36, tags: ['a', "it's"], settings: { theme: { dark: true } } },
    { name: 'Alan', age: 41, tags: [], settings: {} },
  ]);
  const ada = await User.findOne({ where: { age: { [Op.lt]: 40 }, 'settings.theme.dark': true } });
  await ada.createTask({ title: 'Engine' });
  const [found] = await User.findAll({ include: 'tasks', order: [['name', 'ASC']], limit: 1 });
  assert.deepStrictEqual(
    [found.name, found.tags, found.tasks[0].title, found.tasks[0].done],
    ['Ada', ['a', "it's"], 'Engine', false],
  );
  await assert.rejects(User.create({ name: 'Ada' }), Sequelize.UniqueConstraintError);
  await assert.rejects(
    sequelize.transaction(async (transaction) => {
      await ada.update({ age: 1 }, { transaction });
      throw new Error('enough');
    }),
    /enough/,
  );
  await sequelize.transaction({ retry: true }, (transaction) => ada.increment('age', { transaction }));
  assert.strictEqual((await ada.reload()).age, 37);
  assert.strictEqual(await dialect.withLock('tour', 'work', async () => 'worked'), 'worked');
  assert.deepStrictEqual(await dialect.select('tour', 'Users', { where: { name: 'Alan' }, columns: ['age'] }), [
    { age: 41 },
  ]);
  const seeded = await dialect.snapshot();
  await User.destroy({ where: {} });
  await dialect.restore(seeded);
  assert.strictEqual(await User.count(), 2);
  const [rows] = await sequelize.query('SELECT $1 AS a, $2 AS b', { bind: [1, 'two'] });
  assert.deepStrictEqual(rows, [{ a: 1, b: 'two' }]);
  if (typeof AbortController === 'function') {
    const { signal } = new AbortController();
    assert.strictEqual(await User.count({ signal }), 2);
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(User.count({ signal: controller.signal }), { name: 'AbortError' });
  }
  await sequelize.close();
}

function startServer() {
  const server = spawn(process.execPath, [BIN, 'serve', '--memory', '--listen', '127.0.0.1:0']);
  return new Promise((resolve, reject) => {
    let printed = '';
    const read = (chunk) => {
      printed += chunk;
      const [, url] = /listening on (http:\S+)/.exec(printed) || [];
      if (url) resolve({ server, url });
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.on('exit', (code) => reject(new Error(`phantomdb serve ended with ${code}: ${printed}`)));
  });
}

async function main() {
  await useModels('memory:');
  await useModels(`file:${path.join(__dirname, `data-${process.version}`)}`);
  const { server, url } = await startServer();
  try {
    await useModels(url);
  } finally {
    const ended = new Promise((resolve) => server.removeAllListeners('exit').on('exit', resolve));
    server.kill('SIGTERM');
    assert.strictEqual(await ended, 0);
  }
  console.log('The tour is over.');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
