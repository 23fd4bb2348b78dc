// The option `timezone`: dates that become text in SQL are written in the zone, and are the same instants.

const { DataTypes, fn, col, literal, Op, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines');

const at = new Date('2026-07-01T22:30:15.250Z');
const zones = [
  ['+02:00', '2026-07-02 00:30:15.250 +02:00'],
  ['Europe/Berlin', '2026-07-02 00:30:15.250 +02:00'],
  ['-09:30', '2026-07-01 13:00:15.250 -09:30'],
  ['+00:00', '2026-07-01T22:30:15.250Z'],
  ['Etc/UTC', '2026-07-01T22:30:15.250Z'],
];

describe.each(engines)('timezone on $name', ({ start }) => {
  const engine = start();

  test.each(zones)('%s', async (timezone, text) => {
    const sequelize = engine.connect({ timezone });
    const Event = sequelize.define('Event', { at: DataTypes.DATE, day: DataTypes.DATEONLY, time: DataTypes.TIME });
    await Event.sync();
    expect(sequelize.escape(at)).toBe(`'${text}'`);
    const generator = sequelize.getQueryInterface().queryGenerator;
    expect(generator.escape(at, Event.rawAttributes.at)).toBe(`'${text}'`);

    await Event.create({ at, day: '2026-07-02', time: '23:00:00' });
    const insert = 'INSERT INTO "Events" ("at", "day", "createdAt", "updatedAt") VALUES (:at, :day, :at, :at)';
    await sequelize.query(insert, { replacements: { at, day: '2026-07-02' } });
    await Event.update({ at: fn('coalesce', col('at'), at) }, { where: { at } });

    const found = await Event.findAll({ order: ['id'] });
    expect(found.map((event) => [event.at, event.day])).toEqual([
      [at, '2026-07-02'],
      [at, '2026-07-02'],
    ]);
    const later = new Date(at.getTime() + 1);
    for (const [where, count] of [
      [{ at }, 2],
      [{ at: { [Op.between]: [at, at] } }, 2],
      [literal(`"at" = ${sequelize.escape(at)}`), 2],
      [literal(`"at" >= ${sequelize.escape(later)}`), 0],
      [Sequelize.where(fn('coalesce', col('at'), at), { [Op.lt]: later }), 2],
    ]) {
      expect(await Event.count({ where })).toBe(count);
    }
    const options = { replacements: { at, later }, type: 'SELECT' };
    const rows = await sequelize.query('SELECT "at" FROM "Events" WHERE "at" IN (:at, :later)', options);
    expect(rows).toEqual([{ at }, { at }]);
    const [bound] = await sequelize.query('SELECT "at" FROM "Events" WHERE "at" = $1', { bind: [at], type: 'SELECT' });
    expect(bound).toEqual({ at });
  });
});

test.each(['+25:00', 'Europe/Atlantis', 'local', 2])('timezone %p is refused', (timezone) => {
  const dialect = new PhantomDBDialect('memory:');
  expect(() => new Sequelize({ dialect, timezone })).toThrow(/option timezone must be an offset .* it is /);
});
