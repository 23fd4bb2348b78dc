'use strict';

// Migrations with the tools people have, unmodified, each process for real.

const { QueryTypes, Sequelize } = require('sequelize');
const { SequelizeStorage, Umzug } = require('umzug');

const { PhantomDBDialect } = require('..');
const { startOverPostgres, startServer } = require('./helpers/engines.js');
const { Project } = require('./helpers/project.js');

jest.setTimeout(120_000);

/** Other suites may have a shop on the same server. */
const SHOP = `shop_${process.pid}`;

const CONFIG = `
const { PhantomDBDialect } = require('phantomdb-sequelize');
module.exports = {
  development: { database: process.env.TEST_DATABASE, dialect: new PhantomDBDialect(process.env.TEST_URL), seederStorage: 'sequelize' },
};`;

const MIGRATIONS = {
  'migrations/001-customers.js': `
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('customers', {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      name: { type: Sequelize.STRING, allowNull: false },
    });
    await queryInterface.bulkInsert('customers', [{ name: 'Ada Lovelace' }, { name: 'Alan Turing' }]);
  },
  down: (queryInterface) => queryInterface.dropTable('customers'),
};`,
  'migrations/002-orders.js': `
module.exports = {
  async up(queryInterface, Sequelize) {
    await queryInterface.createTable('orders', {
      id: { type: Sequelize.INTEGER, primaryKey: true, autoIncrement: true },
      customerId: {
        type: Sequelize.INTEGER,
        references: { model: 'customers', key: 'id' },
        onDelete: 'CASCADE',
      },
      total: Sequelize.DECIMAL(10, 2),
    });
    await queryInterface.addIndex('orders', ['customerId']);
    await queryInterface.addColumn('customers', 'email', { type: Sequelize.STRING, unique: true });
    await queryInterface.changeColumn('customers', 'name', { type: Sequelize.TEXT, allowNull: false });
  },
  async down(queryInterface, Sequelize) {
    await queryInterface.changeColumn('customers', 'name', { type: Sequelize.STRING, allowNull: false });
    await queryInterface.removeColumn('customers', 'email');
    await queryInterface.dropTable('orders');
  },
};`,
  'seeders/001-orders.js': `
module.exports = {
  up: (queryInterface) => queryInterface.bulkInsert('orders', [{ customerId: 1, total: '9.50' }, { customerId: 2 }]),
  down: (queryInterface) => queryInterface.bulkDelete('orders', {}),
};`,
  'seeders/002-email.js': `
module.exports = {
  up: (queryInterface) => queryInterface.bulkUpdate('customers', { email: 'ada@example.com' }, { id: 1 }),
  down: (queryInterface) => queryInterface.bulkUpdate('customers', { email: null }, { id: 1 }),
};`,
};

/** One migration that takes a while and can be counted, and must not run twice. */
const SLOW_MIGRATION = `
const { setTimeout: sleep } = require('node:timers/promises');
const up = async (queryInterface, Sequelize) => {
  await queryInterface.createTable('runs', { at: Sequelize.DATE });
  await sleep(700);
  await queryInterface.bulkInsert('runs', [{ at: new Date() }]);
};`;

const inFiles = async () => ({ url: 'file:./data', stop: async () => {} });

describe.each([
  ['file:', inFiles],
  ['HTTP', () => startServer()],
  ['PostgreSQL', startOverPostgres],
])('migrations at %s', (_name, serve) => {
  let server;
  let project;
  let url;

  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    project = new Project();
    url = server.url.replace('file:.', `file:${project.directory}`);
  });
  afterEach(async () => {
    await withDialect((dialect) => dialect.dropDatabase(SHOP).catch(() => {}));
    project.remove();
  });

  async function withDialect(work) {
    const dialect = new PhantomDBDialect(url);
    try {
      return await work(dialect);
    } finally {
      await dialect.close();
    }
  }

  async function withSequelize(work, options = {}) {
    const dialect = new PhantomDBDialect(url, { createDatabase: false });
    const sequelize = new Sequelize(SHOP, null, null, { dialect, logging: false, ...options });
    try {
      return await work(sequelize, dialect);
    } finally {
      await sequelize.close();
    }
  }

  const tables = () => withSequelize((sequelize) => sequelize.getQueryInterface().showAllTables());
  const rows = (sql) => withSequelize((sequelize) => sequelize.query(sql, { type: QueryTypes.SELECT }));
  const describeTable = (table) => withSequelize((sequelize) => sequelize.getQueryInterface().describeTable(table));

  describe('with sequelize-cli', () => {
    beforeEach(() => project.write({ 'config/config.js': CONFIG, ...MIGRATIONS }));

    /** Runs a command that must succeed; answers its output. */
    async function cli(command) {
      const { code, output } = await project.cli(command, { TEST_URL: url, TEST_DATABASE: SHOP });
      if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
      return output;
    }

    test('databases are created and dropped', async () => {
      expect(await cli('db:create')).toContain(`Database ${SHOP} created.`);
      await withDialect(async (dialect) => expect(await dialect.listDatabases()).toContain(SHOP));
      const again = await project.cli('db:create', { TEST_URL: url, TEST_DATABASE: SHOP });
      expect(again.code).toBe(1);
      expect(again.output).toContain(`there is a database "${SHOP}" already`);
      expect(await cli('db:drop')).toContain(`Database ${SHOP} dropped.`);
      await withDialect(async (dialect) => expect(await dialect.listDatabases()).not.toContain(SHOP));
      await cli('db:drop');
    });

    test('migrations and seeders go up and down', async () => {
      await cli('db:create');
      expect(await cli('db:migrate:status')).toMatch(/down 001-customers.js\s+down 002-orders.js/);
      await cli('db:migrate');
      expect(await cli('db:migrate:status')).toMatch(/up 001-customers.js\s+up 002-orders.js/);
      expect(await cli('db:migrate')).toContain('already up to date');
      expect(await tables()).toEqual(['SequelizeMeta', 'customers', 'orders']);
      expect(await describeTable('customers')).toMatchObject({
        id: { type: 'INTEGER', primaryKey: true, autoIncrement: true },
        name: { type: 'TEXT', allowNull: false },
        email: { type: 'VARCHAR(255)', unique: true },
      });
      expect(await rows('SELECT id, name, email FROM customers ORDER BY id')).toEqual([
        { id: 1, name: 'Ada Lovelace', email: null },
        { id: 2, name: 'Alan Turing', email: null },
      ]);

      await cli('db:seed:all');
      expect(await cli('db:seed:all')).toContain('No seeders found.');
      expect(await rows('SELECT "customerId", total FROM orders ORDER BY id')).toEqual([
        { customerId: 1, total: '9.50' },
        { customerId: 2, total: null },
      ]);
      expect(await rows('SELECT email FROM customers WHERE id = 1')).toEqual([{ email: 'ada@example.com' }]);
      await cli('db:seed:undo');
      expect(await rows('SELECT email FROM customers WHERE id = 1')).toEqual([{ email: null }]);
      expect(await rows('SELECT count(*) AS n FROM orders')).toEqual([{ n: 2 }]);
      await cli('db:seed:undo:all');
      expect(await rows('SELECT count(*) AS n FROM orders')).toEqual([{ n: 0 }]);

      await cli('db:migrate:undo');
      expect(await tables()).toEqual(['SequelizeData', 'SequelizeMeta', 'customers']);
      expect(Object.keys(await describeTable('customers'))).toEqual(['id', 'name']);
      expect(await describeTable('customers')).toMatchObject({ name: { type: 'VARCHAR(255)', allowNull: false } });
      expect(await rows('SELECT name FROM customers ORDER BY id')).toEqual([
        { name: 'Ada Lovelace' },
        { name: 'Alan Turing' },
      ]);
      await cli('db:migrate --to 002-orders.js');
      await cli('db:migrate:undo:all');
      expect(await tables()).toEqual(['SequelizeData', 'SequelizeMeta']);
      expect(await rows('SELECT * FROM "SequelizeMeta"')).toEqual([]);
    });

    test('a migration that fails is not noted, and the CLI says why', async () => {
      project.write({
        'migrations/003-fails.js': `
module.exports = {
  up: (queryInterface, Sequelize) =>
    queryInterface.sequelize.transaction(async (transaction) => {
      await queryInterface.addColumn('customers', 'age', Sequelize.INTEGER, { transaction });
      await queryInterface.changeColumn('customers', 'name', { type: Sequelize.STRING(5) }, { transaction });
    }),
};`,
      });
      const { code, output } = await project.cli('db:migrate', { TEST_URL: url, TEST_DATABASE: SHOP });
      expect(code).toBe(1);
      expect(output).toMatch(/ERROR: .*too long for/);
      expect(await rows('SELECT name FROM "SequelizeMeta" ORDER BY name')).toEqual([
        { name: '001-customers.js' },
        { name: '002-orders.js' },
      ]);
      expect(Object.keys(await describeTable('customers'))).toEqual(['id', 'name', 'email']);
    });

    test('two processes that migrate at once do not run a migration twice', async () => {
      project.write({
        'migrations/003-slow.js': `${SLOW_MIGRATION}
module.exports = { up, down: async () => {} };`,
      });
      const both = await Promise.all([cli('db:migrate'), cli('db:migrate')]);
      expect(both.filter((output) => output.includes('003-slow: migrated'))).toHaveLength(1);
      expect(await rows('SELECT count(*) AS n FROM runs')).toEqual([{ n: 1 }]);
      expect(await rows('SELECT count(*) AS n FROM customers')).toEqual([{ n: 2 }]);
      expect(await rows('SELECT count(*) AS n FROM "SequelizeMeta"')).toEqual([{ n: 3 }]);
    });
  });

  describe('with umzug', () => {
    const umzugOf = (sequelize) =>
      new Umzug({
        migrations: {
          glob: ['migrations/*.js', { cwd: project.directory }],
          resolve: ({ name, path }) => {
            const migration = require(path);
            return {
              name,
              up: () => migration.up(sequelize.getQueryInterface(), Sequelize),
              down: () => migration.down(sequelize.getQueryInterface(), Sequelize),
            };
          },
        },
        storage: new SequelizeStorage({ sequelize }),
        logger: undefined,
      });

    test('migrations go up and down', async () => {
      project.write(MIGRATIONS);
      await withDialect((dialect) => dialect.createDatabase(SHOP));
      await withSequelize(async (sequelize) => {
        const umzug = umzugOf(sequelize);
        expect((await umzug.pending()).map(({ name }) => name)).toEqual(['001-customers.js', '002-orders.js']);
        await umzug.up();
        expect((await umzug.executed()).map(({ name }) => name)).toEqual(['001-customers.js', '002-orders.js']);
        expect(await tables()).toEqual(['SequelizeMeta', 'customers', 'orders']);
        expect(await rows('SELECT name FROM customers ORDER BY id')).toHaveLength(2);
        expect((await describeTable('customers')).name.type).toBe('TEXT');

        await umzug.down();
        expect(await tables()).toEqual(['SequelizeMeta', 'customers']);
        expect((await describeTable('customers')).name.type).toBe('VARCHAR(255)');
        expect(await rows('SELECT name FROM customers ORDER BY id')).toHaveLength(2);
        await umzug.down({ to: 0 });
        expect(await tables()).toEqual(['SequelizeMeta']);
        expect(await umzug.executed()).toEqual([]);
      });
    });

    test('processes that migrate at once under a lock do not run a migration twice', async () => {
      project.write({
        'migrate.js': `
const { Sequelize } = require('sequelize');
const { SequelizeStorage, Umzug } = require('umzug');
const { PhantomDBDialect } = require('phantomdb-sequelize');
${SLOW_MIGRATION}
const dialect = new PhantomDBDialect(process.env.TEST_URL);
const sequelize = new Sequelize(process.env.TEST_DATABASE, null, null, { dialect, logging: false });
const umzug = new Umzug({
  migrations: [{ name: 'slow', up: () => up(sequelize.getQueryInterface(), Sequelize) }],
  storage: new SequelizeStorage({ sequelize }),
  logger: undefined,
});
dialect
  .withLock(process.env.TEST_DATABASE, 'migrations', () => umzug.up())
  .then((done) => console.log('ran', done.length))
  .finally(() => sequelize.close());`,
      });
      const runs = await Promise.all(
        [1, 2, 3].map(() => project.run(['migrate.js'], { TEST_URL: url, TEST_DATABASE: SHOP })),
      );
      expect(runs.map(({ code, output }) => `${code} ${output.trim()}`).sort()).toEqual([
        '0 ran 0',
        '0 ran 0',
        '0 ran 1',
      ]);
      expect(await rows('SELECT count(*) AS n FROM runs')).toEqual([{ n: 1 }]);
    });
  });
});
