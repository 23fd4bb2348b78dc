const { DataTypes } = require('sequelize');
const { FaultyServer, connectTo, sleep } = require('../helpers/faults.js');

jest.setTimeout(120_000);

describe('a server that is told to stop', () => {
  const server = new FaultyServer();
  const open = [];
  let Note;

  function connect(dialectOptions) {
    const sequelize = connectTo(server.url, dialectOptions);
    open.push(sequelize);
    return sequelize;
  }

  const counting = (sequelize, n) =>
    sequelize.query(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n}) SELECT count(*) AS n FROM n`,
      { type: 'SELECT', plain: true },
    );

  /** A statement that keeps the server busy for about as long as that, on this computer. */
  async function lasting(sequelize, milliseconds) {
    const sample = 200_000;
    const begun = performance.now();
    await counting(sequelize, sample);
    const n = Math.ceil((sample * milliseconds) / (performance.now() - begun));
    return { n, running: counting(sequelize, n) };
  }

  /** Tells the server to stop while something runs, and starts another once it has. */
  async function restart(sequelize) {
    const { n, running } = await lasting(sequelize, 1_500);
    await sleep(200);
    server.signal('SIGTERM');
    await sleep(100);
    const started = running.then(async (answer) => {
      expect(answer).toEqual({ n });
      await server.end('SIGTERM');
      await server.start();
    });
    return { started };
  }

  beforeAll(async () => {
    await server.start();
    Note = connect().define('Note', { text: DataTypes.STRING }, { timestamps: false });
    await Note.sync();
  });
  afterAll(async () => {
    await Promise.all(open.map((sequelize) => sequelize.close()));
    await server.remove();
  });

  test('answers what runs; reads and writes that come then go on after as long as it says, at the next one', async () => {
    await Note.create({ text: 'before' });
    const { started } = await restart(Note.sequelize);
    const begun = performance.now();
    const reads = Array.from({ length: 10 }, () => Note.findAll({ raw: true, attributes: ['text'], where: { id: 1 } }));
    const writes = Array.from({ length: 10 }, (_, i) => Note.create({ text: `during ${i}` }));
    for (const rows of await Promise.all(reads)) expect(rows).toEqual([{ text: 'before' }]);
    await Promise.all(writes);
    // `Retry-After: 1`; the client's own first pause would have been 50 ms.
    expect(performance.now() - begun).toBeGreaterThan(990);
    await started;
    expect(await Note.count()).toBe(11);
  });

  test('says so at once to who does not want to wait', async () => {
    const { started } = await restart(Note.sequelize);
    await expect(connect({ retries: 0 }).query('SELECT 1')).rejects.toMatchObject({
      name: 'SequelizeConnectionError',
      parent: { code: 'UNAVAILABLE', message: expect.stringContaining('stopping') },
    });
    await started;
  });

  test('has rolled back what was open, and its owner begins another at the next one', async () => {
    const before = await Note.count();
    const transaction = await Note.sequelize.transaction();
    await Note.create({ text: 'open' }, { transaction });
    const { started } = await restart(Note.sequelize);
    await expect(Note.count({ transaction })).rejects.toMatchObject({ parent: { code: 'UNAVAILABLE' } });
    await transaction.rollback();
    await Note.sequelize.transaction((next) => Note.create({ text: 'next' }, { transaction: next }));
    await started;
    expect(await Note.count()).toBe(before + 1);
  });
});
