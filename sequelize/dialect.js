'use strict';

// The dialect that Sequelize sees: the features of PhantomDB, and the parts that implement them.

const SUPPORTS = {
  DEFAULT: true,
  'DEFAULT VALUES': true,
  'UNION ALL': true,
  'RIGHT JOIN': true,
  'ORDER NULLS': true,
  returnValues: { returning: true },
  bulkDefault: true,
  schemas: true,
  lock: true,
  lockOf: true,
  lockKey: true,
  forShare: 'FOR SHARE',
  skipLocked: true,
  milliseconds: true,
  transactionOptions: { type: true },
  settingIsolationLevelDuringTransaction: false,
  deferrableConstraints: true,
  groupedLimit: true,
  upserts: true,
  inserts: {
    onConflictDoNothing: ' ON CONFLICT DO NOTHING',
    updateOnDuplicate: ' ON CONFLICT DO UPDATE SET',
    conflictFields: true,
    onConflictWhere: true,
  },
  constraints: { addConstraint: true, dropConstraint: true, default: true },
  index: { collate: true, operator: true, using: 2, where: true, functionBased: true },
  JSON: true,
  JSONB: true,
  NUMERIC: true,
  DECIMAL: true,
  escapeStringConstants: true,
};

/** The flags of `base`, overridden by ours. Both are nested one level deep at most. */
function merged(base, ours) {
  const flags = { ...base };
  for (const [name, flag] of Object.entries(ours)) {
    flags[name] = typeof flag === 'object' && flag !== null ? { ...base[name], ...flag } : flag;
  }
  return flags;
}

/** @param {object} lib of a copy of Sequelize; its `parts` are the classes that extend Sequelize's own */
module.exports = (lib) => {
  class PhantomDBSequelizeDialect extends lib.AbstractDialect {
    /**
     * @param {object} sequelize
     * @param {import('../driver/client.js').Client} client of the `PhantomDBDialect` given as `options.dialect`
     */
    constructor(sequelize, client) {
      super();
      lib.timeZone.checkTimezone(sequelize.options.timezone);
      this.sequelize = sequelize;
      this.client = client;
      this.connectionManager = new lib.parts.ConnectionManager(this, sequelize);
      this.queryGenerator = new lib.parts.QueryGenerator({ _dialect: this, sequelize });
      this.queryInterface = new lib.parts.QueryInterface(sequelize, this.queryGenerator);
    }

    /** True when calls travel over HTTP, where a finder is better sent as a find call than as a statement. */
    get isRemote() {
      return this.client.isRemote;
    }
  }

  Object.assign(PhantomDBSequelizeDialect.prototype, {
    supports: merged(lib.AbstractDialect.prototype.supports, SUPPORTS),
    name: lib.DIALECT_NAME,
    defaultVersion: '0.1.0',
    Query: lib.parts.Query,
    DataTypes: lib.DataTypes[lib.DIALECT_NAME],
    TICK_CHAR: '"',
    TICK_CHAR_LEFT: '"',
    TICK_CHAR_RIGHT: '"',
  });
  return PhantomDBSequelizeDialect;
};
