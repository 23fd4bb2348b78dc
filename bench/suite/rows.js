'use strict';

// The rows of the benchmark: which case each measures (cases.js, include-cases.js), and how many times as fast as its peer
// PhantomDB is to be in each column (contestants.js).

const { README_CONTESTANTS } = require('./contestants');

const targets = (memory, file, http, postgres) => ({ memory, file, http, postgres });

/** `only` names the contestants of a row that not all of them take part in. */
const ROWS = {
  create: { targets: targets(5, 3, 2, 1) },
  'create by 64 callers': { targets: {} },
  update: { targets: targets(6, 3, 2, 1) },
  'bulkCreate of 10,000 rows of 9 columns': { targets: targets(4, 4, 4, 2) },
  findByPk: { targets: targets(10, 5, 2, 1) },
  'findByPk by 64 callers': { targets: targets(8, 5, 4, 3) },
  'findAll of 1,000 rows, raw': { targets: targets(3, 3, 3, 2) },
  'findAll of 1,000 rows': { targets: targets(4, 4, 3, 2) },
  'include hasMany, 100 with 10 each': { targets: targets(5, 5, 4, 3) },
  'include of three levels': { targets: targets(5, 5, 4, 3) },
  'transaction of create and update': { targets: targets(5, 3, 2, 1) },
  'sync({ force: true }) of 20 models': { targets: targets(2, 2, 5, 1) },
  upsert: { targets: targets(5, 3, 2, 1) },
  'findAndCountAll with include and limit': { targets: targets(3, 3, 2, 1.5) },
  findOrCreate: { targets: targets(4, 3, 2, 1) },
  'count of 10,000 rows': { targets: {} },
  'a large where over 10,000 rows': { targets: {} },
  'back to 10 tables of 20 rows': { targets: {}, only: README_CONTESTANTS },
};

/** The rows of the table of targets. */
const TARGET_ROWS = Object.keys(ROWS).filter((name) => !ROWS[name].only);

module.exports = { ROWS, TARGET_ROWS };
