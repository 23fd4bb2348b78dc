// Finder options that Sequelize's own dialects get wrong or refuse, and what libraries ask of the query generator.

const { Sequelize, DataTypes, Op } = require('sequelize');
const { engines } = require('./helpers/engines');

const { fn, col, cast, json, literal } = Sequelize;
const ids = (rows) => rows.map(({ id }) => id);

describe.each(engines)('finders on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Author;
  let Book;
  let Tag;

  beforeAll(async () => {
    sequelize = engine.connect();
    Author = sequelize.define(
      'Author',
      {
        name: { type: DataTypes.STRING, field: 'full_name' },
        age: DataTypes.INTEGER,
        big: DataTypes.BIGINT,
        meta: DataTypes.JSON,
      },
      { timestamps: false },
    );
    Book = sequelize.define('Book', { title: DataTypes.STRING, pages: DataTypes.INTEGER }, { timestamps: false });
    Tag = sequelize.define('Tag', { name: DataTypes.STRING }, { timestamps: false });
    const BookTag = sequelize.define('BookTag', { weight: DataTypes.INTEGER }, { timestamps: false });
    Author.hasMany(Book, { as: 'books', foreignKey: 'authorId' });
    Book.belongsTo(Author, { as: 'author', foreignKey: 'authorId' });
    Author.belongsTo(Author, { as: 'boss', foreignKey: 'bossId' });
    Author.hasMany(Author, { as: 'team', foreignKey: 'bossId' });
    Book.belongsToMany(Tag, { as: 'tags', through: BookTag });
    await sequelize.sync({ force: true });
    await Author.bulkCreate([
      { id: 1, name: 'Ann', age: 40, big: '9007199254740993', meta: { list: [1, 2], city: 'Rome' } },
      { id: 2, name: 'Bob', age: 30, bossId: 1, meta: { city: 'Oslo' } },
      { id: 3, name: 'Cid', age: null, bossId: 2 },
    ]);
    await Book.bulkCreate([
      { id: 1, title: 'A', pages: 10, authorId: 1 },
      { id: 2, title: 'B', pages: 20, authorId: 1 },
      { id: 3, title: 'C', pages: 30, authorId: 2 },
    ]);
    const [a, b] = await Tag.bulkCreate([{ name: 'a' }, { name: 'b' }]);
    await (await Book.findByPk(1)).addTags([a, b], { through: { weight: 1 } });
    await (await Book.findByPk(3)).addTag(b, { through: { weight: 2 } });
  });

  describe('a count of different keys with includes', () => {
    /** The count, and whether its statement joins a table. */
    async function counted(options) {
      let joins;
      const logging = (sql) => {
        joins = / JOIN /.test(sql);
      };
      return [await Author.count({ distinct: true, logging, ...options }), joins];
    }

    test.each([
      ['an include', { include: 'books' }, 3],
      ['nested includes', { include: { association: 'books', include: 'tags' } }, 3],
      ['a condition on the main table', { include: 'books', where: { age: { [Op.gt]: 35 }, name: 'Ann' } }, 1],
      [
        'a condition on an include that is not required',
        { include: { association: 'books', where: { id: 1 }, required: false } },
        3,
      ],
      ['a column that is no key', { include: 'books', col: 'age' }, 2],
    ])('reads one table with %s', async (_, options, count) => {
      expect(await counted(options)).toEqual([count, false]);
    });

    test.each([
      ['an include that is required', { include: { association: 'books', required: true } }, 2],
      ['a condition on an include', { include: { association: 'books', where: { id: 1 } } }, 1],
      ['a path into an include', { include: 'books', where: { '$books.title$': 'C' } }, 1],
      ['a path within an operator', { include: 'books', where: { [Op.or]: [{ '$books.title$': 'C' }, { id: 3 }] } }, 2],
      ['a column of an include', { include: 'books', where: { id: { [Op.lt]: col('books.id') } } }, 2],
      ['SQL', { include: 'books', where: literal("books.title = 'C'") }, 1],
      ['no need for different keys', { include: 'books', distinct: false }, 4],
    ])('joins for %s', async (_, options, count) => {
      expect(await counted(options)).toEqual([count, true]);
    });
  });

  describe('a limit beside a to-many include', () => {
    test('counts rows that have what is required below it', async () => {
      const rows = await Author.findAll({
        include: {
          association: 'books',
          required: true,
          include: { association: 'author', required: true, where: { name: 'Bob' } },
        },
        limit: 5,
      });
      expect(ids(rows)).toEqual([2]);
      expect(rows[0].books[0].author.name).toBe('Bob');
    });

    test('lets an association include itself', async () => {
      const team = { association: 'team', required: true };
      expect(ids(await Author.findAll({ include: { ...team, include: team }, limit: 5 }))).toEqual([1]);
    });

    test('lets a condition name a column of an include by its path', async () => {
      const where = { pages: { [Op.lt]: col('books.authorId') } };
      expect(await Author.findAll({ include: { association: 'books', where }, limit: 5 })).toEqual([]);
      const tags = { association: 'tags', where: { id: { [Op.lte]: col('books->tags.id') } } };
      const rows = await Author.findAll({ include: { association: 'books', required: true, include: tags }, limit: 5 });
      expect(ids(rows).sort()).toEqual([1, 2]);
    });

    test('keeps rows without what an include requires that is not required itself', async () => {
      const include = { association: 'books', required: false, include: { association: 'tags', where: { name: 'a' } } };
      const rows = await Author.findAll({ include, order: ['id'], limit: 5 });
      expect(rows.map(({ books }) => ids(books))).toEqual([[1], [], []]);
    });

    test('orders by what is not selected, and selects nothing for it', async () => {
      const options = {
        attributes: ['id'],
        include: 'books',
        limit: 2,
        order: [['age', 'DESC NULLS LAST']],
        raw: true,
      };
      const rows = await Author.findAll(options);
      expect([...new Set(ids(rows))]).toEqual([1, 2]);
      expect(Object.keys(rows[0])).toEqual(['id', 'books.id', 'books.title', 'books.pages', 'books.authorId']);
    });

    test('orders by a column of a to-one include that stands inside of the limit', async () => {
      const include = [{ association: 'boss', required: true, attributes: ['age'] }, 'books'];
      const rows = await Author.findAll({ include, order: [['boss', 'name', 'DESC']], limit: 1 });
      expect(ids(rows)).toEqual([3]);
    });

    test('joins by a key that is not selected', async () => {
      const include = [
        { association: 'author', required: true, attributes: ['name'], include: { association: 'team' } },
        'tags',
      ];
      const rows = await Book.findAll({ attributes: ['title'], include, order: ['id'], limit: 2 });
      expect(rows.map((row) => row.get({ plain: true }))).toMatchObject([
        { title: 'A', author: { name: 'Ann', team: [{ id: 2 }] } },
        { title: 'B', author: { name: 'Ann', team: [{ id: 2 }] } },
      ]);
      expect(JSON.stringify(rows)).not.toContain('__phantomdb');
    });
  });

  test('`on` with several conditions keeps to itself beside a where', async () => {
    const on = { [Op.or]: [{ pages: 10 }, { pages: 30 }] };
    const include = { association: 'books', required: false, on, where: { title: 'C' } };
    const rows = await Author.findAll({ include, order: ['id'] });
    expect(rows.map(({ books }) => ids(books))).toEqual([[3], [3], [3]]);
  });

  test('`col` and `cast` are values, not conditions', async () => {
    expect(ids(await Author.findAll({ where: { age: cast('40', 'integer') } }))).toEqual([1]);
    expect(ids(await Author.findAll({ where: { id: { [Op.or]: [col('bossId'), 3] } } }))).toEqual([3]);
    expect(ids(await Author.findAll({ where: { bossId: col('bossId') }, order: ['id'] }))).toEqual([2, 3]);
  });

  test('a document of an association has paths too', async () => {
    const include = 'boss';
    expect(ids(await Author.findAll({ include, where: { '$boss.meta.city$': 'Rome' } }))).toEqual([2]);
    expect(ids(await Author.findAll({ include, where: { '$boss.meta$': { city: 'Oslo' } } }))).toEqual([3]);
    expect(ids(await Author.findAll({ where: json({ meta: { list: [1, 2] } }) }))).toEqual([1]);
  });

  test('`json` takes a path, not SQL', async () => {
    const where = Sequelize.where(json("json_extract(meta, '$.city')"), 'Rome');
    await expect(Author.findAll({ where })).rejects.toThrow('Sequelize.json takes a path');
  });

  test('functions and symbols are no values', async () => {
    for (const name of [() => 'Ann', Symbol('Ann')]) {
      await expect(Author.findAll({ where: { name } })).rejects.toThrow('Invalid value');
    }
  });

  test('ALL and ANY of a query leave out what NULL leaves open', async () => {
    const all = { age: { [Op.gt]: { [Op.all]: literal('SELECT 30') } } };
    expect(ids(await Author.findAll({ where: all }))).toEqual([1]);
    expect(ids(await Author.findAll({ where: { [Op.not]: all } }))).toEqual([2]);
  });

  test('order takes a path between dollars, and a through table by its name', async () => {
    const rows = await Author.findAll({ include: 'boss', order: [['$boss.full_name$', 'DESC NULLS LAST']] });
    expect(ids(rows)).toEqual([3, 2, 1]);
    const order = [['tags', 'BookTag', 'weight', 'DESC'], ['id']];
    expect(ids(await Book.findAll({ include: { association: 'tags', required: true }, order }))).toEqual([3, 1]);
  });

  test('sequelize.random() is a function there is', async () => {
    expect(await Author.findAll({ order: sequelize.random() })).toHaveLength(3);
  });

  test('an aggregate of 64-bit integers is not rounded', async () => {
    expect(await Author.max('big')).toBe('9007199254740993');
    expect(await Author.min('age')).toBe(30);
  });

  describe('text that libraries ask for', () => {
    let generator;
    beforeAll(() => {
      generator = sequelize.getQueryInterface().queryGenerator;
    });

    test('a condition keeps to itself, whatever is put beside it', () => {
      const either = { [Op.or]: [{ a: 1 }, { b: 2 }] };
      expect(generator.whereItemsQuery(either)).toBe('("a" = 1 OR "b" = 2)');
      expect(generator.getWhereConditions(either, 't')).toBe('("t"."a" = 1 OR "t"."b" = 2)');
      expect(generator.whereQuery({ a: 1 })).toBe('WHERE "a" = 1');
      expect(generator.handleSequelizeMethod(literal('a OR b'))).toBe('a OR b');
    });

    test('a statement with binds runs as it is', async () => {
      const { query, bind } = generator.insertQuery('Authors', { id: 99, full_name: 'Dan', big: 9007199254740993n });
      await sequelize.query(query, { bind });
      const row = await Author.findOne({ where: { name: 'Dan' } });
      expect(row.big).toBe('9007199254740993');
      await row.destroy();
    });

    test('a Date and a Buffer among the binds are what they were', () => {
      const values = [new Date(5), Buffer.from('x'), 5n, 'x', null];
      const row = Object.fromEntries(values.map((value, index) => [`c${index}`, value]));
      expect(generator.insertQuery('t', row).bind).toEqual([new Date(5), Buffer.from('x'), 5n, 'x']);
    });
  });

  test('identifiers are quoted, whatever quoteIdentifiers says', async () => {
    const other = engine.connect({ quoteIdentifiers: false });
    const Item = other.define('Item', { 'a" b': DataTypes.STRING, order: DataTypes.INTEGER }, { timestamps: false });
    await Item.sync();
    await Item.create({ 'a" b': "'; --", order: 1 });
    expect(await Item.findAll({ where: { order: 1 }, raw: true })).toEqual([{ id: 1, 'a" b': "'; --", order: 1 }]);
  });

  test('a function works on what it is given', async () => {
    expect(await Author.count({ where: Sequelize.where(fn('length', col('full_name')), { [Op.gt]: 2 }) })).toBe(3);
  });
});
