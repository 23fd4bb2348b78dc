const { DataTypes, Sequelize } = require('sequelize');
const { engines } = require('./helpers/engines.js');

describe.each(engines)('options of an index on $name', ({ name: engineName, start }) => {
  const engine = start();
  let sequelize;
  let queryInterface;

  beforeAll(async () => {
    sequelize = engine.connect();
    queryInterface = sequelize.getQueryInterface();
    const Page = sequelize.define(
      'Page',
      { title: DataTypes.STRING, body: DataTypes.JSONB },
      {
        timestamps: false,
        indexes: [
          { name: 'by_title', using: 'BTREE', fields: [{ name: 'title', collate: 'C', order: 'DESC' }] },
          { name: 'by_body', using: 'gin', operator: 'jsonb_path_ops', fields: ['body'] },
        ],
      },
    );
    await Page.sync();
    await queryInterface.addIndex('Pages', {
      name: 'by_prefix',
      unique: true,
      fields: [{ name: 'title', operator: 'text_pattern_ops' }],
    });
  });

  /** As PostgreSQL keeps it, and as SQLite does. */
  const stored = async (name) => {
    const sql =
      engineName === 'PostgreSQL'
        ? `SELECT indexdef AS sql FROM pg_indexes WHERE indexname = '${name}' AND tablename = 'Pages'`
        : `SELECT sql FROM sqlite_schema WHERE name = '${name}'`;
    return (await sequelize.query(sql, { native: true, type: 'SELECT', plain: true })).sql;
  };

  test('are kept where the database has them', async () => {
    const texts = await Promise.all(['by_title', 'by_body', 'by_prefix'].map(stored));
    expect(texts).toEqual(
      engineName === 'PostgreSQL'
        ? [
            'CREATE INDEX by_title ON public."Pages" USING btree (title COLLATE "C" DESC)',
            'CREATE INDEX by_body ON public."Pages" USING gin (body jsonb_path_ops)',
            'CREATE UNIQUE INDEX by_prefix ON public."Pages" USING btree (title text_pattern_ops)',
          ]
        : [
            'CREATE INDEX "by_title" ON "Pages"("title" COLLATE BINARY DESC)',
            'CREATE INDEX "by_body" ON "Pages"("body")',
            'CREATE UNIQUE INDEX "by_prefix" ON "Pages"("title")',
          ],
    );
    await sequelize.models.Page.create({ title: 'a', body: { a: 1 } });
    await expect(sequelize.models.Page.create({ title: 'a' })).rejects.toThrow(Sequelize.UniqueConstraintError);
  });

  test('that nobody has are refused by name', async () => {
    const add = (options) => queryInterface.addIndex('Pages', { name: 'bad', fields: ['title'], ...options });
    await expect(add({ fields: [{ name: 'title', collate: 'Nobodys' }] })).rejects.toMatchObject({
      original: { code: 'UNSUPPORTED', message: expect.stringContaining('Nobodys') },
    });
    await expect(add({ using: 'nobodys' })).rejects.toMatchObject({ original: { code: 'UNSUPPORTED' } });
    await expect(add({ using: 'gin (title); DROP TABLE "Pages"; --' })).rejects.toThrow('one word');
    await expect(add({ operator: 'text_ops); DROP TABLE "Pages"; --' })).rejects.toThrow('one word');
  });
});
