// A literal in `order` is a part of ORDER BY, whatever statement the finder becomes.

const { DataTypes, literal } = require('sequelize');
const { engines } = require('./helpers/engines');

describe.each(engines)('order by a literal on $name', ({ start }) => {
  const engine = start();
  let Author;
  let Book;

  beforeAll(async () => {
    const sequelize = engine.connect();
    Author = sequelize.define('Author', { name: DataTypes.STRING, age: DataTypes.INTEGER }, { timestamps: false });
    Book = sequelize.define('Book', { title: DataTypes.STRING, pages: DataTypes.INTEGER }, { timestamps: false });
    Author.hasMany(Book);
    Author.belongsToMany(Author, { as: 'Friends', through: 'Friendships' });
    await sequelize.sync();
    const [a, b, c] = await Author.bulkCreate([{ name: 'a', age: 3 }, { name: 'b', age: 1 }, { name: 'c' }]);
    await Book.bulkCreate([
      { title: 'x', pages: 1, AuthorId: a.id },
      { title: 'y', pages: 2, AuthorId: a.id },
      { title: 'z', pages: 3, AuthorId: b.id },
      { title: 'w', pages: 9, AuthorId: c.id },
      { title: 'v', pages: 8, AuthorId: c.id },
      { title: 'u', pages: 7, AuthorId: c.id },
    ]);
    await a.addFriends([b, c]);
    await b.addFriends([c, a]);
  });

  const count = [literal('(SELECT count(*) FROM "Books" WHERE "Books"."AuthorId" = "Author"."id")'), 'cnt'];
  const byCase = `CASE WHEN "Author"."name" = 'b' THEN 0 ELSE 1 END, "Author"."name" DESC`;

  test.each([
    ['a direction', literal('"Author"."name" DESC'), 'cba'],
    ['a list with one', [literal('"Author"."name" DESC')], 'cba'],
    ['an alias beside its direction', [[literal('cnt'), 'DESC']], 'cab'],
    ['an alias with its direction', literal('"cnt" DESC'), 'cab'],
    ['several keys', literal('"Author"."age" IS NULL, "Author"."name" DESC'), 'bac'],
    ['NULLS FIRST', literal('"Author"."age" ASC NULLS FIRST, name -- by age'), 'cba'],
    ['NULLS LAST beside it', [[literal('"Author"."age"'), 'DESC NULLS LAST']], 'abc'],
    ['a function with a comma', literal('coalesce("Author"."age", 2) DESC'), 'acb'],
    ['a direction of the last key', [[literal('"Author"."age" IS NULL, "Author"."name"'), 'DESC']], 'bac'],
    ['CASE', literal(byCase), 'bca'],
    ['literals among other items', [literal('"Author"."age" IS NULL'), ['name', 'DESC']], 'bac'],
  ])('%s', async (_, order, expected) => {
    const options = [
      {},
      { include: [Book], limit: 3 },
      { include: [{ model: Book, separate: true }], limit: 3 },
      { include: ['Friends'], limit: 3 },
      { include: [Book, 'Friends'], limit: 3, offset: 0 },
    ];
    for (const more of options) {
      for (const attributes of [{ include: [count] }, ['name', count]]) {
        const found = await Author.findAll({ attributes, order, ...more });
        expect(found.map(({ name }) => name).join('')).toBe(expected);
        const [, second] = expected;
        const page = await Author.findAll({ attributes, order, ...more, limit: 1, offset: 1 });
        expect(page.map(({ name }) => name)).toEqual([second]);
      }
    }
  });

  test.each([
    ['a direction', literal('"Book"."title" DESC'), ['yx', 'z', 'wv']],
    ['several keys', literal('pages < 3, pages DESC'), ['yx', 'z', 'wv']],
    ['an alias', [[literal('twice'), 'DESC']], ['yx', 'z', 'wv']],
    ['an alias in the text', literal('"twice" ASC NULLS FIRST'), ['xy', 'z', 'uv']],
  ])('%s, in a separate include with a limit', async (_, order, expected) => {
    const attributes = ['AuthorId', 'title', [literal('pages * 2'), 'twice']];
    const include = [{ model: Book, separate: true, limit: 2, order, attributes }];
    const authors = await Author.findAll({ include, order: ['name'] });
    expect(authors.map(({ Books }) => Books.map(({ title }) => title).join(''))).toEqual(expected);
  });
});
