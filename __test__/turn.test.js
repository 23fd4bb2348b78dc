'use strict';

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect } = require('..');

/** The processor time that this process has had, in milliseconds: a busy machine stretches the time on the clock. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

describe('an engine in memory', () => {
  let sequelize;
  let User;

  beforeAll(async () => {
    sequelize = new Sequelize('turns', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
    User = sequelize.define('user', { name: DataTypes.STRING });
    await sequelize.sync();
    await User.create({ name: 'Ada' });
  });

  afterAll(() => sequelize.close());

  test('lets the event loop turn while one caller asks without a pause', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const end = processorTime() + 300;
    while (processorTime() < end) await User.findByPk(1);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  test('lets it turn while many callers ask at once, and answers them in their order', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const before = processorTime();
    const order = [];
    await Promise.all(Array.from({ length: 3000 }, (_, i) => User.findByPk(1).then(() => order.push(i))));
    clearInterval(timer);
    expect(turns).toBeGreaterThan((processorTime() - before) / 50);
    expect(order).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });

  test('commits a transaction after the statements that were sent in it before', async () => {
    const count = await User.count();
    const transaction = await sequelize.transaction();
    const creating = Array.from({ length: 1000 }, () => User.create({ name: 'Eve' }, { transaction }));
    // By then some are done, and others wait for their turn.
    await new Promise(setImmediate);
    await transaction.commit();
    await Promise.all(creating);
    expect(await User.destroy({ where: { name: 'Eve' } })).toBe(1000);
    expect(await User.count()).toBe(count);
  });

  test('gives a statement that takes long to another thread', async () => {
    const counting =
      'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) AS c FROM n';
    const before = processorTime();
    const answer = sequelize.query(counting, { plain: true });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await expect(answer).resolves.toEqual({ c: 300000 });
    clearInterval(timer);
    const took = processorTime() - before;
    // It was interrupted soon and run again where it keeps nobody waiting.
    expect(turns).toBeGreaterThan(took / 50);
  });

  test('answers a statement that is wrong with the same error as ever', async () => {
    await expect(sequelize.query('SELECT * FROM "nowhere"')).rejects.toMatchObject({
      name: 'SequelizeDatabaseError',
      original: { code: 'UNKNOWN_TABLE' },
    });
  });

  test('waits for the write lock without keeping others waiting', async () => {
    const holder = await sequelize.transaction();
    await User.create({ name: 'Bea' }, { transaction: holder });
    const waiting = User.create({ name: 'Cyd' });
    const names = (await User.findAll({ order: ['id'] })).map((user) => user.name);
    expect(names).toEqual(['Ada']);
    await holder.commit();
    await waiting;
    expect(await User.count()).toBe(3);
  });
});
