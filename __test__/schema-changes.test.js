'use strict';

// Changes of tables that have rows: as applications make them on the way from one release to the next.

const { DataTypes, Sequelize } = require('sequelize');
const { engines } = require('./helpers/engines.js');

describe.each(engines)('changes of tables with rows, at $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let query;
  const statements = [];

  beforeAll(() => {
    sequelize = engine.connect({ logging: (sql) => statements.push(sql) });
    query = sequelize.getQueryInterface();
  });
  beforeEach(() => statements.splice(0));
  afterEach(async () => {
    await query.dropAllTables();
    sequelize.modelManager.models = [];
    sequelize.models = {};
  });

  const changes = () => statements.filter((sql) => sql.includes('ALTER TABLE'));

  test('a column is added whose default is computed for each row', async () => {
    const Note = sequelize.define('Note', { text: DataTypes.TEXT }, { timestamps: false });
    await Note.sync();
    await Note.bulkCreate([{ text: 'a' }, { text: 'b' }]);
    const added = { allowNull: false };
    await query.addColumn('Notes', 'madeAt', {
      ...added,
      type: DataTypes.DATE,
      defaultValue: Sequelize.literal('CURRENT_TIMESTAMP'),
    });
    await query.addColumn('Notes', 'changedAt', { ...added, type: DataTypes.DATE, defaultValue: Sequelize.fn('now') });
    await query.addColumn('Notes', 'token', {
      ...added,
      type: DataTypes.UUID,
      defaultValue: Sequelize.fn('gen_random_uuid'),
    });
    await query.addColumn('Notes', 'size', {
      ...added,
      type: DataTypes.INTEGER,
      defaultValue: Sequelize.literal('(1 + 2)'),
    });
    const rows = await sequelize.query('SELECT * FROM "Notes" ORDER BY "id"', { type: 'SELECT' });
    expect(rows.map((row) => row.size)).toEqual([3, 3]);
    expect(new Set(rows.map((row) => row.token)).size).toBe(2);
    expect(rows.every((row) => row.madeAt && row.changedAt)).toBe(true);
  });

  test('changeColumn of a key changes its type, and it stays the key that numbers rows', async () => {
    const Item = sequelize.define('Item', { name: DataTypes.TEXT }, { timestamps: false });
    await Item.sync();
    await Item.create({ name: 'a' });
    await query.changeColumn('Items', 'id', { type: DataTypes.BIGINT });
    expect((await query.describeTable('Items')).id).toMatchObject({
      type: 'BIGINT',
      primaryKey: true,
      autoIncrement: true,
    });
    await query.changeColumn('Items', 'id', { type: DataTypes.BIGINT, primaryKey: true, autoIncrement: true });
    await sequelize.query(`INSERT INTO "Items" ("id", "name") VALUES (5000000000, 'big')`);
    expect(await Item.count()).toBe(2);
    await expect(sequelize.query(`INSERT INTO "Items" ("id", "name") VALUES (1, 'again')`)).rejects.toMatchObject({
      name: 'SequelizeUniqueConstraintError',
    });
  });

  /** A model with a column of most types, keys, comments and an index. */
  const wide = () => {
    const Owner = sequelize.define('Owner', { name: DataTypes.TEXT }, { timestamps: false });
    const Wide = sequelize.define(
      'Wide',
      {
        name: { type: DataTypes.STRING(20), allowNull: false, defaultValue: "it's", unique: true, comment: 'a name' },
        kind: { type: DataTypes.ENUM('a', 'b'), defaultValue: 'a' },
        at: { type: DataTypes.DATE, defaultValue: DataTypes.NOW },
        price: { type: DataTypes.DECIMAL(8, 2), defaultValue: 1.5 },
        on: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
        meta: { type: DataTypes.JSON, defaultValue: { a: [1, 2] } },
        bytes: DataTypes.BLOB,
        day: DataTypes.DATEONLY,
        key: { type: DataTypes.UUID, defaultValue: Sequelize.literal('gen_random_uuid()') },
        big: { type: DataTypes.BIGINT, defaultValue: -7 },
        real: DataTypes.DOUBLE,
        ci: DataTypes.CITEXT,
      },
      { indexes: [{ fields: ['kind', { name: 'at', order: 'DESC' }], where: { kind: 'a' } }] },
    );
    Wide.belongsTo(Owner, { foreignKey: 'ownerId', onDelete: 'CASCADE' });
    return { Owner, Wide };
  };

  test('sync({ alter: true }) that changes nothing changes nothing', async () => {
    const { Wide } = wide();
    await sequelize.sync();
    await Wide.create({ name: 'x' });
    const before = [await query.describeTable('Wides'), await query.showIndex('Wides')];
    const constraints = await query.showConstraint('Wides');
    const names = (list) => list.map((constraint) => constraint.constraintName).sort();
    for (const _ of [1, 2, 3]) {
      statements.splice(0);
      await sequelize.sync({ alter: true });
      expect(changes().length).toBeLessThanOrEqual(2);
      expect([await query.describeTable('Wides'), await query.showIndex('Wides')]).toEqual(before);
      expect(names(await query.showConstraint('Wides'))).toEqual(names(constraints));
    }
    expect(await Wide.count()).toBe(1);
  });

  test('sync({ alter: true }) makes all changes of a table at once, or none', async () => {
    const { Wide } = wide();
    await sequelize.sync();
    await Wide.create({ name: 'x' });
    const define = (more) =>
      sequelize.define(
        'Wide',
        {
          name: { type: DataTypes.STRING(40), allowNull: false },
          kind: { type: DataTypes.ENUM('a', 'b', 'c') },
          price: DataTypes.DECIMAL(10, 3),
          size: { type: DataTypes.INTEGER, allowNull: false, defaultValue: 3 },
          ...more,
        },
        { timestamps: false },
      );
    statements.splice(0);
    await expect(
      define({ must: { type: DataTypes.INTEGER, allowNull: false } }).sync({ alter: true }),
    ).rejects.toThrow();
    expect(Object.keys(await query.describeTable('Wides'))).toContain('bytes');
    statements.splice(0);
    await define().sync({ alter: true });
    expect(changes()).toHaveLength(1);
    const described = await query.describeTable('Wides');
    expect(Object.keys(described).sort()).toEqual(['id', 'kind', 'name', 'price', 'size']);
    expect(described.kind.special).toEqual(['a', 'b', 'c']);
    const [row] = await sequelize.query('SELECT * FROM "Wides"', { type: 'SELECT' });
    expect(row).toMatchObject({ name: 'x', kind: 'a', price: '1.500', size: 3 });
  });

  test('models that refer to each other are synced at the same time, in any order', async () => {
    const plain = { timestamps: false };
    const models = {};
    for (const name of ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H']) {
      models[name] = sequelize.define(name, { text: DataTypes.TEXT }, plain);
    }
    const { A, B, C, D, E, F, G, H } = models;
    A.belongsTo(H, { foreignKey: 'hId' });
    for (const model of [B, C, D, E, F, G]) {
      model.belongsTo(H, { foreignKey: 'hId' });
      model.belongsTo(A, { foreignKey: 'aId' });
    }
    // A circle, and a table that refers to itself.
    H.belongsTo(B, { foreignKey: 'bId', constraints: true });
    C.belongsTo(C, { foreignKey: 'cId' });
    await Promise.all(Object.values(models).map((model) => model.sync()));
    for (const model of Object.values(models)) {
      const keys = await query.getForeignKeyReferencesForTable(model.getTableName());
      const expected = { A: 1, C: 3, H: 1 }[model.name] ?? 2;
      expect([model.name, keys.length]).toEqual([model.name, expected]);
    }
    const h = await H.create({});
    const b = await B.create({ hId: h.id });
    await h.update({ bId: b.id });
    await expect(A.create({ hId: 99 })).rejects.toMatchObject({ name: 'SequelizeForeignKeyConstraintError' });
    await expect(h.update({ bId: 99 })).rejects.toMatchObject({ name: 'SequelizeForeignKeyConstraintError' });
  });

  test('a model whose key points to a table that nobody creates is refused', async () => {
    const references = { model: 'Owners', key: 'id' };
    const Pet = sequelize.define('Pet', { ownerId: { type: DataTypes.INTEGER, references } });
    await expect(sequelize.sync()).rejects.toMatchObject({
      name: 'SequelizeDatabaseError',
      parent: { code: 'UNKNOWN_TABLE' },
      message: expect.stringContaining('the column "ownerId" of "Pets" refers to the table "Owners"'),
    });
    expect(await query.tableExists('Pets')).toBe(false);
    // A table that some other program created will do.
    await query.createTable('Owners', { id: { type: DataTypes.INTEGER, primaryKey: true } });
    await Pet.sync();
    expect((await query.describeTable('Pets')).ownerId.references).toEqual(references);
  });

  test('a migration makes a table whose key points to a table that comes later', async () => {
    await query.createTable('pets', {
      id: { type: DataTypes.INTEGER, primaryKey: true, autoIncrement: true },
      ownerId: { type: DataTypes.INTEGER, references: { model: 'people', key: 'id' }, onDelete: 'CASCADE' },
    });
    expect((await query.describeTable('pets')).ownerId.references).toEqual({ model: 'people', key: 'id' });
    await query.createTable('people', { id: { type: DataTypes.INTEGER, primaryKey: true } });
    await sequelize.query('INSERT INTO "people" VALUES (1)');
    await sequelize.query('INSERT INTO "pets" ("ownerId") VALUES (1)');
    await expect(sequelize.query('INSERT INTO "pets" ("ownerId") VALUES (2)')).rejects.toMatchObject({
      name: 'SequelizeForeignKeyConstraintError',
    });
    await sequelize.query('DELETE FROM "people"');
    expect(await sequelize.query('SELECT * FROM "pets"', { type: 'SELECT' })).toEqual([]);
  });

  test('statements of migrations from PostgreSQL work or say what to write', async () => {
    await query.createTable('t', { a: DataTypes.ENUM('x', 'y', 'x'), b: DataTypes.TEXT });
    await sequelize.query('CREATE INDEX CONCURRENTLY IF NOT EXISTS "i" ON "t" ("b")');
    await sequelize.query('ALTER INDEX "i" RENAME TO "j"');
    expect((await query.showIndex('t')).map((index) => index.name)).toEqual(['j']);
    await sequelize.query('DROP INDEX CONCURRENTLY IF EXISTS "j"');
    statements.splice(0);
    await query.addIndex('t', ['b'], { name: 'k', concurrently: true });
    await query.removeIndex('t', 'k', { concurrently: true });
    expect(statements.filter((sql) => sql.includes('INDEX CONCURRENTLY'))).toHaveLength(2);
    expect(await query.showIndex('t')).toEqual([]);
    await sequelize.query('DROP TYPE IF EXISTS "enum_t_a"');
    await expect(sequelize.query(`CREATE TYPE "mood" AS ENUM ('sad')`)).rejects.toThrow(/ENUM\('a', 'b'\)/);
    await sequelize.query(`INSERT INTO "t" VALUES ('x', '7')`);
    await sequelize.query('ALTER TABLE "t" ALTER COLUMN "b" TYPE INTEGER USING ("b"::integer * 100)');
    expect(await sequelize.query('SELECT "b" FROM "t"', { type: 'SELECT' })).toEqual([{ b: 700 }]);
  });

  test('a message names what the caller knows', async () => {
    await query.createTable('line', { nn: DataTypes.TEXT, e: DataTypes.ENUM('x', 'y') });
    await sequelize.query(`INSERT INTO "line" VALUES (NULL, 'x')`);
    const notNull = query.changeColumn('line', 'nn', { type: DataTypes.TEXT, allowNull: false });
    await expect(notNull).rejects.toThrow('"nn" of "line" must not be null');
    const value = sequelize.query(`INSERT INTO "line" VALUES ('a', 'z')`);
    await expect(value).rejects.toThrow(
      `the value 'z' is not one of those that the column "e" allows; it takes 'x', 'y'`,
    );
    const values = query.changeColumn('line', 'e', { type: DataTypes.ENUM('y', 'z') });
    await expect(values).rejects.toThrow(/"e" allows/);
  });
});
