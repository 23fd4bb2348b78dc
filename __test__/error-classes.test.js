const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect, PhantomDBError } = require('..');
const { engines, startServer } = require('./helpers/engines.js');

jest.setTimeout(60_000);

/** The error that a call is rejected with, after a look at what every error must have. */
async function failure(call) {
  const error = await call().then(
    () => new Error('it did not fail'),
    (thrown) => thrown,
  );
  // The stack begins with the error itself and leads to the test that called.
  expect(error.stack.split('\n')[0]).toContain(error.message.split('\n')[0]);
  expect(error.stack).toContain('error-classes.test.js');
  return error;
}

function expectDatabaseError(error, Class, code) {
  expect(error).toBeInstanceOf(Class);
  expect(error).toMatchObject({ name: new Class({ parent: {} }).name, parent: { code }, original: error.parent });
  expect(error.parent).toBeInstanceOf(PhantomDBError);
  expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
  expect(error.sql).toBe(error.parent.sql);
  expect(error.parameters).toEqual(error.parent.parameters);
}

describe.each(engines)('errors at $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let User;
  let Task;
  beforeAll(async () => {
    sequelize = engine.connect();
    User = sequelize.define(
      'User',
      {
        id: { type: DataTypes.INTEGER, primaryKey: true },
        name: { type: DataTypes.STRING, unique: { name: 'one_name', msg: 'This name is taken.' } },
        first: { type: DataTypes.INTEGER, unique: { name: 'pair', msg: 'This pair is taken.' } },
        second: { type: DataTypes.INTEGER, unique: 'pair' },
        age: { type: DataTypes.INTEGER },
      },
      { version: true, timestamps: false },
    );
    Task = sequelize.define('Task', { title: { type: DataTypes.STRING(5) } }, { timestamps: false });
    User.hasMany(Task, { foreignKey: 'userId', onDelete: 'RESTRICT', onUpdate: 'RESTRICT' });
    await sequelize.sync();
    await User.create({ id: 1, name: 'John', first: 1, second: 2 });
    await Task.create({ title: 'a', userId: 1 });
  });

  test('UniqueConstraintError has fields, items and the message of the key', async () => {
    const one = await failure(() => User.create({ id: 2, name: 'John' }));
    expectDatabaseError(one, Sequelize.UniqueConstraintError, 'UNIQUE_VIOLATION');
    expect(one).toMatchObject({ message: 'This name is taken.', fields: { name: 'John' } });
    const pair = await failure(() => User.create({ id: 2, first: 1, second: 2 }));
    expect(pair).toMatchObject({ message: 'This pair is taken.', fields: { first: 1, second: 2 } });
    expect(pair.errors.map(({ path, value, type }) => [path, value, type])).toEqual([
      ['first', 1, 'unique violation'],
      ['second', 2, 'unique violation'],
    ]);
    expect(pair.errors.every((item) => item instanceof Sequelize.ValidationErrorItem)).toBe(true);
    expect(pair.sql).toMatch(/^INSERT INTO "Users"/);
    expect(pair.parameters).toEqual(expect.arrayContaining([1, 2]));
    const bulk = await failure(() =>
      User.update({ name: 'John' }, { where: { id: 1 } }).then(() =>
        User.bulkCreate([
          { id: 3, name: 'Jane' },
          { id: 4, name: 'John' },
        ]),
      ),
    );
    expect(bulk).toMatchObject({ errors: [{ path: 'name', message: 'This name is taken.' }] });
    expect(await User.count()).toBe(1);
  });

  test('ForeignKeyConstraintError has table, fields, value, index and side', async () => {
    const child = await failure(() => Task.create({ title: 'b', userId: 99 }));
    expectDatabaseError(child, Sequelize.ForeignKeyConstraintError, 'FOREIGN_KEY_VIOLATION');
    const key = { table: 'Tasks', fields: ['userId'], index: 'Tasks_userId_fkey' };
    expect(child).toMatchObject({ ...key, value: 99, reltype: 'child' });
    for (const [call, reltype] of [
      [() => Task.update({ userId: 99 }, { where: { id: 1 } }), 'child'],
      [() => sequelize.query('INSERT INTO "Tasks" ("userId") VALUES (99)'), 'child'],
      [() => User.destroy({ where: { id: 1 } }), 'parent'],
      [() => sequelize.query('DELETE FROM "Users"'), 'parent'],
      [() => User.update({ id: 7 }, { where: { id: 1 } }), 'parent'],
      [() => sequelize.query('UPDATE "Users" SET "id" = 7'), 'parent'],
    ]) {
      expect(await failure(call)).toMatchObject({ ...key, reltype });
    }
    expect(await failure(() => User.truncate())).toMatchObject({ table: 'Users', reltype: 'parent' });
  });

  test('ForeignKeyConstraintError has the side of a key within one table', async () => {
    const Node = sequelize.define('Node', { id: { type: DataTypes.INTEGER, primaryKey: true } }, { timestamps: false });
    Node.hasMany(Node, { foreignKey: 'parentId', onDelete: 'RESTRICT' });
    await Node.sync();
    await Node.bulkCreate([{ id: 1 }, { id: 2, parentId: 1 }]);
    const insert = await failure(() => Node.create({ id: 3, parentId: 99 }));
    expect(insert).toMatchObject({ table: 'Nodes', fields: ['parentId'], reltype: 'child' });
    const update = await failure(() => Node.update({ parentId: 99 }, { where: { id: 2 } }));
    expect(update).toMatchObject({ table: 'Nodes', fields: ['parentId'], reltype: 'child' });
    const remove = await failure(() => Node.destroy({ where: { id: 1 } }));
    expect(remove).toMatchObject({ table: 'Nodes', fields: ['parentId'], reltype: 'parent' });
  });

  test('UnknownConstraintError has constraint and table', async () => {
    const error = await failure(() => sequelize.getQueryInterface().removeConstraint('Users', 'none'));
    expect(error).toBeInstanceOf(Sequelize.UnknownConstraintError);
    expect(error).toMatchObject({ constraint: 'none', table: 'Users', parent: { code: 'UNKNOWN_CONSTRAINT' } });
  });

  test('DatabaseError has the statement, its parameters and the code', async () => {
    for (const [sql, bind, code] of [
      ['SELECT * FROM "nowhere" WHERE "a" = $1', [1], 'UNKNOWN_TABLE'],
      ['SELECT "none" FROM "Users" WHERE "id" = $1', [1], 'UNKNOWN_COLUMN'],
      ['SELEC $1', ['x'], 'SYNTAX_ERROR'],
      ['INSERT INTO "Tasks" ("title") VALUES ($1)', ['too long'], 'OUT_OF_RANGE'],
      ['UPDATE "Users" SET "age" = $1', ['x'], 'TYPE_MISMATCH'],
    ]) {
      const error = await failure(() => sequelize.query(sql, { bind }));
      expectDatabaseError(error, Sequelize.DatabaseError, code);
      expect(error).toMatchObject({ sql, parameters: bind });
    }
  });

  test('OptimisticLockError and EmptyResultError are those of Sequelize', async () => {
    const [one, other] = [await User.findByPk(1), await User.findByPk(1)];
    await one.update({ age: 5 });
    expect(await failure(() => other.update({ age: 6 }))).toBeInstanceOf(Sequelize.OptimisticLockError);
    expect(await failure(() => User.findByPk(99, { rejectOnEmpty: true }))).toBeInstanceOf(Sequelize.EmptyResultError);
  });

  test('ConnectionError is what a closed dialect answers', async () => {
    const dialect = new PhantomDBDialect(engine.url);
    const closed = new Sequelize('closed', null, null, { dialect, logging: false });
    await closed.authenticate();
    await dialect.close();
    expect(await failure(() => closed.authenticate())).toBeInstanceOf(Sequelize.ConnectionError);
    await closed.close();
  });
});

test('TimeoutError is what a write gets that waited too long for the lock', async () => {
  const dialect = new PhantomDBDialect('memory:', { lockIdleTimeoutMs: 60_000 });
  const sequelize = new Sequelize('locks', null, null, { dialect, logging: false });
  await sequelize.query('CREATE TABLE t (a INTEGER)');
  const transaction = await sequelize.transaction();
  await sequelize.query('INSERT INTO t (a) VALUES (1)', { transaction });
  const error = await failure(() => sequelize.query('INSERT INTO t (a) VALUES (2)'));
  expectDatabaseError(error, Sequelize.TimeoutError, 'LOCK_TIMEOUT');
  await transaction.commit();
  expect(await sequelize.query('SELECT a FROM t', { type: 'SELECT' })).toEqual([{ a: 1 }]);
  await sequelize.close();
});

test('a transaction that holds the lock and does nothing gives way after lockIdleTimeoutMs', async () => {
  const dialect = new PhantomDBDialect('memory:', { lockIdleTimeoutMs: 200 });
  const sequelize = new Sequelize('locks', null, null, { dialect, logging: false });
  await sequelize.query('CREATE TABLE t (a INTEGER)');
  const transaction = await sequelize.transaction();
  await sequelize.query('INSERT INTO t (a) VALUES (1)', { transaction });
  const begun = performance.now();
  await sequelize.query('INSERT INTO t (a) VALUES (2)');
  expect(performance.now() - begun).toBeLessThan(4_500);
  expect(await failure(() => sequelize.query('SELECT 1', { transaction }))).toMatchObject({
    message: expect.stringContaining('pass the transaction to each query of it'),
    parent: { code: 'TRANSACTION_EXPIRED' },
  });
  await transaction.rollback();
  await sequelize.close();
  expect(() => new PhantomDBDialect('memory:', { lockIdleTimeoutMs: 0 })).toThrow('lockIdleTimeoutMs');
  expect(() => new PhantomDBDialect('http://localhost', { lockIdleTimeoutMs: 5 })).toThrow('--lock-idle-timeout');
});

describe('errors of the connection', () => {
  const QUICK = { retries: 0, connectTimeoutMs: 500, requestTimeoutMs: 700 };

  async function authenticate(url, dialectOptions = QUICK, options = {}) {
    const dialect = new PhantomDBDialect(url, dialectOptions);
    const sequelize = new Sequelize('errors', null, null, { dialect, logging: false, ...options });
    try {
      return await failure(() => sequelize.authenticate());
    } finally {
      await sequelize.close();
    }
  }

  /** What a server on a free port does with each connection, while `work` runs. */
  async function withServer(server, work) {
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await work(`http://127.0.0.1:${server.address().port}`);
    } finally {
      server.closeAllConnections?.();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  function expectConnectionError(error, Class) {
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ name: new Class({}).name, original: { code: expect.any(String) } });
    expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
  }

  test('ConnectionRefusedError: nobody listens', async () => {
    const url = await withServer(net.createServer(), async (free) => free);
    const error = await authenticate(url);
    expectConnectionError(error, Sequelize.ConnectionRefusedError);
    expect(error.message).toContain(url);
  });

  test('HostNotFoundError: the name has no address', async () => {
    expectConnectionError(await authenticate('http://nowhere.invalid:8080'), Sequelize.HostNotFoundError);
  });

  test('HostNotReachableError: there is no way to the address', async () => {
    // No connection can be made to an address that stands for many hosts.
    expectConnectionError(await authenticate('http://224.0.0.1:8080'), Sequelize.HostNotReachableError);
  });

  test('ConnectionTimedOutError: no answer comes in time', async () => {
    const sockets = [];
    const silent = net.createServer((socket) => sockets.push(socket));
    const error = await withServer(silent, async (url) => {
      const timedOut = await authenticate(url);
      for (const socket of sockets) socket.destroy();
      return timedOut;
    });
    expectConnectionError(error, Sequelize.ConnectionTimedOutError);
    expect(error.message).toContain('700 ms');
  });

  test('ConnectionError: the connection is closed before the answer', async () => {
    const error = await withServer(
      net.createServer((socket) => socket.on('data', () => socket.destroy())),
      authenticate,
    );
    expectConnectionError(error, Sequelize.ConnectionError);
    expect(error.message).toContain('closed the connection before it answered');
  });

  test('AccessDeniedError: the token is wrong, or native SQL is forbidden', async () => {
    const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-token-')), 'token');
    fs.writeFileSync(file, 'the-right-token-1\n');
    const server = await startServer('--no-native', '--token-file', file);
    try {
      expectConnectionError(await authenticate(server.url, { token: 'wrong' }), Sequelize.AccessDeniedError);
      expectConnectionError(await authenticate(server.url, {}), Sequelize.AccessDeniedError);
      const dialect = new PhantomDBDialect(server.url, { token: 'the-right-token-1' });
      const sequelize = new Sequelize('errors', null, null, { dialect, logging: false });
      await sequelize.authenticate();
      const forbidden = await failure(() => sequelize.query('SELECT 1', { native: true }));
      expectConnectionError(forbidden, Sequelize.AccessDeniedError);
      expect(forbidden.original.code).toBe('FORBIDDEN');
      await sequelize.close();
    } finally {
      await server.stop();
      fs.rmSync(path.dirname(file), { recursive: true });
    }
  });

  test('InvalidConnectionError: the URL of a replica is none', async () => {
    const replication = { read: [{ url: 'http://host:99999' }], write: {} };
    const error = await authenticate('memory:', {}, { replication });
    expect(error).toBeInstanceOf(Sequelize.InvalidConnectionError);
    expect(error.message).toContain('the URL cannot be read');
    expect(() => new PhantomDBDialect('http://user:secret@host')).toThrow('must not hold credentials');
  });

  test('ExclusionConstraintError: what a server says whose engine has such constraints', async () => {
    const details = { table: 'Bookings', columns: ['during'], constraint: 'no_overlap' };
    const body = JSON.stringify({ code: 'EXCLUSION_VIOLATION', message: 'overlaps', details, requestId: 'r-1' });
    const server = http.createServer((request, response) => {
      request.resume();
      response.writeHead(409, { 'content-type': 'application/json' }).end(body);
    });
    const error = await withServer(server, authenticate);
    expect(error).toBeInstanceOf(Sequelize.ExclusionConstraintError);
    expect(error).toMatchObject({
      message: 'overlaps',
      table: 'Bookings',
      fields: ['during'],
      constraint: 'no_overlap',
      requestId: 'r-1',
      sql: expect.stringMatching(/^SELECT/),
    });
  });
});
