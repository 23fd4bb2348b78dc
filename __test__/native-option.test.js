// The option `native` of the dialect: an application's own statements are in the SQL of the engine.

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines');

/** Statements that only the engine reads, by its name. */
const OWN = {
  sqlite: {
    setup: [
      'CREATE TRIGGER shout AFTER INSERT ON `things` BEGIN UPDATE things SET text = upper(text) WHERE id = new.id; END',
      'REINDEX',
    ],
    select: 'SELECT `id`, [text], $2 AS b, $1 AS a FROM `things` WHERE `text` GLOB $1',
    values: ['A*', 2],
    answer: [{ id: 1, text: 'ANN', a: 'A*', b: 2 }],
    fails: ['PRAGMA table_info(things)', 'REINDEX', "SELECT 1 WHERE 'a' GLOB 'b'", 'SELECT * FROM [things]'],
  },
  postgres: {
    setup: [
      `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $body$
         BEGIN new.text := upper(new.text); RETURN new; END $body$`,
      'CREATE TRIGGER shout BEFORE INSERT ON things FOR EACH ROW EXECUTE FUNCTION shout()',
    ],
    select:
      'SELECT DISTINCT ON (id) id, text, $2::int AS b, $1 AS a FROM "things" WHERE text SIMILAR TO $1 ORDER BY id',
    values: ['A%', 2],
    answer: [{ id: 1, text: 'ANN', a: 'A%', b: 2 }],
    fails: ['REINDEX TABLE things', 'CREATE TRIGGER x BEFORE INSERT ON things EXECUTE FUNCTION y()'],
  },
};

describe.each(engines)('the option native on $name', ({ name, start }) => {
  const engine = start();
  const own = OWN[name === 'PostgreSQL' ? 'postgres' : 'sqlite'];
  const opened = [];

  function connect(options) {
    const dialect = new PhantomDBDialect(engine.url, options);
    const sequelize = new Sequelize(engine.database(), null, null, { dialect, logging: false });
    opened.push(sequelize);
    const define = { timestamps: false, tableName: 'things' };
    return { sequelize, Thing: sequelize.define('Thing', { text: DataTypes.STRING, at: DataTypes.DATE }, define) };
  }

  afterEach(() => Promise.all(opened.splice(0).map((sequelize) => sequelize.close())));

  test('sends raw statements to the engine, and all else as ever', async () => {
    const { sequelize, Thing } = connect({ native: true });
    await sequelize.authenticate();
    await Thing.sync({ force: true });
    for (const sql of own.setup) await sequelize.query(sql);
    const at = new Date('2026-01-02T03:04:05.006Z');
    const thing = await Thing.create({ text: 'ann', at });
    await thing.reload();
    expect(thing).toMatchObject({ text: 'ANN', at });
    const { select, values, answer } = own;
    expect(await sequelize.query(select, { bind: values, type: 'SELECT' })).toEqual(answer);
    const insert = 'INSERT INTO things (text, at) VALUES (:text, :at)';
    await sequelize.query(insert, { replacements: { text: "o'hara", at } });
    expect(await Thing.count({ where: { text: "O'HARA", at } })).toBe(1);

    await sequelize.transaction({ isolationLevel: 'SERIALIZABLE' }, async (transaction) => {
      await sequelize
        .transaction({ transaction }, async (nested) => {
          await Thing.create({ text: 'bob' }, { transaction: nested });
          await nested.rollback();
        })
        .catch(() => {});
      await sequelize.query('UPDATE things SET text = $1 WHERE id = $2', { bind: ['Ann', 1], transaction });
    });
    expect((await Thing.findAll({ order: ['id'] })).map(({ text }) => text)).toEqual(['Ann', "O'HARA"]);

    const phantom = { native: false, type: 'SELECT' };
    expect(await sequelize.query("SELECT string_agg(text, ',' ORDER BY id) AS s FROM things", phantom)).toEqual([
      { s: "Ann,O'HARA" },
    ]);
    const queryInterface = sequelize.getQueryInterface();
    await queryInterface.addColumn('things', 'more', DataTypes.JSONB);
    await queryInterface.addIndex('things', ['more']);
    expect(Object.keys(await queryInterface.describeTable('things'))).toEqual(['id', 'text', 'at', 'more']);
    await Thing.truncate();
    expect(await Thing.count()).toBe(0);
  });

  test('is named by the error of a statement that needs it', async () => {
    const { sequelize, Thing } = connect({});
    await Thing.sync();
    for (const sql of own.fails) {
      await expect(sequelize.query(sql)).rejects.toThrow(/send it with the option \{ native: true \}$/);
      const dialect = new PhantomDBDialect(engine.url);
      await expect(dialect.query(sequelize.config.database, sql)).rejects.toThrow(/\{ native: true \}$/);
      await dialect.close();
    }
    for (const sql of ['SELEC 1', 'SELECT nope FROM things', 'VACUUM', own.setup[0].slice(0, 6)]) {
      await expect(sequelize.query(sql)).rejects.not.toThrow(/native/);
    }
    await expect(sequelize.query('SELECT nowhere(1)')).rejects.toThrow(/no function.*\{ native: true \}/);
    await expect(sequelize.query('SELECT 1 +', { native: true })).rejects.not.toThrow(/native/);
  });
});

test('the option native must be true or false', () => {
  expect(() => new PhantomDBDialect('memory:', { native: 'yes' })).toThrow(/'native' .* must be true or false/);
});
