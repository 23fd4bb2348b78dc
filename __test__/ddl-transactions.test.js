'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { DataTypes, Op, QueryTypes, Sequelize } = require('sequelize');

const { PhantomDBDialect } = require('..');
const { startOverPostgres, startServer } = require('./helpers/engines.js');

const id = { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true };
const FAILURE = new Error('the migration failed');
/** Other suites may have databases on the same server. */
const DATABASE = `ddl_${process.pid}`;

/** Changes of every kind, a rebuild among them before and after rows are written. */
async function migrate(query, transaction) {
  const { sequelize } = query;
  const options = { transaction };
  await query.createTable('tags', { id, name: { type: DataTypes.STRING, unique: true } }, options);
  await query.bulkInsert('tags', [{ name: 'a' }, { name: 'b' }], options);
  await query.addColumn(
    'users',
    'tagId',
    { type: DataTypes.INTEGER, references: { model: 'tags', key: 'id' } },
    options,
  );
  await query.bulkUpdate('users', { tagId: 1 }, { id: 1 }, options);
  await query.changeColumn(
    'users',
    'name',
    { type: DataTypes.STRING(50), allowNull: false, defaultValue: 'x' },
    options,
  );
  await query.bulkInsert('users', [{ name: 'Cy', age: 3 }], options);
  // A check of a number has no meaning for a text.
  await query.removeConstraint('users', 'adult', options);
  await query.changeColumn('users', 'age', { type: DataTypes.TEXT }, options);
  await query.renameColumn('users', 'age', 'years', options);
  await query.addIndex('users', ['years'], { name: 'by_years', ...options });
  await query.removeIndex('users', 'by_name', options);
  await query.addConstraint('users', { type: 'unique', name: 'named', fields: ['name'], ...options });
  await query.bulkDelete('posts', { id: 1 }, options);
  await query.removeColumn('posts', 'title', options);
  await query.renameTable('posts', 'articles', options);
  await query.createSchema('crm', options);
  await query.createTable({ tableName: 'leads', schema: 'crm' }, { id }, options);
  const [users] = await sequelize.query('SELECT name, years, "tagId" FROM users ORDER BY id', options);
  expect(users).toEqual([
    { name: 'Ada', years: '36', tagId: 1 },
    { name: 'Bob', years: '20', tagId: null },
    { name: 'Cy', years: '3', tagId: null },
  ]);
}

const inFiles = async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-ddl-'));
  return { url: `file:${directory}`, stop: async () => fs.rmSync(directory, { recursive: true }) };
};

describe.each([
  ['memory:', async () => ({ url: 'memory:', stop: async () => {} })],
  ['file:', inFiles],
  ['HTTP', () => startServer()],
  ['PostgreSQL', startOverPostgres],
])('schema changes in a transaction at %s', (engineName, serve) => {
  /** On PostgreSQL a number that was given stays given, also when the transaction is rolled back. */
  const countersRollBack = engineName !== 'PostgreSQL';

  let server;
  let dialect;
  let sequelize;
  let query;

  beforeAll(async () => {
    server = await serve();
    dialect = new PhantomDBDialect(server.url);
    sequelize = new Sequelize(DATABASE, null, null, { dialect, logging: false });
    query = sequelize.getQueryInterface();
  });
  afterAll(async () => {
    await dialect.dropDatabase(DATABASE);
    await sequelize.close();
    await server.stop();
  });
  beforeEach(async () => {
    await query.createTable('users', {
      id,
      name: { type: DataTypes.STRING, allowNull: false },
      age: DataTypes.INTEGER,
    });
    await query.addConstraint('users', {
      type: 'check',
      name: 'adult',
      fields: ['age'],
      where: { age: { [Op.gte]: 1 } },
    });
    await query.addIndex('users', ['name'], { name: 'by_name' });
    await query.createTable('posts', {
      id,
      title: DataTypes.STRING,
      userId: { type: DataTypes.INTEGER, references: { model: 'users', key: 'id' }, onDelete: 'CASCADE' },
    });
    await query.bulkInsert('users', [
      { name: 'Ada', age: 36 },
      { name: 'Bob', age: 20 },
    ]);
    await query.bulkInsert('posts', [
      { title: 'p', userId: 1 },
      { title: 'q', userId: 2 },
    ]);
  });
  afterEach(async () => {
    await query.dropAllTables();
    await query.dropAllSchemas();
  });

  /** All there is: descriptions, rows, and the number that comes next. */
  async function everything() {
    const tables = await dialect.listTables(DATABASE);
    const found = { schemas: await query.showAllSchemas() };
    for (const { name, schema } of tables) {
      const table = { tableName: name, schema };
      const order = [['id', 'ASC']];
      found[`${schema}.${name}`] = {
        description: await dialect.describeTable(DATABASE, table),
        rows: await query.select(null, table, { order }),
      };
    }
    if (countersRollBack) {
      const counters = 'SELECT name, seq FROM sqlite_sequence ORDER BY name';
      found.counters = (await dialect.query(DATABASE, counters, [], { native: true })).rows;
    }
    return found;
  }

  test('are undone as one when the migration fails', async () => {
    const before = await everything();
    const failing = sequelize.transaction(async (transaction) => {
      await migrate(query, transaction);
      throw FAILURE;
    });
    await expect(failing).rejects.toBe(FAILURE);
    expect(await everything()).toEqual(before);
    await query.bulkInsert('users', [{ name: 'Next', age: 1 }]);
    expect(await sequelize.query('SELECT max(id) AS id FROM users', { type: QueryTypes.SELECT })).toEqual([
      { id: countersRollBack ? 3 : 4 },
    ]);
  });

  test('are undone as one when a statement of theirs fails', async () => {
    const before = await everything();
    const failing = sequelize.transaction(async (transaction) => {
      await migrate(query, transaction);
      await query.changeColumn('users', 'name', { type: DataTypes.INTEGER }, { transaction });
    });
    await expect(failing).rejects.toMatchObject({ parent: { code: 'TYPE_MISMATCH' } });
    expect(await everything()).toEqual(before);
  });

  test('that failed alone leave the others of the transaction', async () => {
    await sequelize.transaction(async (transaction) => {
      const options = { transaction };
      await query.addColumn('users', 'email', DataTypes.STRING, options);
      await expect(query.changeColumn('users', 'name', DataTypes.INTEGER, options)).rejects.toMatchObject({
        parent: { code: 'TYPE_MISMATCH' },
      });
      await query.bulkUpdate('users', { email: 'x' }, {}, options);
    });
    expect(await query.describeTable('users')).toMatchObject({ name: { type: 'VARCHAR(255)', allowNull: false } });
    expect(await query.select(null, 'users', { attributes: ['email'] })).toEqual([{ email: 'x' }, { email: 'x' }]);
  });

  test('are seen by others when they are committed, and not before', async () => {
    const description = () => dialect.describeTable(DATABASE, 'users');
    const before = await description();
    await sequelize.transaction(async (transaction) => {
      await migrate(query, transaction);
      // On PostgreSQL others wait for the table until the end of the transaction.
      if (engineName !== 'PostgreSQL') {
        expect(await description()).toEqual(before);
      }
      expect((await dialect.listTables(DATABASE)).map(({ name }) => name)).toEqual(['posts', 'users']);
    });
    expect((await description()).columns.map(({ name }) => name)).toEqual(['id', 'name', 'years', 'tagId']);
    expect((await dialect.listTables(DATABASE)).map(({ name }) => name)).toEqual([
      'articles',
      'leads',
      'tags',
      'users',
    ]);
  });
});
