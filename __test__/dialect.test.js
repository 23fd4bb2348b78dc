const { DataTypes } = require('sequelize');
const { PhantomDBDialect, PhantomDBError } = require('..');

describe('PhantomDBDialect on its own', () => {
  const dialect = new PhantomDBDialect('memory:');
  afterAll(() => dialect.close());

  const code = async (promise) => {
    const error = await promise.then(
      () => new Error('it did not fail'),
      (failure) => failure,
    );
    expect(error).toBeInstanceOf(PhantomDBError);
    return error.code;
  };

  beforeAll(async () => {
    await dialect.createTable('app', 'users', {
      id: { type: 'INTEGER', primaryKey: true, autoIncrement: true },
      name: 'VARCHAR(255)',
      at: { type: DataTypes.DATE, field: 'seen_at' },
      bytes: { type: DataTypes.BLOB },
      big: 'BIGINT',
      doc: DataTypes.JSON,
      share: DataTypes.DOUBLE,
      active: { type: 'BOOLEAN', allowNull: false, defaultValue: true },
      first: { type: 'INTEGER', unique: 'pair' },
      second: { type: 'INTEGER', unique: 'pair' },
    });
    await dialect.createTable('app', 'tasks', {
      id: { type: DataTypes.INTEGER, primaryKey: true },
      title: { type: DataTypes.STRING, defaultValue: "it's" },
      userId: { type: 'INTEGER', references: { model: 'users', key: 'id' }, onDelete: 'cascade' },
    });
  });
  beforeEach(() => dialect.delete('app', 'users', null, { all: true }));

  test('makes, lists and drops databases', async () => {
    await dialect.createDatabase('extra');
    expect(await dialect.listDatabases()).toEqual(expect.arrayContaining(['app', 'extra']));
    expect(await code(dialect.createDatabase('extra'))).toBe('ALREADY_EXISTS');
    await dialect.dropDatabase('extra');
    expect(await code(dialect.dropDatabase('extra'))).toBe('UNKNOWN_DATABASE');
  });

  test('makes, lists, describes and drops tables', async () => {
    expect((await dialect.listTables('app')).map((table) => table.name)).toEqual(['tasks', 'users']);
    const described = await dialect.describeTable('app', 'users');
    expect(described.primaryKey).toEqual(['id']);
    expect(described.columns.map((column) => [column.name, column.type])).toEqual([
      ['id', 'INTEGER'],
      ['name', 'VARCHAR(255)'],
      ['seen_at', 'TIMESTAMP'],
      ['bytes', 'BLOB'],
      ['big', 'BIGINT'],
      ['doc', 'JSON'],
      ['share', 'DOUBLE PRECISION'],
      ['active', 'BOOLEAN'],
      ['first', 'INTEGER'],
      ['second', 'INTEGER'],
    ]);
    expect(await code(dialect.createTable('app', 'users', { id: 'INTEGER' }))).toBe('ALREADY_EXISTS');
    await dialect.createTable('app', 'users', { id: 'INTEGER' }, { ifNotExists: true });
    await dialect.createTable('app', 'gone', { id: 'INTEGER' });
    await dialect.dropTable('app', 'gone');
    expect(await code(dialect.dropTable('app', 'gone'))).toBe('UNKNOWN_TABLE');
    await dialect.dropTable('app', 'gone', { ifExists: true });
  });

  test('lists views with their queries', async () => {
    expect(await dialect.listViews('app')).toEqual([]);
    await dialect.query('app', 'CREATE VIEW seen AS SELECT name FROM users WHERE active');
    const [view] = await dialect.listViews('app');
    expect(view).toEqual({ name: 'seen', query: 'SELECT "name" FROM "users" WHERE "active"' });
    const id = await dialect.beginTransaction('app');
    await dialect.query('app', 'DROP VIEW seen', [], { transaction: id });
    expect(await dialect.listViews('app', { transaction: id })).toEqual([]);
    await dialect.commitTransaction(id);
  });

  test('gives columns their exact types when a query asks for them', async () => {
    await dialect.insert('app', 'users', { name: 'Ann' });
    const sql = 'SELECT name, active, share FROM users WHERE name = $1';
    const plain = await dialect.query('app', sql, ['Ann']);
    expect(plain.columns[0]).toEqual({ name: 'name', type: 'string' });
    const exact = await dialect.query('app', sql, ['Ann'], { exactTypes: true });
    expect(exact.rows).toEqual(plain.rows);
    expect(exact.columns).toEqual([
      { name: 'name', type: 'string', sqlType: 'VARCHAR(255)', nullable: true },
      { name: 'active', type: 'boolean', sqlType: 'BOOLEAN', nullable: false },
      { name: 'share', type: 'float', sqlType: 'DOUBLE PRECISION', nullable: true },
    ]);
    const id = await dialect.beginTransaction('app');
    const update = "UPDATE users SET name = 'Bob' RETURNING name";
    const within = await dialect.query('app', update, [], { exactTypes: true, transaction: id });
    expect(within.columns[0].sqlType).toBe('VARCHAR(255)');
    await dialect.rollbackTransaction(id);
    expect((await dialect.query('app', sql, ['Ann'])).rows).toHaveLength(1);
    const wrong = dialect.query('app', 'SELECT nothing FROM users', [], { exactTypes: true });
    expect(await code(wrong)).toBe('UNKNOWN_COLUMN');
  });

  test('names the attribute that is wrong', async () => {
    await expect(dialect.createTable('app', 'x', { a: {} })).rejects.toThrow("Attribute 'a' has no type.");
    await expect(dialect.createTable('app', 'x', { a: { type: 5 } })).rejects.toThrow(
      "type of attribute 'a' is neither",
    );
    await expect(dialect.createTable('app', 'x', { a: DataTypes.HSTORE })).rejects.toThrow(
      "no type HSTORE of attribute 'a'",
    );
    await expect(dialect.createTable('app', 5, { a: 'TEXT' })).rejects.toThrow('A table is its name');
  });

  test('converts values both ways', async () => {
    const row = {
      name: "it's \\ 😀",
      seen_at: new Date('2026-01-02T03:04:05.006Z'),
      bytes: Buffer.from([0, 1, 255]),
      doc: { a: [1, null] },
      share: 0.1,
      active: false,
    };
    const { inserted, rows } = await dialect.insert('app', 'users', { ...row, big: 2n ** 60n }, { returning: true });
    expect(inserted).toBe(1);
    const expected = { ...row, id: rows[0].id, big: String(2n ** 60n), first: null, second: null };
    expect(rows).toEqual([expected]);
    expect(await dialect.select('app', 'users', { where: { name: row.name, seen_at: row.seen_at } })).toEqual([
      expected,
    ]);
    const result = await dialect.query('app', 'SELECT big, bytes FROM users WHERE seen_at = $1', [row.seen_at]);
    expect(result.rows).toEqual([{ big: expected.big, bytes: row.bytes }]);
    expect(result.columns).toEqual([
      { name: 'big', type: 'integer' },
      { name: 'bytes', type: 'blob' },
    ]);
  });

  test('selects by condition, order, limit and columns', async () => {
    await dialect.insert('app', 'users', [
      { name: 'a', first: 1 },
      { name: 'b', first: 2 },
      { name: 'c', first: null },
    ]);
    const names = async (options) =>
      (await dialect.select('app', 'users', { orderBy: ['name'], ...options })).map((row) => row.name);
    expect(await names({ condition: 'first > 1' })).toEqual(['b']);
    expect(await names({ where: 'first = 1' })).toEqual(['a']);
    expect(await names({ where: { first: null } })).toEqual(['c']);
    expect(await names({ where: { name: ['a', 'c'] } })).toEqual(['a', 'c']);
    expect(await names({ where: {} })).toEqual(['a', 'b', 'c']);
    expect(await names({ orderBy: [['name', 'desc']], limit: 1, offset: 1 })).toEqual(['b']);
    expect(await dialect.select('app', 'users', { columns: ['name'], orderBy: 'name', limit: 1 })).toEqual([
      { name: 'a' },
    ]);
    await expect(dialect.select('app', 'users', { orderBy: [['name', 'up']] })).rejects.toThrow("not 'up'");
    await expect(dialect.select('app', 'users', { where: 5 })).rejects.toThrow('A where is a condition');
  });

  test('an identifier or a value never becomes SQL', async () => {
    await dialect.insert('app', 'users', { name: 'a' });
    expect(await dialect.select('app', 'users', { where: { name: "' OR 1=1 --" } })).toEqual([]);
    expect(await code(dialect.select('app', 'users', { where: { 'name" = "name" --': 'a' } }))).toBe('UNKNOWN_COLUMN');
  });

  test('updates and deletes, everything only when asked to', async () => {
    await dialect.insert('app', 'users', [{ name: 'a' }, { name: 'b' }]);
    expect(await dialect.update('app', 'users', { first: 5, doc: [1] }, { name: 'a' })).toBe(1);
    expect((await dialect.select('app', 'users', { where: { first: 5 } }))[0].doc).toEqual([1]);
    expect(await code(dialect.update('app', 'users', { first: 6 }, {}))).toBe('BAD_REQUEST');
    expect(await dialect.update('app', 'users', { big: 6n }, null, { all: true })).toBe(2);
    expect(await code(dialect.delete('app', 'users', null))).toBe('BAD_REQUEST');
    expect(await dialect.delete('app', 'users', "name = 'a'")).toBe(1);
  });

  test('upserts', async () => {
    await dialect.insert('app', 'users', { name: 'a', first: 1, second: 1 });
    await dialect.insert(
      'app',
      'users',
      { name: 'b', first: 1, second: 1 },
      {
        onConflict: { columns: ['first', 'second'], update: ['name'] },
      },
    );
    expect((await dialect.select('app', 'users')).map((row) => row.name)).toEqual(['b']);
    expect(await code(dialect.insert('app', 'users', { name: 'c', first: 1, second: 1 }))).toBe('UNIQUE_VIOLATION');
  });

  test('transactions see their own rows, and end once', async () => {
    const transaction = await dialect.beginTransaction('app', { isolationLevel: 'SERIALIZABLE' });
    await dialect.insert('app', 'users', { name: 'a' }, { transaction });
    expect(await dialect.select('app', 'users', { transaction })).toHaveLength(1);
    expect(await dialect.select('app', 'users')).toHaveLength(0);
    await dialect.commitTransaction(transaction);
    expect(await dialect.select('app', 'users')).toHaveLength(1);
    expect(await code(dialect.commitTransaction(transaction))).toMatch(/TRANSACTION_EXPIRED|NOT_FOUND/);
    const other = await dialect.beginTransaction('app');
    await dialect.delete('app', 'users', null, { all: true, transaction: other });
    await dialect.rollbackTransaction(other);
    expect(await dialect.select('app', 'users')).toHaveLength(1);
  });

  test('errors say what was at fault, and lead to the caller', async () => {
    const error = await dialect.insert('app', 'users', { nmae: 'x' }).catch((failure) => failure);
    expect(error).toMatchObject({ name: 'PhantomDBError', code: 'UNKNOWN_COLUMN', details: { columns: ['nmae'] } });
    expect(error.stack).toContain('dialect.test.js');
    expect(await code(dialect.query('app', 'SELECT 1 SELECT 2'))).toBe('SYNTAX_ERROR');
    expect((await dialect.query('app', 'SELECT 1 AS a; SELECT 2 AS b')).rows).toEqual([{ b: 2 }]);
  });

  test('createDatabase: false makes nothing on the way', async () => {
    const strict = new PhantomDBDialect('memory:', { createDatabase: false });
    expect(await code(strict.query('nowhere', 'SELECT 1'))).toBe('UNKNOWN_DATABASE');
    await strict.close();
  });

  test('closed, it says so', async () => {
    const closed = new PhantomDBDialect('memory:');
    await closed.close();
    await closed.close();
    await expect(closed.query('x', 'SELECT 1')).rejects.toThrow('was closed; make a new one');
  });
});
