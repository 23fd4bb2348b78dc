'use strict';

// The private members of Sequelize that the shim repeats or bypasses (`sequelize/private-members.js`), in the oldest
// version of Sequelize that is supported, one in between, and the current one.

const { createRequire } = require('node:module');
const path = require('node:path');

const { MEMBERS, SHORTCUTS, checkPrivateMembers } = require('../sequelize/private-members');

const VERSIONS = [
  ['6.28', 'sequelize-6.28'],
  ['6.33', 'sequelize-6.33'],
  ['6.37', 'sequelize'],
];

/**
 * The members of one version of Sequelize as `install.js` finds them, and the messages of its debug log. It is a copy of its
 * own, in which no method has been replaced yet.
 */
function membersOf(name) {
  let members;
  jest.isolateModules(() => {
    members = loadMembers(name);
  });
  return members;
}

function loadMembers(name) {
  const entry = require.resolve(name);
  const requireThere = createRequire(entry);
  const abstract = (file) => require(path.join(path.dirname(entry), 'dialects', 'abstract', file));
  const messages = [];
  const lib = {
    Sequelize: require(name),
    Model: require(name).Model,
    Utils: require(name).Utils,
    InstanceValidator: require(path.join(path.dirname(entry), 'instance-validator.js')).InstanceValidator,
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
    const all = Object.fromEntries(Object.keys(SHORTCUTS).map((shortcut) => [shortcut, true]));
    expect(checkPrivateMembers(lib)).toEqual(all);
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
  const withConstructor = (Class) => {
    class Changed extends Class {
      constructor(...args) {
        super(...args);
        this.isChanged = true;
      }
    }
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
    'retry-as-promised': { retryAsPromised() {} },
    'the constructor of AbstractQuery': { AbstractQuery: withConstructor(lib.AbstractQuery) },
    'the class InstanceValidator': { InstanceValidator: class InstanceValidator {} },
    'the constructor of Model': { Model: withConstructor(lib.Model) },
  };
  /** Methods that are replaced in their place. */
  const replaced = {
    'the methods of Pool': [lib.Pool.prototype, 'release'],
    'the methods of Model that build': [lib.Model, 'bulkBuild'],
    'how Model updates': [lib.Model, 'update'],
    'how Model creates many rows': [lib.Model, 'bulkCreate'],
    'how Model upserts': [lib.Model, 'upsert'],
    'how Model saves': [lib.Model.prototype, 'save'],
    'the counts of Model': [lib.Model, 'count'],
    'the finders of Model': [lib.Model, 'findOne'],
    'what the finders of Model call': [lib.Model, '_injectScope'],
    'the methods of AbstractQuery that build': [lib.AbstractQuery, '_groupJoinData'],
  };

  test.each(Object.keys(MEMBERS))('switches the faster way off and is in the debug log: %s', (name) => {
    const messages = [];
    const logger = { debugContext: (context) => (message) => messages.push(`sequelize:${context} ${message}`) };
    const spy = replaced[name] && jest.spyOn(...replaced[name]);
    try {
      const isOff = (shortcut) => SHORTCUTS[shortcut].members.includes(name);
      const off = Object.keys(SHORTCUTS).filter(isOff);
      const expected = Object.fromEntries(Object.keys(SHORTCUTS).map((shortcut) => [shortcut, !isOff(shortcut)]));
      expect(off.length).toBeGreaterThan(0);
      expect(checkPrivateMembers({ ...lib, logger, ...changed[name] })).toEqual(expected);
      expect(messages).toEqual(off.map(() => expect.stringMatching(/^sequelize:phantomdb .* is off: /)));
      for (const message of messages) expect(message).toContain(`${name} of Sequelize 6.37.`);
    } finally {
      spy?.mockRestore();
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
