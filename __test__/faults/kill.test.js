const { DataTypes, Sequelize } = require('sequelize');
const { FaultyServer, connectTo, cuttingProxy, inParallel, sleep } = require('../helpers/faults.js');

jest.setTimeout(120_000);

async function waitUntil(isDone) {
  while (!isDone()) await sleep(10);
}

const define = (sequelize) =>
  sequelize.define('Entry', { value: { type: DataTypes.INTEGER, unique: true } }, { timestamps: false });

describe('a server that is killed', () => {
  const server = new FaultyServer();
  beforeAll(async () => {
    // Sequelize warns of each transaction that it cannot roll back, since its server is gone.
    jest.spyOn(console, 'warn').mockImplementation(() => {});
    await server.start();
  });
  afterAll(() => server.remove());

  test('has every commit that it acknowledged and none that it refused, however often and whenever it is killed', async () => {
    const known = { acknowledged: [], refused: [], unknown: [] };
    let next = 0;
    let transactions = 0;

    /** Two rows in one transaction, or a row by itself; every fourth transaction is refused at its end. */
    async function write(sequelize, Entry) {
      const values = [next++, next++];
      const isRefused = transactions++ % 4 === 0;
      try {
        await sequelize.transaction(async (transaction) => {
          await Entry.create({ value: values[0] }, { transaction });
          await Entry.create({ value: isRefused ? values[0] : values[1] }, { transaction });
        });
        known.acknowledged.push(values);
      } catch (error) {
        known[error instanceof Sequelize.UniqueConstraintError ? 'refused' : 'unknown'].push(values);
        return error instanceof Sequelize.UniqueConstraintError;
      }
      const single = [next++];
      return Entry.create({ value: single[0] }).then(
        () => known.acknowledged.push(single),
        () => known.unknown.push(single) && false,
      );
    }

    for (let round = 0; round < 8; round++) {
      // Nothing is tried again: what came back is what the server said.
      const sequelize = connectTo(server.url, { retries: 0 });
      const Entry = define(sequelize);
      await Entry.sync();
      const writers = Array.from({ length: 8 }, async () => {
        while (await write(sequelize, Entry));
      });
      // Some of each kind first, however fast the computer is; then at any moment.
      await waitUntil(() => known.acknowledged.length >= 8 * (round + 1) && known.refused.length > round);
      await sleep(Math.random() * 300);
      await server.end();
      await Promise.all(writers);
      await sequelize.close();
      await server.start();
    }

    const sequelize = connectTo(server.url);
    const found = new Set((await define(sequelize).findAll()).map((entry) => entry.value));
    await sequelize.close();
    expect(known.acknowledged.flat().filter((value) => !found.has(value))).toEqual([]);
    expect(known.refused.flat().filter((value) => found.has(value))).toEqual([]);
    // What nobody knows about is there as a whole or not at all.
    expect(known.unknown.filter((values) => new Set(values.map((value) => found.has(value))).size > 1)).toEqual([]);
  });

  test('and started anew has each write of those who go on once, and fails no read', async () => {
    const sequelize = connectTo(server.url, {}, { pool: { max: 40, acquire: 60_000 } });
    const Note = sequelize.define('Note', { number: DataTypes.INTEGER }, { timestamps: false });
    await Note.sync();
    let isOver = false;
    let reads = 0;
    const readers = Array.from({ length: 20 }, async () => {
      for (; !isOver; reads++) await Note.count();
    });
    const writes = inParallel(600, 16, async (number) => {
      if (number % 200 === 100) {
        await server.end();
        await server.start();
      }
      await Note.create({ number });
    });
    await writes;
    isOver = true;
    await Promise.all(readers);
    const numbers = (await Note.findAll({ order: ['number'] })).map((note) => note.number);
    await sequelize.close();
    expect(numbers).toEqual(Array.from({ length: 600 }, (_, number) => number));
    expect(reads).toBeGreaterThan(20);
  });

  test('after a commit and before its answer gives that answer when it is back, and runs nothing twice', async () => {
    let isLost = false;
    let back;
    const lost = () => {
      back = server.end().then(() => server.start());
    };
    const fate = (request) => {
      if (!isLost || !/^POST .*(commit|query)/.test(request)) return undefined;
      isLost = false;
      return 'after';
    };
    const proxy = await cuttingProxy(server.port, fate, lost);
    const sequelize = connectTo(proxy.url, { retries: 30 });
    const Draft = sequelize.define('Draft', { text: DataTypes.STRING }, { timestamps: false });
    await Draft.sync({ force: true });

    isLost = true;
    const draft = await Draft.create({ text: 'alone' });
    await back;
    const transaction = await sequelize.transaction();
    await Draft.create({ text: 'within' }, { transaction });
    isLost = true;
    await transaction.commit();
    await back;

    const drafts = await Draft.findAll({ order: ['id'], raw: true });
    expect(drafts).toEqual([
      { id: draft.id, text: 'alone' },
      { id: draft.id + 1, text: 'within' },
    ]);
    expect(await sequelize.getQueryInterface().showAllTables()).not.toContain('phantomdb_answers');
    await sequelize.close();
    await proxy.stop();
  });
});
