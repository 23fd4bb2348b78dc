const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { startOverPostgres, startServer } = require('./helpers/engines.js');

jest.setTimeout(60_000);

const DATABASE = `rights_${process.pid}`;

describe.each([
  ['SQLite', startServer],
  ['PostgreSQL', startOverPostgres],
])('tokens with rights on %s', (_, start) => {
  let server;
  let store;
  const opened = [];

  /** Makes a token as an operator does. */
  function token(name, rights, databases = DATABASE) {
    const bin = path.join(__dirname, '..', 'bin', 'phantomdb.js');
    const options = ['--token-store', store, '--rights', rights, '--databases', databases];
    return execFileSync(process.execPath, [bin, 'token', 'create', name, ...options], { encoding: 'utf8' }).trim();
  }

  function connect(secret, database = DATABASE) {
    const dialect = new PhantomDBDialect(server.url, { token: secret });
    const sequelize = new Sequelize(database, null, null, { dialect, logging: false });
    opened.push(sequelize);
    const User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
    return { dialect, sequelize, User };
  }

  let owner;
  let reader;
  let other;
  let migrator;
  let writer;

  beforeAll(async () => {
    store = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-rights-')), 'tokens.toml');
    const locked = `${DATABASE},phantomdb_locks`;
    const [admin, read] = [token('owner', 'schema,admin', locked), token('reader', 'read')];
    const migrates = token('migrator', 'schema', locked);
    const writes = token('writer', 'write', locked);
    const elsewhere = token('other', 'schema', 'elsewhere');
    server = await start('--token-store', store);
    owner = connect(admin);
    reader = connect(read);
    other = connect(elsewhere);
    [migrator, writer] = [connect(migrates), connect(writes)];
    await owner.User.sync({ force: true });
    await owner.User.bulkCreate([{ name: 'Ada' }, { name: 'Bob' }]);
  });

  afterAll(async () => {
    await owner?.sequelize.getQueryInterface().dropDatabase(DATABASE);
    await Promise.all(opened.map((sequelize) => sequelize.close()));
    await server?.stop();
  });

  test('a token without admin takes locks once their database is there, and is told so until then', async () => {
    const { dialect: root } = owner;
    const lock = ({ dialect }) => dialect.withLock(DATABASE, 'work', async () => 'done');
    await expect(lock(reader)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('phantomdb databases create phantomdb_locks'),
    });
    if (!(await root.listDatabases()).includes('phantomdb_locks')) await root.createDatabase('phantomdb_locks');
    await expect(lock(migrator)).resolves.toBe('done');
    await expect(lock(writer)).resolves.toBe('done');
    await expect(lock(other)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('--databases NAME,phantomdb_locks'),
    });
  });

  test('a token that reads finds, counts and runs transactions', async () => {
    expect((await reader.User.findAll({ order: ['id'] })).map((user) => user.name)).toEqual(['Ada', 'Bob']);
    expect(await reader.User.count({ where: { name: 'Ada' } })).toBe(1);
    const names = await reader.sequelize.transaction({ type: 'IMMEDIATE' }, async (transaction) => {
      await owner.User.update({ name: 'Ada' }, { where: { name: 'Ada' } });
      return (await reader.User.findAll({ transaction, order: ['id'] })).map((user) => user.name);
    });
    expect(names).toEqual(['Ada', 'Bob']);
  });

  test('a token that reads changes nothing in any way that Sequelize has', async () => {
    const { User, sequelize } = reader;
    const ada = await User.findOne({ where: { name: 'Ada' } });
    const queryInterface = sequelize.getQueryInterface();
    for (const change of [
      () => User.create({ name: 'X' }),
      () => User.bulkCreate([{ name: 'X' }, { name: 'Y' }]),
      () => User.upsert({ id: 1, name: 'X' }),
      () => User.update({ name: 'X' }, { where: {} }),
      () => ada.update({ name: 'X' }),
      () => ada.destroy(),
      () => User.destroy({ truncate: true }),
      () => User.increment('id', { where: { name: 'Ada' } }),
      () => User.findOrCreate({ where: { name: 'X' } }),
      () => User.sync({ alter: true, force: true }),
      () => User.drop(),
      () => queryInterface.addColumn('Users', 'more', { type: DataTypes.INTEGER }),
      () => queryInterface.createDatabase('more'),
      () => queryInterface.dropDatabase(DATABASE),
      () => sequelize.query('DELETE FROM "Users"'),
      () => sequelize.query('SELECT 1; DELETE FROM "Users"'),
      () => sequelize.query('SELECT 1', { native: true }),
      () => sequelize.transaction((transaction) => User.create({ name: 'X' }, { transaction })),
    ]) {
      await expect(change()).rejects.toThrow(Sequelize.AccessDeniedError);
    }
    expect((await owner.User.findAll({ order: ['id'] })).map((user) => user.name)).toEqual(['Ada', 'Bob']);
  });

  test('a token is for its databases', async () => {
    await expect(other.User.findAll()).rejects.toThrow(Sequelize.AccessDeniedError);
    await expect(other.sequelize.authenticate()).rejects.toThrow(Sequelize.AccessDeniedError);
  });
});
