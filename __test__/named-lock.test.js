'use strict';

const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines.js');
const { Project } = require('./helpers/project.js');

jest.setTimeout(60_000);

describe.each(engines)('a lock at $name', ({ name: engineName, start }) => {
  const engine = start();
  const [shop, other] = [engine.database('shop'), engine.database('other')];
  let dialect;
  beforeAll(() => {
    dialect = new PhantomDBDialect(engine.url);
  });
  afterAll(() => dialect.close());

  test('is held by one at a time, and given on when its work is done or fails', async () => {
    let held = 0;
    let most = 0;
    const work = async () => {
      held++;
      most = Math.max(most, held);
      await new Promise((resolve) => setTimeout(resolve, 20));
      held--;
      throw new Error('work failed');
    };
    const all = await Promise.allSettled([1, 2, 3].map(() => dialect.withLock(shop, 'x', work)));
    expect(all.map(({ reason }) => reason.message)).toEqual(Array(3).fill('work failed'));
    expect(most).toBe(1);
    expect(await dialect.withLock(shop, 'x', () => 'answer')).toBe('answer');
  });

  test('is waited for no longer than was said, and other names are free meanwhile', async () => {
    await dialect.withLock(shop, 'x', async () => {
      await expect(dialect.withLock(shop, 'x', () => 1, { timeout: 50 })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
      });
      expect(await dialect.withLock(shop, 'y', () => 2)).toBe(2);
      expect(await dialect.withLock(other, 'x', () => 3)).toBe(3);
    });
  });

  test('is kept for as long as the work takes, though it keeps the database locked', async () => {
    await dialect.query(shop, 'CREATE TABLE IF NOT EXISTS t (n INTEGER)');
    await dialect.withLock(shop, 'x', async () => {
      const transaction = await dialect.beginTransaction(shop, { immediate: true });
      await dialect.query(shop, 'INSERT INTO t (n) VALUES (1)', [], { transaction });
      await new Promise((resolve) => setTimeout(resolve, 4_500));
      const { rows } = await dialect.query(
        'phantomdb_locks',
        "SELECT expires - extract(epoch from now()) AS left FROM locks WHERE name = 'x'",
      );
      expect(rows[0].left).toBeGreaterThan(7);
      await dialect.commitTransaction(transaction);
    });
  });

  test('that was lost is told to the work, and fails', async () => {
    const lost = dialect.withLock(shop, 'x', async ({ signal }) => {
      await dialect.query('phantomdb_locks', "DELETE FROM locks WHERE name = 'x'");
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await expect(lost).rejects.toThrow(`The lock 'x' of the database '${shop}' was lost`);
  });

  // Others cannot get at a database in memory.
  if (engineName !== 'memory:') {
    test('of a process that was killed is free when its lease has ended', async () => {
      const project = new Project();
      project.write({
        'hold.js': `
const { PhantomDBDialect } = require('phantomdb-sequelize');
const dialect = new PhantomDBDialect(process.env.TEST_URL);
dialect.withLock(process.env.TEST_DATABASE, 'x', () => new Promise(() => setInterval(() => console.log('held'), 50)));`,
      });
      const { child, ended } = project.start(['hold.js'], { TEST_URL: engine.url, TEST_DATABASE: shop });
      await new Promise((resolve) => child.stdout.once('data', resolve));
      child.kill('SIGKILL');
      await ended;
      const refused = dialect.withLock(shop, 'x', () => 1, { timeout: 50 });
      await expect(refused).rejects.toThrow('another process holds it');
      expect(await dialect.withLock(shop, 'x', () => 2, { timeout: 20_000 })).toBe(2);
      project.remove();
    });
  }
});
