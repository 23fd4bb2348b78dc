const { Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines.js');

jest.setTimeout(60_000);

const RUNAWAY = 'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT count(*) FROM c';

const failure = (call) =>
  call.then(
    () => new Error('it did not fail'),
    (error) => error,
  );

describe.each(engines)('limits on $name', ({ start }) => {
  const engine = start();

  test('statementTimeoutMs stops a statement, alone and among others', async () => {
    const dialect = new PhantomDBDialect(engine.url, { statementTimeoutMs: 3000 });
    const sequelize = new Sequelize(engine.database(), null, null, { dialect, logging: false });
    await sequelize.query('SELECT 1');
    const [error, answer] = await Promise.all([
      failure(sequelize.query(RUNAWAY, { type: 'SELECT' })),
      sequelize.query('SELECT 1 AS one', { type: 'SELECT' }),
    ]);
    expect(error).toBeInstanceOf(Sequelize.TimeoutError);
    expect(error).toMatchObject({
      message: expect.stringContaining('statementTimeoutMs'),
      parent: { code: 'STATEMENT_TIMEOUT' },
    });
    expect(answer).toEqual([{ one: 1 }]);
    await sequelize.close();
  });

  test('statementTimeoutMs stops the declaration of a cursor', async () => {
    const dialect = new PhantomDBDialect(engine.url, { statementTimeoutMs: 3000 });
    const sequelize = new Sequelize(engine.database(), null, null, { dialect, logging: false });
    for (const isolationLevel of ['READ COMMITTED', 'REPEATABLE READ']) {
      const transaction = await sequelize.transaction({ isolationLevel });
      const declared = sequelize.query(`DECLARE c CURSOR FOR ${RUNAWAY}`, { transaction });
      const fetched = declared.then(() => sequelize.query('FETCH 1 FROM c', { transaction }));
      expect(await failure(fetched)).toMatchObject({ parent: { code: 'STATEMENT_TIMEOUT' } });
      await transaction.rollback();
    }
    await sequelize.close();
  });
});

test('resultRowsMax and resultBytesMax limit the results of an embedded database', async () => {
  const many = 'SELECT * FROM generate_series(1, 1000)';
  for (const [option, limit] of Object.entries({ resultRowsMax: 100, resultBytesMax: 1000 })) {
    const dialect = new PhantomDBDialect('memory:', { [option]: limit });
    const sequelize = new Sequelize('limits', null, null, { dialect, logging: false });
    expect(await failure(sequelize.query(many))).toMatchObject({
      message: expect.stringContaining(option),
      parent: { code: 'TOO_LARGE' },
    });
    expect(await sequelize.query('SELECT 1 AS one', { type: 'SELECT' })).toEqual([{ one: 1 }]);
    await sequelize.close();
    expect(() => new PhantomDBDialect('memory:', { [option]: 0 })).toThrow(option);
    expect(() => new PhantomDBDialect('http://localhost', { [option]: 5 })).toThrow('start a server with --result-');
  }
});
