const net = require('node:net');

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect, PhantomDBError } = require('..');
const { engines } = require('./helpers/engines.js');

const failed = (promise) =>
  promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );

describe.each(engines)('errors at $name are those of Sequelize', ({ start }) => {
  const engine = start();
  let sequelize;
  let User;
  let Task;

  beforeAll(async () => {
    sequelize = engine.connect();
    User = sequelize.define('User', {
      name: { type: DataTypes.STRING, unique: { name: 'one_name', msg: 'This name is taken.' } },
      email: { type: DataTypes.STRING, unique: true, field: 'e_mail' },
      age: { type: DataTypes.INTEGER },
    });
    Task = sequelize.define('Task', { title: { type: DataTypes.STRING(5), allowNull: false } });
    User.hasMany(Task, { foreignKey: 'userId', onDelete: 'RESTRICT' });
    await sequelize.sync({ force: true });
    await User.create({ name: 'John', email: 'john@example.com' });
    await Task.create({ title: 'a', userId: 1 });
  });

  test('a unique violation names fields, values, items and the message of the key', async () => {
    const error = await failed(User.create({ name: 'John' }));
    expect(error).toBeInstanceOf(Sequelize.UniqueConstraintError);
    expect(error.message).toBe('This name is taken.');
    expect(error.fields).toEqual({ name: 'John' });
    expect(error.errors).toHaveLength(1);
    expect(error.errors[0]).toBeInstanceOf(Sequelize.ValidationErrorItem);
    expect(error.errors[0]).toMatchObject({
      message: 'This name is taken.',
      type: 'unique violation',
      path: 'name',
      value: 'John',
      validatorKey: 'not_unique',
      origin: 'DB',
    });
    expect(error.parent).toBeInstanceOf(PhantomDBError);
    expect(error.original.code).toBe('UNIQUE_VIOLATION');
    expect(error.parent.details.table).toBe('Users');
    expect(error.sql).toMatch(/^INSERT INTO "Users"/);
    expect(error.parent.parameters).toContain('John');
  });

  test('a unique violation of a field with another name than its attribute has the value of the attribute', async () => {
    const error = await failed(User.create({ name: 'Jane', email: 'john@example.com' }));
    expect(error.fields).toEqual({ e_mail: 'john@example.com' });
    expect(error.errors[0]).toMatchObject({ message: 'e_mail must be unique', path: 'e_mail' });
  });

  test('a foreign key violation names table, fields and side', async () => {
    const child = await failed(Task.create({ title: 'b', userId: 99 }));
    expect(child).toBeInstanceOf(Sequelize.ForeignKeyConstraintError);
    expect(child).toMatchObject({ reltype: 'child', parent: { code: 'FOREIGN_KEY_VIOLATION' } });
    const parent = await failed(User.destroy({ where: { id: 1 } }));
    expect(parent).toBeInstanceOf(Sequelize.ForeignKeyConstraintError);
    expect(parent.reltype).toBe('parent');
  });

  test('a not-null violation, a value that does not fit and an unknown table are database errors with a code', async () => {
    const insert = 'INSERT INTO "Tasks" ("title","createdAt","updatedAt") VALUES ($1,$2,$2)';
    const values = (title) => sequelize.query(insert, { bind: [title, new Date()] });
    const none = await failed(values(null));
    expect(none).toBeInstanceOf(Sequelize.DatabaseError);
    expect(none.parent).toMatchObject({ code: 'NOT_NULL_VIOLATION', details: { table: 'Tasks', columns: ['title'] } });
    expect((await failed(values('too long'))).parent.code).toBe('OUT_OF_RANGE');
    expect((await failed(sequelize.query('SELECT * FROM nowhere'))).parent.code).toBe('UNKNOWN_TABLE');
    expect((await failed(User.create({ age: 2 ** 31 }))).parent.code).toBe('OUT_OF_RANGE');
    const syntax = await failed(sequelize.query('SELEC 1', { bind: [] }));
    expect(syntax).toBeInstanceOf(Sequelize.DatabaseError);
    expect(syntax).toMatchObject({ sql: 'SELEC 1', original: { code: 'SYNTAX_ERROR' } });
  });

  test('the stack leads to the caller and begins with the message', async () => {
    async function theCaller() {
      await User.create({ name: 'John' });
    }
    const { stack } = await failed(theCaller());
    expect(stack).toMatch(/^SequelizeUniqueConstraintError: This name is taken\./);
    expect(stack).toContain('theCaller');
    expect(stack).toContain('errors.test.js');
  });

  test('rawErrors gives the error of the database itself', async () => {
    const error = await failed(sequelize.query('SELECT * FROM nowhere', { rawErrors: true }));
    expect(error).toBeInstanceOf(PhantomDBError);
    expect(error.name).toBe('PhantomDBError');
  });
});

describe('errors of the connection', () => {
  const authenticate = async (url) => {
    const dialect = new PhantomDBDialect(url, { retries: 0, connectTimeoutMs: 500 });
    const unreachable = new Sequelize('errors', null, null, { dialect, logging: false });
    try {
      return await failed(unreachable.authenticate());
    } finally {
      await unreachable.close();
    }
  };

  test('a server that is down refuses', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const error = await authenticate(`http://127.0.0.1:${port}`);
    expect(error).toBeInstanceOf(Sequelize.ConnectionRefusedError);
    expect(error.message).toContain(`http://127.0.0.1:${port}`);
  });

  test('a host that is not there is not found', async () => {
    const error = await authenticate('http://nowhere.invalid:8080');
    expect(error).toBeInstanceOf(Sequelize.ConnectionError);
    expect(error.name).toMatch(/HostNotFound|HostNotReachable/);
  });
});

describe.each(engines)('transactions at $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Thing;
  beforeAll(() => {
    sequelize = engine.connect();
    Thing = sequelize.define('Thing', { name: DataTypes.STRING });
  });
  beforeEach(() => sequelize.sync({ force: true }));

  test('commit keeps, rollback and a thrown error do not', async () => {
    await sequelize.transaction(async (transaction) => {
      await Thing.create({ name: 'kept' }, { transaction });
    });
    const transaction = await sequelize.transaction();
    await Thing.create({ name: 'rolled back' }, { transaction });
    expect(await Thing.count({ transaction })).toBe(2);
    expect(await Thing.count()).toBe(1);
    await transaction.rollback();
    await expect(transaction.commit()).rejects.toThrow('it has been finished with state: rollback');
    const thrown = sequelize.transaction(async (inner) => {
      await Thing.create({ name: 'thrown' }, { transaction: inner });
      throw new Error('no');
    });
    await expect(thrown).rejects.toThrow('no');
    expect((await Thing.findAll()).map((thing) => thing.name)).toEqual(['kept']);
  });

  test('a nested one is a savepoint', async () => {
    await sequelize.transaction(async (transaction) => {
      await Thing.create({ name: 'outer' }, { transaction });
      const nested = sequelize.transaction({ transaction }, async (inner) => {
        await Thing.create({ name: 'inner' }, { transaction: inner });
        throw new Error('no');
      });
      await expect(nested).rejects.toThrow('no');
    });
    expect((await Thing.findAll()).map((thing) => thing.name)).toEqual(['outer']);
  });

  test('a read-only one refuses writes, and a level that does not exist is refused', async () => {
    const readOnly = sequelize.transaction({ readOnly: true }, (transaction) =>
      Thing.create({ name: 'x' }, { transaction }),
    );
    await expect(readOnly).rejects.toThrow(Sequelize.DatabaseError);
    await expect(sequelize.transaction({ isolationLevel: 'LOOSE' })).rejects.toThrow(/LOOSE/);
    const { SERIALIZABLE } = Sequelize.Transaction.ISOLATION_LEVELS;
    await sequelize.transaction({ isolationLevel: SERIALIZABLE, type: 'IMMEDIATE' }, (transaction) =>
      Thing.create({ name: 'y' }, { transaction }),
    );
    expect(await Thing.count()).toBe(1);
  });

  test('its statements are logged with its id', async () => {
    const logged = [];
    const logging = (text) => logged.push(text);
    await sequelize.transaction({ logging }, (transaction) => Thing.count({ transaction, logging }));
    const id = /^Executing \(([0-9a-f-]{36})\): START TRANSACTION;$/.exec(logged[0])[1];
    expect(logged.every((text) => text.includes(id))).toBe(true);
    expect(logged.at(-1)).toContain('COMMIT');
  });
});
