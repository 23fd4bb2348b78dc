'use strict';

// The cases (see cases.js) whose size grows: each is also given the size. `units` is what the time of a call is divided by: it
// stays the same as long as the time grows no worse than in proportion.

const assert = require('node:assert/strict');

const { assertUser, keys, ROWS } = require('./cases');
const { families, users } = require('./data');
const { assertFamilies, numbers } = require('./include-cases');

const FAMILIES = 10;
/** How many calls each caller makes, one after the other, in a call that is measured. */
const CALLS_OF_CALLER = 10;

/** Fills a table by one statement, because a million rows would take too long otherwise. */
function fill({ sequelize, dialect }, count) {
  const isSqlite = !dialect && sequelize.getDialect() === 'sqlite';
  const source = isSqlite
    ? `(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i FROM n) AS n`
    : `generate_series(1, ${count}) AS n (i)`;
  const columns = `i, 'name ' || i, i % 90, i * 0.5, 'city ' || (i % 50)`;
  return sequelize.query(`INSERT INTO "Rows" ("id", "name", "age", "score", "city") SELECT ${columns} FROM ${source}`);
}

const GROWTH_CASES = {
  /** An answer of so many rows of five columns, raw. */
  async rows(world, size) {
    const { DataTypes } = world.module;
    const columns = { name: DataTypes.STRING, age: DataTypes.INTEGER, score: DataTypes.DOUBLE, city: DataTypes.STRING };
    const Row = world.sequelize.define('Row', columns, { timestamps: false });
    await world.sequelize.sync({ force: true });
    await fill(world, size);
    return {
      call: () => Row.findAll({ raw: true }),
      check(rows) {
        assert.equal(rows.length, size);
        for (const row of [rows[0], rows[size - 1]]) {
          const { id } = row;
          assert.deepEqual(row, { id, name: `name ${id}`, age: id % 90, score: id * 0.5, city: `city ${id % 50}` });
        }
      },
    };
  },

  /** 1,000 instances of so many columns. */
  async columns(world, size) {
    const { DataTypes } = world.module;
    // The key is one of the columns.
    const names = Array.from({ length: size - 1 }, (_, i) => `column${i}`);
    const isText = (i) => i % 2 === 0;
    const columns = names.map((name, i) => [name, isText(i) ? DataTypes.STRING : DataTypes.INTEGER]);
    const Row = world.sequelize.define('Row', Object.fromEntries(columns), { timestamps: false });
    await world.sequelize.sync({ force: true });
    const rowOf = (id) => Object.fromEntries(names.map((name, i) => [name, isText(i) ? `text ${id}` : id + i]));
    await Row.bulkCreate(numbers(ROWS).map(rowOf));
    return {
      call: () => Row.findAll(),
      check(rows) {
        assert.equal(rows.length, ROWS);
        const { id, ...values } = rows[ROWS - 1].get();
        assert.deepEqual(values, rowOf(id));
      },
    };
  },

  /** 10 parents with so many children each. */
  async include(world, size) {
    const { Parent, Child } = await families(world, FAMILIES, size);
    return {
      call: () => Parent.findAll({ include: Child }),
      check: (found) => assertFamilies(found, numbers(FAMILIES), FAMILIES, size),
    };
  },

  /** So many callers at once, each of which makes its next call when it has an answer. */
  async callers(world, size) {
    const User = await users(world, ROWS);
    const key = keys(ROWS);
    let noted = [];
    const caller = async () => {
      let last;
      for (let i = 0; i < CALLS_OF_CALLER; i++) {
        const id = key();
        const begin = performance.now();
        const user = await User.findByPk(id);
        noted.push((performance.now() - begin) * 1000);
        last = { user, id };
      }
      return last;
    };
    return {
      call: () => Promise.all(Array.from({ length: size }, caller)),
      check(answers) {
        for (const { user, id } of answers) assertUser(user, id);
      },
      latencies() {
        const times = noted;
        noted = [];
        return times;
      },
    };
  },
};

/** The sizes of each series, and how many units a call has that is of a size. */
const SERIES = {
  rows: { title: 'rows of an answer', sizes: [1_000, 10_000, 100_000, 1_000_000], units: (size) => size },
  columns: { title: 'columns of 1,000 instances', sizes: [5, 10, 20, 50, 100], units: (size) => size },
  include: { title: 'children of each of 10 parents', sizes: [1, 10, 100, 1_000], units: (size) => size },
  callers: { title: 'callers at once', sizes: [1, 4, 16, 64, 256, 1_000], units: (size) => size * CALLS_OF_CALLER },
};

module.exports = { CALLS_OF_CALLER, GROWTH_CASES, SERIES };
