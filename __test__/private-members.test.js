'use strict';

// The private members of Sequelize that the shim repeats or bypasses (`sequelize/private-members.js`), in the oldest
// version of Sequelize that is supported, one in between, and the current one.

const { createRequire } = require('node:module');
const path = require('node:path');

const { MEMBERS, checkPrivateMembers } = require('../sequelize/private-members');

const VERSIONS = [
  ['6.28', 'sequelize-6.28'],
  ['6.33', 'sequelize-6.33'],
  ['6.37', 'sequelize'],
];

/** The members of one version of Sequelize as `install.js` finds them, and the messages of its debug log. */
function membersOf(name) {
  const entry = require.resolve(name);
  const requireThere = createRequire(entry);
  const abstract = (file) => require(path.join(path.dirname(entry), 'dialects', 'abstract', file));
  const messages = [];
  const lib = {
    Sequelize: require(name),
    AbstractConnectionManager: abstract('connection-manager.js').ConnectionManager,
    AbstractQuery: abstract('query.js').AbstractQuery,
    Pool: requireThere('sequelize-pool').Pool,
    retryAsPromised: requireThere('retry-as-promised').default,
    logger: { debugContext: (context) => (message) => messages.push(`${context}: ${message}`) },
  };
  return { lib, messages };
}

describe.each(VERSIONS)('Sequelize %s', (version, name) => {
  test('has every private member as it is known', () => {
    const { lib, messages } = membersOf(name);
    expect(lib.Sequelize.version.startsWith(`${version}.`)).toBe(true);
    expect(checkPrivateMembers(lib)).toEqual({ canQueryDirectly: true, canSkipConstructor: true });
    expect(messages).toEqual([]);
  });

  test('runs the statements of the generator directly', async () => {
    const { DataTypes, Sequelize } = require(name);
    const { PhantomDBDialect } = require('..');
    const dialect = new PhantomDBDialect('memory:');
    PhantomDBDialect.use(Sequelize);
    const sequelize = new Sequelize('direct', null, null, { dialect, logging: false });
    const User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
    await User.sync();
    const query = jest.spyOn(Object.getPrototypeOf(sequelize.connectionManager.pool), 'acquire');
    try {
      const user = await User.create({ name: 'Ada' });
      await user.update({ name: 'Grace' });
      await expect(User.create({ id: user.id, name: 'Alan' })).rejects.toThrow(Sequelize.UniqueConstraintError);
      expect((await User.findByPk(user.id)).name).toBe('Grace');
      await user.destroy();
      expect(await User.count()).toBe(0);
      expect(query).not.toHaveBeenCalled();
      expect(sequelize.connectionManager.pool).toMatchObject({ using: 0, waiting: 0 });
    } finally {
      query.mockRestore();
      await sequelize.close();
    }
  });
});

describe('a private member that is not as it is known', () => {
  const { lib } = membersOf('sequelize');
  const withPrototype = (Class, methods) => {
    const Changed = class extends Class {};
    Object.assign(Changed.prototype, methods);
    return Changed;
  };
  const changed = {
    'Sequelize.query': { Sequelize: withPrototype(lib.Sequelize, { query() {} }) },
    'Sequelize.runHooks': { Sequelize: withPrototype(lib.Sequelize, { runHooks() {} }) },
    'ConnectionManager.getConnection': {
      AbstractConnectionManager: withPrototype(lib.AbstractConnectionManager, { getConnection() {} }),
    },
    'ConnectionManager.releaseConnection': {
      AbstractConnectionManager: withPrototype(lib.AbstractConnectionManager, { releaseConnection() {} }),
    },
    'the class Pool of sequelize-pool': { Pool: class Pool {} },
    'the methods of Pool': { Pool: lib.Pool },
    'retry-as-promised': { retryAsPromised() {} },
    'the constructor of AbstractQuery': { AbstractQuery: class AbstractQuery {} },
  };

  test.each(Object.keys(MEMBERS))('switches the faster way off and is in the debug log: %s', (name) => {
    const messages = [];
    const logger = { debugContext: (context) => (message) => messages.push(`sequelize:${context} ${message}`) };
    const { release } = lib.Pool.prototype;
    if (name === 'the methods of Pool') lib.Pool.prototype.release = function watched() {};
    try {
      const result = checkPrivateMembers({ ...lib, logger, ...changed[name] });
      const isOfQuery = name === 'the constructor of AbstractQuery';
      expect(result).toEqual({ canQueryDirectly: isOfQuery, canSkipConstructor: !isOfQuery });
      expect(messages).toEqual([expect.stringMatching(/^sequelize:phantomdb .* is off: /)]);
      expect(messages[0]).toContain(`${name} of Sequelize 6.37.`);
    } finally {
      lib.Pool.prototype.release = release;
    }
  });

  test('leaves statements to Sequelize itself', async () => {
    const calls = [];
    await jest.isolateModulesAsync(async () => {
      const { Pool } = createRequire(require.resolve('sequelize'))('sequelize-pool');
      const { acquire } = Pool.prototype;
      Pool.prototype.acquire = function watched(...args) {
        calls.push('acquire');
        return acquire.apply(this, args);
      };
      const { DataTypes, Sequelize } = require('sequelize');
      const { PhantomDBDialect } = require('..');
      const dialect = new PhantomDBDialect('memory:');
      const sequelize = new Sequelize('indirect', null, null, { dialect, logging: false });
      const User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
      await User.sync();
      calls.length = 0;
      await User.create({ name: 'Ada' });
      expect((await User.findByPk(1)).name).toBe('Ada');
      await sequelize.close();
      Pool.prototype.acquire = acquire;
    });
    expect(calls).toEqual(['acquire', 'acquire']);
  });
});
