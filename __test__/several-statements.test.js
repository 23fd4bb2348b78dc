// Texts of several statements.

const { engines } = require('./helpers/engines');

describe.each(engines)('several statements in one text on $name', ({ start }) => {
  const engine = start();
  let sequelize;

  beforeEach(async () => {
    sequelize = engine.connect();
    await sequelize.query('CREATE TABLE t (a INTEGER)');
  });

  const values = async (options) => {
    const rows = await sequelize.query('SELECT a FROM t ORDER BY a', { ...options, type: 'SELECT' });
    return rows.map(({ a }) => a);
  };

  test('all run, and the answer is that of the last', async () => {
    const [rows, { affectedRows }] = await sequelize.query(`
      -- a; comment
      CREATE TABLE u (text TEXT);
      INSERT INTO u VALUES ('a;b'), (E'c\\';'), ($$d;$$); /* e; */
      INSERT INTO t VALUES (1);
      SELECT text FROM u ORDER BY text;
    `);
    expect(rows).toEqual([{ text: 'a;b' }, { text: "c';" }, { text: 'd;' }]);
    expect(affectedRows).toBe(0);
    expect(await sequelize.query('SELECT 1 AS x; SELECT 2 AS y', { type: 'SELECT' })).toEqual([{ y: 2 }]);
    const [, write] = await sequelize.query('SELECT 1; INSERT INTO t VALUES (2), (3)');
    expect(write.affectedRows).toBe(2);
    expect(await values()).toEqual([1, 2, 3]);
  });

  test('an error undoes all, and says which statement failed and where', async () => {
    const sql = 'INSERT INTO t VALUES (1);\nCREATE TABLE u (a INTEGER);\nINSERT INTO t SELECT nowhere(1);SELECT 1';
    const { original } = await sequelize.query(sql).catch((error) => error);
    expect(original.message).toMatch(/^statement 3 of 4: .*nowhere/);
    expect(original.details.position).toBe(sql.indexOf('nowhere') + 1);
    expect(await values()).toEqual([]);
    await expect(sequelize.query('SELECT * FROM u')).rejects.toMatchObject({ original: { code: 'UNKNOWN_TABLE' } });
    await expect(sequelize.query("INSERT INTO t VALUES (1); INSERT INTO t VALUES ('x')")).rejects.toThrow(
      /^statement 2 of 2/,
    );
    await expect(sequelize.query('INSERT INTO t VALUES (1); SELEC 1')).rejects.toThrow(/^statement 2 of 2: .*selec/i);
    expect(await values()).toEqual([]);
  });

  test('in a transaction an error undoes them, and the transaction goes on', async () => {
    await sequelize.transaction(async (transaction) => {
      await sequelize.query('INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)', { transaction });
      const failing = "INSERT INTO t VALUES (3); INSERT INTO t VALUES ('x')";
      await expect(sequelize.query(failing, { transaction })).rejects.toThrow('statement 2 of 2');
      expect(await values({ transaction })).toEqual([1, 2]);
    });
    expect(await values()).toEqual([1, 2]);
    const transaction = await sequelize.transaction();
    await sequelize.query('INSERT INTO t VALUES (4); DELETE FROM t WHERE a = 1', { transaction });
    await transaction.rollback();
    expect(await values()).toEqual([1, 2]);
  });

  test('a transaction around all of them is that of the text', async () => {
    await sequelize.query('BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); COMMIT;');
    expect(await values()).toEqual([1, 2]);
    await expect(sequelize.query('INSERT INTO t VALUES (3); COMMIT; INSERT INTO t VALUES (4)')).rejects.toThrow(
      /COMMIT/,
    );
    expect(await values()).toEqual([1, 2]);
  });

  test('replacements are text of the statements, and bind is refused', async () => {
    const sql = 'INSERT INTO t VALUES (:a); SELECT :text AS text';
    const options = { replacements: { a: 5, text: 'x; DROP TABLE t; --' }, type: 'SELECT' };
    expect(await sequelize.query(sql, options)).toEqual([{ text: 'x; DROP TABLE t; --' }]);
    await expect(sequelize.query('INSERT INTO t VALUES ($1); SELECT 1', { bind: [6] })).rejects.toMatchObject({
      message: expect.stringContaining('several statements takes no parameters'),
      original: { code: 'BAD_REQUEST' },
    });
    expect(await values()).toEqual([5]);
  });
});
