'use strict';

// The calls of Sequelize that the benchmark measures. Each case is given a world of open.js, makes its tables, and returns
//
//   call      the call to measure
//   check     is given what the last call returned, and throws when that, or what the database holds, is wrong
//   between   what to do before each call, without being measured, where calls would add up
//
// compare.mjs runs the same cases on two checkouts.

const assert = require('node:assert/strict');

const { userOf, users, wide, wideOf } = require('./data');
const { INCLUDE_CASES } = require('./include-cases');

const ROWS = 1000;
const MANY_ROWS = 10_000;
const MODELS = 20;
const CALLERS = 64;
const SEEDED_TABLES = 10;
const SEEDED_ROWS = 20;

/** The numbers from 1 to `last`, again and again. */
function keys(last) {
  let next = 0;
  return () => 1 + (next++ % last);
}

function emails() {
  let next = 0;
  return () => `ada${++next}@example.org`;
}

/** Compares the columns of a user with those that the row of this number was made with. */
function assertUser(row, id) {
  const { name, email, age } = row;
  assert.deepEqual({ id: row.id, name, email, age }, { id, ...userOf(id) });
}

function assertAllUsers(rows, count) {
  assert.equal(rows.length, count);
  for (const [i, row] of rows.toSorted((a, b) => a.id - b.id).entries()) assertUser(row, i + 1);
}

function assertDates({ createdAt, updatedAt }) {
  assert.ok(createdAt instanceof Date && updatedAt instanceof Date, 'the times are dates');
}

const WRITE_CASES = {
  async create(world) {
    const User = await users(world, 0);
    const email = emails();
    let made = 0;
    return {
      call() {
        made++;
        return User.create({ name: 'Ada', email: email(), age: 36 });
      },
      async check(user) {
        assertDates(user);
        assert.equal(await User.count(), made);
        const stored = await User.findByPk(user.id, { raw: true });
        assert.equal(stored.email, user.email);
      },
    };
  },

  // On `file:` the commits that come at the same time may share a wait for the disk.
  async 'create by 64 callers'(world) {
    const User = await users(world, 0);
    const email = emails();
    let made = 0;
    return {
      callers: CALLERS,
      call() {
        made += CALLERS;
        const one = () => User.create({ name: 'Ada', email: email(), age: 36 });
        return Promise.all(Array.from({ length: CALLERS }, one));
      },
      async check(created) {
        assert.equal(await User.count(), made);
        for (const { id, email: own } of created) assert.equal((await User.findByPk(id, { raw: true })).email, own);
      },
    };
  },

  async update(world) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    let age = 0;
    return {
      call() {
        last = key();
        return User.update({ age: ++age }, { where: { id: last } });
      },
      async check([affected]) {
        assert.equal(affected, 1);
        const stored = await User.findByPk(last, { raw: true });
        assert.equal(stored.age, age);
      },
    };
  },

  async 'bulkCreate of 10,000 rows of 9 columns'(world) {
    const Wide = await wide(world);
    const rows = Array.from({ length: MANY_ROWS }, (_, i) => wideOf(i));
    return {
      call: () => Wide.bulkCreate(rows),
      between: () => Wide.destroy({ truncate: true }),
      async check(instances) {
        assert.equal(instances.length, MANY_ROWS);
        assert.equal(await Wide.count(), MANY_ROWS);
        const { text, whole, real, flag, at, day } = (await Wide.findOne({ where: { whole: 4321 } })).get();
        const { longText: _, large: __, city: ___, ...expected } = wideOf(4321);
        assert.deepEqual({ text, whole, real, flag, at, day }, expected);
      },
    };
  },

  async 'transaction of create and update'(world) {
    const User = await users(world, 0);
    const email = emails();
    let made = 0;
    return {
      call() {
        made++;
        return world.sequelize.transaction(async (transaction) => {
          const user = await User.create({ name: 'Ada', email: email(), age: 36 }, { transaction });
          return user.update({ age: 37 }, { transaction });
        });
      },
      async check(user) {
        assert.equal(await User.count({ where: { age: 37 } }), made);
        assert.equal((await User.findByPk(user.id)).email, user.email);
      },
    };
  },

  async upsert(world) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    let age = 0;
    return {
      call() {
        last = key();
        return User.upsert({ id: last, name: 'Ada', age: ++age });
      },
      async check() {
        assert.equal(await User.count(), ROWS);
        const { name, age: stored } = await User.findByPk(last, { raw: true });
        assert.deepEqual({ name, age: stored }, { name: 'Ada', age });
      },
    };
  },

  // Every second call finds a row, the others create one.
  async findOrCreate(world) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    const email = emails();
    let calls = 0;
    let made = 0;
    return {
      call() {
        if (++calls % 2 === 0)
          return User.findOrCreate({ where: { email: userOf(key()).email }, defaults: { age: 1 } });
        made++;
        return User.findOrCreate({ where: { email: email() }, defaults: { name: 'Ada', age: 36 } });
      },
      async check([user, created]) {
        assert.equal(created, calls % 2 === 1);
        assert.equal(await User.count(), ROWS + made);
        assert.equal((await User.findByPk(user.id)).email, user.email);
      },
    };
  },

  async 'sync({ force: true }) of 20 models'({ sequelize, module: { DataTypes } }) {
    for (let i = 0; i < MODELS; i++) {
      const model = sequelize.define(`Model${i}`, {
        name: { type: DataTypes.STRING, allowNull: false },
        email: { type: DataTypes.STRING, unique: true },
        age: DataTypes.INTEGER,
        score: DataTypes.DECIMAL(10, 2),
        active: { type: DataTypes.BOOLEAN, defaultValue: true },
      });
      if (i > 0) model.belongsTo(sequelize.models[`Model${i - 1}`]);
    }
    return {
      call: () => sequelize.sync({ force: true }),
      async check() {
        // Each row refers to the row before, so the next call has something to drop.
        for (let i = 0; i < MODELS; i++) {
          const model = sequelize.models[`Model${i}`];
          assert.equal(await model.count(), 0);
          await model.create({ name: 'Ada', email: 'ada@example.org', ...(i > 0 && { [`Model${i - 1}Id`]: 1 }) });
        }
      },
    };
  },

  /** PhantomDB restores a snapshot; the others empty their tables and fill them again. */
  async 'back to 10 tables of 20 rows'({ sequelize, dialect, module: { DataTypes } }) {
    const columns = { name: DataTypes.STRING, email: DataTypes.STRING, age: DataTypes.INTEGER };
    const models = Array.from({ length: SEEDED_TABLES }, (_, i) => sequelize.define(`Seeded${i}`, columns));
    await sequelize.sync({ force: true });
    const rows = Array.from({ length: SEEDED_ROWS }, (_, i) => userOf(i + 1));
    const fill = async () => {
      for (const model of models) await model.bulkCreate(rows);
    };
    const empty = async () => {
      for (const model of models) await model.truncate({ cascade: true, restartIdentity: true });
    };
    await fill();
    const snapshot = await dialect?.snapshot();
    const reset = snapshot ? () => dialect.restore(snapshot) : () => empty().then(fill);
    return {
      call: reset,
      between: () => models[0].create({ name: 'Eve' }),
      async check() {
        for (const model of models) assert.equal(await model.count(), SEEDED_ROWS);
      },
    };
  },
};

const READ_CASES = {
  async findByPk(world) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    return {
      call() {
        last = key();
        return User.findByPk(last);
      },
      check(user) {
        assertUser(user, last);
        assertDates(user);
      },
    };
  },

  async 'findByPk by 64 callers'(world) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    let last;
    return {
      callers: CALLERS,
      call() {
        last = Array.from({ length: CALLERS }, key);
        return Promise.all(last.map((id) => User.findByPk(id)));
      },
      check(found) {
        for (const [i, user] of found.entries()) assertUser(user, last[i]);
      },
    };
  },

  async 'findAll of 1,000 rows, raw'(world) {
    const User = await users(world, ROWS);
    return { call: () => User.findAll({ raw: true }), check: (rows) => assertAllUsers(rows, ROWS) };
  },

  async 'findAll of 1,000 rows'(world) {
    const User = await users(world, ROWS);
    return {
      call: () => User.findAll(),
      check(rows) {
        assertAllUsers(rows, ROWS);
        assert.ok(rows[0] instanceof User);
        assertDates(rows[0]);
      },
    };
  },

  async 'count of 10,000 rows'(world) {
    const User = await users(world, MANY_ROWS);
    const { Op } = world.module;
    const key = keys(80);
    let last;
    return {
      call() {
        last = key();
        return User.count({ where: { age: { [Op.gt]: last } } });
      },
      check(count) {
        const expected = Array.from({ length: MANY_ROWS }, (_, i) => userOf(i + 1)).filter(({ age }) => age > last);
        assert.equal(count, expected.length);
      },
    };
  },

  async 'a large where over 10,000 rows'(world) {
    const User = await users(world, MANY_ROWS);
    const { Op } = world.module;
    const key = keys(40);
    let last;
    const where = (low) => ({
      name: { [Op.like]: 'User%' },
      age: { [Op.gte]: low, [Op.lt]: 65 },
      email: { [Op.ne]: null },
      [Op.or]: [
        { name: { [Op.in]: ['User 4', `User ${low}`, `User ${low + 90}`] } },
        { age: { [Op.between]: [low, low + 2] } },
        {
          [Op.and]: [
            { email: { [Op.startsWith]: 'user99' } },
            { age: { [Op.gt]: low + 1 } },
            { name: { [Op.ne]: 'Ada' } },
          ],
        },
      ],
    });
    const fits = ({ name, email, age }, low) =>
      age >= low &&
      age < 65 &&
      (['User 4', `User ${low}`, `User ${low + 90}`].includes(name) ||
        (age >= low && age <= low + 2) ||
        (email.startsWith('user99') && age > low + 1));
    return {
      call() {
        last = key();
        return User.findAll({ where: where(last), order: ['id'], limit: 100 });
      },
      check(rows) {
        const all = Array.from({ length: MANY_ROWS }, (_, i) => i + 1).filter((id) => fits(userOf(id), last));
        assert.deepEqual(
          rows.map(({ id }) => id),
          all.slice(0, 100),
        );
      },
    };
  },
};

module.exports = { CASES: { ...WRITE_CASES, ...READ_CASES, ...INCLUDE_CASES }, ROWS, assertUser, keys };
