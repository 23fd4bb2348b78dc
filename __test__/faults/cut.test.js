const { DataTypes } = require('sequelize');
const { FaultyServer, connectTo, cuttingProxy, inParallel, sleep } = require('../helpers/faults.js');

jest.setTimeout(120_000);

const WRITES = 10_000;

describe('connections that break', () => {
  const server = new FaultyServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  async function notes(url, dialectOptions, options) {
    const sequelize = connectTo(url, dialectOptions, options);
    const Note = sequelize.define('Note', { number: DataTypes.INTEGER }, { timestamps: false });
    await Note.sync({ force: true });
    return { sequelize, Note };
  }

  test('between request and answer lose no write and double none', async () => {
    const fates = ['before', 'after', 'within', undefined];
    let requests = 0;
    const proxy = await cuttingProxy(server.port, () => fates[requests++ % fates.length]);
    const { sequelize, Note } = await notes(proxy.url, { retries: 20 });
    for (let number = 0; number < 12; number++) await Note.create({ number });
    expect((await Note.findAll({ order: ['id'] })).map((note) => note.number)).toEqual([...Array(12).keys()]);
    expect(requests).toBeGreaterThan(40);
    await sequelize.close();
    await proxy.stop();
  });

  test(`at random leave exactly ${WRITES} rows of ${WRITES} writes`, async () => {
    let cuts = 0;
    let uncut = 0;
    // How many requests carry the writes depends on the computer: one in 20 is cut, and at least one in 30.
    const fate = () => {
      if (Math.random() >= 0.05 && uncut++ < 29) return undefined;
      uncut = 0;
      cuts++;
      return ['before', 'after', 'within'][Math.floor(Math.random() * 3)];
    };
    const proxy = await cuttingProxy(server.port, fate);
    const { sequelize, Note } = await notes(proxy.url, {}, { pool: { max: 64, acquire: 60_000 } });
    await inParallel(WRITES, 64, (number) => Note.create({ number }));
    await sequelize.close();
    await proxy.stop();
    const direct = connectTo(server.url);
    const [[counted]] = await direct.query(
      'SELECT count(*) AS "rows", count(DISTINCT "number") AS "numbers" FROM "Notes"',
    );
    await direct.close();
    expect(counted).toEqual({ rows: WRITES, numbers: WRITES });
    expect(cuts).toBeGreaterThan(1);
  });

  test('since the server stands still time out, and what is tried again is not doubled', async () => {
    const retry = { max: 10, match: [/did not answer/], backoffBase: 50 };
    const { sequelize, Note } = await notes(server.url, { requestTimeoutMs: 400 }, { retry, pool: { max: 20 } });
    const outright = connectTo(server.url, { requestTimeoutMs: 400, retries: 0 });
    await outright.authenticate();
    const begun = Date.now();
    server.signal('SIGSTOP');
    try {
      const writes = inParallel(20, 20, (number) => Note.create({ number }));
      await expect(outright.query('SELECT 1')).rejects.toMatchObject({ name: 'SequelizeConnectionTimedOutError' });
      expect(Date.now() - begun).toBeLessThan(20_000);
      await sleep(600);
      server.signal('SIGCONT');
      await writes;
    } finally {
      server.signal('SIGCONT');
    }
    const numbers = (await Note.findAll({ order: ['number'] })).map((note) => note.number);
    expect(numbers).toEqual([...Array(20).keys()]);
    await outright.close();
    await sequelize.close();
  });
});
