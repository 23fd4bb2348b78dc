const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { startOverPostgres, startServer } = require('./helpers/engines.js');

/** Servers that share nothing: what is read tells which of them was asked. */
const ROLES = ['write', 'read 1', 'read 2'];

const ENGINES = [
  ['SQLite', () => startServer()],
  // All over one PostgreSQL, each with a database of its own.
  ['PostgreSQL', () => startOverPostgres()],
];

const FORMS = [
  ['url', (url) => ({ url })],
  ['host and port', (url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) })],
  ['port alone', (url) => ({ port: new URL(url).port })],
];

describe.each(ENGINES)('replication on %s', (_engine, start) => {
  const servers = {};
  const databases = {};
  const open = [];

  const define = (sequelize) =>
    sequelize.define('Note', { text: { type: DataTypes.STRING, unique: true } }, { timestamps: false });

  function connect(url, options) {
    const sequelize = new Sequelize({ dialect: new PhantomDBDialect(url), logging: false, ...options });
    open.push(sequelize);
    return sequelize;
  }

  beforeAll(async () => {
    for (const role of ROLES) {
      servers[role] = await start();
      databases[role] = `replication_${role.replace(' ', '_')}_${process.pid}_${Date.now()}`;
      await rewrite(role);
    }
  });
  afterEach(() => Promise.all(open.splice(0).map((sequelize) => sequelize.close())));
  afterAll(async () => {
    for (const role of ROLES) {
      const dialect = new PhantomDBDialect(servers[role].url);
      await dialect.dropDatabase(databases[role]);
      await dialect.close();
      await servers[role].stop();
    }
  });

  /** The one row of a server is its role. */
  async function rewrite(role) {
    const Note = define(connect(servers[role].url, { database: databases[role] }));
    await Note.sync({ force: true });
    await Note.create({ text: role });
  }

  async function textsOf(role) {
    const Note = define(connect(servers[role].url, { database: databases[role] }));
    return (await Note.findAll({ order: ['id'] })).map(({ text }) => text);
  }

  function replicated(placed, options) {
    const place = (role) => ({ ...placed(servers[role].url), database: databases[role] });
    const replication = { read: [place('read 1'), place('read 2')], write: place('write') };
    return connect(servers.write.url, { replication, pool: { max: 4 }, ...options });
  }

  /** What so many finds at once read. */
  async function readers(Note, options) {
    const found = await Promise.all(Array.from({ length: 8 }, () => Note.findAll({ ...options })));
    return [...new Set(found.map((notes) => notes.map(({ text }) => text).join()))].toSorted();
  }

  describe.each(FORMS)('given by %s', (_form, placed) => {
    test('sends reads to the read servers in turn, and those with useMaster to the write server', async () => {
      const sequelize = replicated(placed);
      const Note = define(sequelize);
      expect(await readers(Note)).toEqual(['read 1', 'read 2']);
      expect(await readers(Note, { useMaster: true })).toEqual(['write']);
      const raw = (options) =>
        sequelize.query('SELECT "text" FROM "Notes"', { type: 'SELECT', plain: true, ...options });
      expect((await raw()).text).toMatch(/^read/);
      expect(await raw({ useMaster: true })).toEqual({ text: 'write' });
      expect(await Note.count({ where: { text: 'write' } })).toBe(0);
      expect(await Note.count({ where: { text: 'write' }, useMaster: true })).toBe(1);
    });
  });

  describe('of a model', () => {
    let sequelize;
    let Note;

    beforeEach(async () => {
      for (const role of ROLES) await rewrite(role);
      sequelize = replicated(FORMS[0][1]);
      Note = define(sequelize);
    });

    test('sends every write to the write server', async () => {
      await Note.create({ text: 'created' });
      await Note.bulkCreate([{ text: 'a' }, { text: 'b' }]);
      await Note.update({ text: 'updated' }, { where: { text: 'a' } });
      await Note.upsert({ id: 9, text: 'upserted' });
      await Note.destroy({ where: { text: 'b' } });
      await Note.findOrCreate({ where: { text: 'found' } });
      await sequelize.query(`INSERT INTO "Notes" ("text") VALUES ('raw')`);
      expect((await textsOf('write')).toSorted()).toEqual(
        ['created', 'found', 'raw', 'updated', 'upserted', 'write'].toSorted(),
      );
      expect(await textsOf('read 1')).toEqual(['read 1']);
      expect(await textsOf('read 2')).toEqual(['read 2']);
    });

    test('sends all of a transaction to the write server, unless it only reads', async () => {
      await sequelize.transaction(async (transaction) => {
        expect(await Note.findOne({ raw: true, attributes: ['text'], transaction })).toEqual({ text: 'write' });
        await Note.create({ text: 'within' }, { transaction });
        expect(await Note.count({ transaction })).toBe(2);
      });
      expect(await textsOf('write')).toEqual(['write', 'within']);
      await sequelize.transaction({ readOnly: true }, async (transaction) => {
        expect((await Note.findOne({ transaction })).text).toMatch(/^read/);
      });
    });

    test('changes the schema on the write server', async () => {
      await sequelize.getQueryInterface().addColumn('Notes', 'more', DataTypes.STRING);
      expect(Object.keys(await sequelize.getQueryInterface().describeTable('Notes'))).toContain('more');
      const other = connect(servers['read 1'].url, { database: databases['read 1'] });
      expect(Object.keys(await other.getQueryInterface().describeTable('Notes'))).not.toContain('more');
    });
  });

  test('says which server cannot be reached', async () => {
    const sequelize = replicated(() => ({ port: 1 }), {
      dialect: new PhantomDBDialect(servers.write.url, { retries: 0 }),
    });
    await expect(define(sequelize).findAll()).rejects.toMatchObject({
      name: 'SequelizeConnectionRefusedError',
      message: expect.stringContaining('http://127.0.0.1:1 '),
    });
  });
});
