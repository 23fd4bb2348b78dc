'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { startServer } = require('./helpers/engines');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-snapshots-'));
afterAll(() => fs.rmSync(directory, { recursive: true }));

function connect(url, options, database = 'app') {
  const dialect = new PhantomDBDialect(url, options);
  const sequelize = new Sequelize(database, null, null, { dialect, logging: false });
  const User = sequelize.define('User', { name: { type: DataTypes.STRING, unique: true } }, { timestamps: false });
  return { dialect, sequelize, User };
}

async function seeded(...args) {
  const connected = connect(...args);
  await connected.sequelize.sync({ force: true });
  await connected.User.bulkCreate([{ name: 'Ada' }, { name: 'Grace' }]);
  return connected;
}

const names = async (User) => (await User.findAll({ order: ['id'] })).map(({ name }) => name);

describe.each([['memory:'], ['memory:snapshots'], [`file:${directory}/data`], ['http:']])('snapshots on %s', (kind) => {
  let url = kind;
  let server;
  beforeAll(async () => {
    if (kind === 'http:') {
      server = await startServer();
      url = server.url;
    }
  });
  afterAll(() => server?.stop());

  test('bring rows, tables and sequences back, as often as wanted and in any order', async () => {
    const { dialect, sequelize, User } = await seeded(url);
    const two = await dialect.snapshot();
    await User.create({ name: 'Edsger' });
    const three = await dialect.snapshot();
    for (const [snapshot, count] of [
      [two, 2],
      [three, 3],
      [two, 2],
      [two, 2],
      [three, 3],
    ]) {
      await User.destroy({ where: { name: 'Ada' } });
      await User.create({ name: 'Alan' });
      await sequelize.getQueryInterface().addColumn('Users', 'age', DataTypes.INTEGER);
      await sequelize.define('Other', {}).sync();
      await dialect.restore(snapshot);
      expect(await names(User)).toEqual(['Ada', 'Grace', 'Edsger'].slice(0, count));
      expect(Object.keys(await sequelize.getQueryInterface().describeTable('Users'))).toEqual(['id', 'name']);
      expect(await dialect.listTables('app')).toHaveLength(1);
    }
    expect((await User.create({ name: 'Alan' })).id).toBe(4);
    await sequelize.close();
  });

  test('roll back a transaction that a failed test has left open', async () => {
    const { dialect, sequelize, User } = await seeded(url);
    const snapshot = await dialect.snapshot();
    const expired = {
      original: { code: 'TRANSACTION_EXPIRED', message: expect.stringContaining('restored to a snapshot') },
    };
    // More than the pool has connections for, if it did not get them back.
    for (let i = 0; i < 7; i++) {
      const transaction = await sequelize.transaction();
      await User.create({ name: 'Alan' }, { transaction });
      const nested = await sequelize.transaction({ transaction });
      await dialect.restore(snapshot);
      await expect(User.count({ transaction })).rejects.toMatchObject(expired);
      await expect(User.count({ transaction: nested })).rejects.toMatchObject(expired);
      await transaction.rollback();
    }
    const other = connect(url);
    if (url !== 'memory:') {
      const transaction = await other.sequelize.transaction();
      await other.User.create({ name: 'Alan' }, { transaction });
      await dialect.restore(snapshot);
      await expect(other.User.count({ transaction })).rejects.toMatchObject(expired);
      await transaction.rollback();
    }
    await sequelize.transaction();
    await dialect.restore(snapshot);
    await User.create({ name: 'Alan' });
    expect(await names(User)).toEqual(['Ada', 'Grace', 'Alan']);
    await other.sequelize.close();
    await sequelize.close();
  });

  test('are what other databases begin as, and are restored to', async () => {
    const { dialect, sequelize, User } = await seeded(url);
    const snapshot = await dialect.snapshot();
    await User.destroy({ where: {}, truncate: true });
    await dialect.createDatabase('copy', { template: snapshot });
    expect((await dialect.query('copy', 'SELECT name FROM "Users" ORDER BY id')).rows).toHaveLength(2);
    const other = connect(url, { template: snapshot }, 'made_on_first_use');
    expect(await names(other.User)).toEqual(['Ada', 'Grace']);
    await other.dialect.restore(snapshot);
    await other.sequelize.close();
    await dialect.createDatabase('empty');
    await dialect.restore(snapshot, 'empty');
    expect((await dialect.query('empty', 'SELECT name FROM "Users"')).rows).toHaveLength(2);
    expect(await User.count()).toBe(0);
    for (const name of await dialect.listDatabases()) if (name !== 'app') await dialect.dropDatabase(name);
    await sequelize.close();
  });

  test('are gone when they are released', async () => {
    const { dialect, sequelize } = await seeded(url);
    const snapshot = await dialect.snapshot();
    expect(snapshot).toMatchObject({ database: 'app', bytes: expect.any(Number) });
    await snapshot.release();
    await snapshot.release();
    await expect(dialect.restore(snapshot)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await sequelize.close();
  });
});

test('a snapshot outlives its dialect, and serves others of the process', async () => {
  const first = await seeded('memory:');
  const snapshot = await first.dialect.snapshot();
  await first.sequelize.close();
  const second = connect('memory:', { template: snapshot });
  expect(await names(second.User)).toEqual(['Ada', 'Grace']);
  await second.User.create({ name: 'Alan' });
  const third = connect(`file:${directory}/third`, { template: snapshot });
  expect(await names(third.User)).toEqual(['Ada', 'Grace']);
  await second.sequelize.close();
  await third.sequelize.close();
});

test('a snapshot is saved to a file that databases begin as', async () => {
  const { dialect, sequelize } = await seeded('memory:');
  const template = path.join(directory, 'seed.phantomdb');
  const snapshot = await dialect.snapshot();
  await snapshot.save(template);
  await sequelize.close();
  for (const url of ['memory:', `file:${directory}/fourth`, `file:${directory}/fourth`]) {
    const { sequelize, User } = connect(url, { template });
    await User.findOrCreate({ where: { name: 'Alan' } });
    expect(await names(User)).toEqual(['Ada', 'Grace', 'Alan']);
    await sequelize.close();
  }
  await expect(snapshot.save(path.join(directory, 'no such', 'file'))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  await snapshot.release();
  await expect(snapshot.save(template)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const missing = connect('memory:', { template: path.join(directory, 'missing') });
  await expect(missing.User.count()).rejects.toMatchObject({ original: { code: 'NOT_FOUND' } });
  await missing.sequelize.close();
});

test('another copy of the package takes a snapshot of this one', async () => {
  const { dialect, sequelize } = await seeded('memory:');
  const template = await dialect.snapshot();
  jest.resetModules();
  const { PhantomDBDialect: Other } = require('..');
  expect(Other).not.toBe(PhantomDBDialect);
  const other = new Other('memory:', { template });
  expect((await other.query('x', 'SELECT count(*) AS n FROM "Users"')).rows).toEqual([{ n: 2 }]);
  await other.restore(template, 'x');
  await other.close();
  await sequelize.close();
});

test('a snapshot is of the one database that is used, or of the one that is named', async () => {
  const dialect = new PhantomDBDialect('memory:');
  await expect(dialect.snapshot()).rejects.toThrow(/No Sequelize uses this dialect: name the database/);
  expect((await dialect.snapshot('named')).database).toBe('named');
  const [one, two] = ['one', 'two'].map((name) => new Sequelize(name, null, null, { dialect, logging: false }));
  await expect(dialect.snapshot()).rejects.toThrow(/several databases/);
  await two.close();
  expect((await dialect.snapshot()).database).toBe('one');
  await one.close();
});

test('what is no snapshot is refused, by name', async () => {
  const dialect = new PhantomDBDialect('memory:');
  await expect(dialect.restore({ database: 'x' })).rejects.toThrow(TypeError);
  await expect(dialect.createDatabase('x', { template: 'path' })).rejects.toThrow(/dialect.snapshot\(\)/);
  expect(() => new PhantomDBDialect('memory:', { template: {} })).toThrow(/'template' .* must be a snapshot/);
  expect(() => new PhantomDBDialect('http://localhost', { template: './x' })).toThrow(/snapshot of the same server/);
  const snapshot = await dialect.snapshot('x');
  expect(() => new PhantomDBDialect('http://localhost', { template: snapshot })).toThrow(/kept in this process/);
  await dialect.close();
});

test('a server keeps no snapshots unless it was told so, and writes none to files of its callers', async () => {
  const server = await startServer();
  const { dialect, sequelize } = await seeded(server.url);
  const snapshot = await dialect.snapshot();
  await expect(snapshot.save(path.join(directory, 'x'))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(new PhantomDBDialect('memory:').restore(snapshot)).rejects.toThrow(/kept by a server/);
  await sequelize.close();
  await server.stop();
});
