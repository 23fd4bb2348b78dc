const { execFile } = require('node:child_process');
const path = require('node:path');

const { DataTypes, Sequelize } = require('sequelize');
const { FaultyServer, connectTo, cuttingProxy } = require('../helpers/faults.js');

jest.setTimeout(120_000);

const root = path.join(__dirname, '../..');

describe('a transaction over HTTP', () => {
  const server = new FaultyServer('--lock-idle-timeout', '300');
  const open = [];
  let sequelize;
  let Note;

  function connect(url = server.url, dialectOptions = {}, options = {}) {
    const connected = connectTo(url, dialectOptions, options);
    open.push(connected);
    return connected;
  }

  beforeAll(async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => {});
    await server.start();
    sequelize = connect();
    Note = sequelize.define('Note', { text: DataTypes.STRING }, { timestamps: false });
    await Note.sync();
  });
  beforeEach(() => Note.truncate());
  afterAll(async () => {
    await Promise.all(open.map((connected) => connected.close()));
    await server.remove();
  });

  const insert = (text, on, transaction) =>
    on.query('INSERT INTO "Notes" ("text") VALUES ($1)', { bind: [text], transaction });
  const texts = async () => (await Note.findAll({ order: ['id'] })).map((note) => note.text);

  test('is rolled back at once when its connection is closed', async () => {
    const other = connect();
    const transaction = await other.transaction();
    await insert('open', other, transaction);
    await transaction.connection.abandon();
    const begun = performance.now();
    await Note.create({ text: 'next' });
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(await texts()).toEqual(['next']);
    await transaction.rollback();
  });

  test('of a process that was killed gives way to those who wait for its lock', async () => {
    const script = `
      const { Sequelize } = require('sequelize');
      const { PhantomDBDialect } = require('.');
      const dialect = new PhantomDBDialect(${JSON.stringify(server.url)});
      const sequelize = new Sequelize('faults', null, null, { dialect, logging: false });
      sequelize.transaction().then(async (transaction) => {
        await sequelize.query("INSERT INTO \\"Notes\\" (\\"text\\") VALUES ('orphan')", { transaction });
        process.kill(process.pid, 'SIGKILL');
      });`;
    await new Promise((resolve) => execFile(process.execPath, ['-e', script], { cwd: root }, resolve));
    await Note.create({ text: 'next' });
    expect(await texts()).toEqual(['next']);
  });

  test('is gone when its server starts anew; the next one works', async () => {
    const transaction = await sequelize.transaction();
    await Note.create({ text: 'lost' }, { transaction });
    await server.end();
    await server.start();
    await expect(Note.create({ text: 'late' }, { transaction })).rejects.toMatchObject({
      parent: { code: 'TRANSACTION_EXPIRED' },
    });
    await transaction.rollback();
    const other = await sequelize.transaction();
    await Note.create({ text: 'lost too' }, { transaction: other });
    await server.end();
    await server.start();
    await expect(other.commit()).rejects.toMatchObject({ parent: { code: 'TRANSACTION_EXPIRED' } });
    await sequelize.transaction((next) => Note.create({ text: 'next' }, { transaction: next }));
    expect(await texts()).toEqual(['next']);
  });

  test('whose connection is cut fails as a whole, and leaves nothing', async () => {
    let requests = 0;
    const fate = (request) => (/^POST .*query/.test(request) && ++requests === 2 ? 'after' : undefined);
    const proxy = await cuttingProxy(server.port, fate);
    const far = connect(proxy.url);
    const work = far.transaction(async (transaction) => {
      await insert('first', far, transaction);
      await insert('cut', far, transaction);
    });
    await expect(work).rejects.toThrow(Sequelize.ConnectionError);
    expect(await texts()).toEqual([]);
    await far.transaction((transaction) => insert('again', far, transaction));
    expect(await texts()).toEqual(['again']);
    await proxy.stop();
  });

  test('is no burden to others, also when 1,000 are open', async () => {
    await Note.bulkCreate(Array.from({ length: 100 }, (_, i) => ({ text: `note ${i}` })));
    const crowd = connect(server.url, {}, { pool: { max: 1_000, acquire: 60_000 } });
    const levels = Object.values(Sequelize.Transaction.ISOLATION_LEVELS);
    const transactions = [];
    for (let i = 0; i < 1_000; i += 50) {
      const begun = Array.from({ length: 50 }, (_, j) => crowd.transaction({ isolationLevel: levels[j % 4] }));
      transactions.push(...(await Promise.all(begun)));
    }
    const count = 'SELECT count(*) AS "n" FROM "Notes"';
    const read = (transaction) => crowd.query(count, { transaction, plain: true, type: 'SELECT' });
    for (const transaction of transactions) expect(await read(transaction)).toEqual({ n: 100 });

    const times = [];
    for (let i = 0; i < 50; i++) {
      const begun = performance.now();
      await Note.create({ text: 'beside' });
      expect(await Note.findOne({ where: { text: `note ${i}` } })).not.toBeNull();
      times.push(performance.now() - begun);
    }
    expect(times.toSorted((a, b) => a - b)[25]).toBeLessThan(1_000);
    // Each of them still sees what its level says.
    const seen = await Promise.all(transactions.map(read));
    expect(seen.map(({ n }) => n)).toEqual(
      transactions.map(({ options }) => (/READ C|READ U/.test(options.isolationLevel) ? 150 : 100)),
    );
    await Promise.all(transactions.map((transaction) => transaction.commit()));
    expect(await Note.count()).toBe(150);
  });
});

describe('a server that is busy', () => {
  const server = new FaultyServer('--transactions-max', '2');
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  /** A transaction that has begun: the server learns of one with its first statement. */
  async function begin(sequelize) {
    const transaction = await sequelize.transaction();
    try {
      await sequelize.query('SELECT 1', { transaction });
    } catch (error) {
      await transaction.rollback();
      throw error;
    }
    return transaction;
  }

  test('is asked again after as long as it says, and then has room', async () => {
    const sequelize = connectTo(server.url);
    const first = await begin(sequelize);
    const second = await begin(sequelize);
    const begun = performance.now();
    const third = begin(sequelize);
    setTimeout(() => first.commit(), 200);
    await (await third).commit();
    // `Retry-After: 1`; the client's own pause would have been 50 ms.
    expect(performance.now() - begun).toBeGreaterThan(990);
    await second.commit();
    await sequelize.close();
  });

  test('and has no room in time says so', async () => {
    const sequelize = connectTo(server.url, { requestTimeoutMs: 2_500 });
    const taken = [await begin(sequelize), await begin(sequelize)];
    const begun = performance.now();
    await expect(begin(sequelize)).rejects.toMatchObject({ parent: { code: 'TOO_MANY_REQUESTS' } });
    expect(performance.now() - begun).toBeGreaterThan(1_990);
    expect(performance.now() - begun).toBeLessThan(20_000);
    for (const transaction of taken) await transaction.rollback();
    await sequelize.close();
  });
});
