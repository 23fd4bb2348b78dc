'use strict';

// Writes that libraries make in ways of their own, and writes that nobody awaits.

const { Sequelize, DataTypes, Op, fn, literal } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines');

describe.each(engines)('writes on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let User;

  beforeAll(async () => {
    sequelize = engine.connect();
    User = sequelize.define('User', {
      name: { type: DataTypes.STRING, field: 'full_name' },
      rank: DataTypes.INTEGER,
    });
    await sequelize.sync({ force: true });
  });

  // As feathers-sequelize does, which hands the options of its search on.
  test('an instance is updated and saved with a limit among its options', async () => {
    const [ann, bob] = await User.bulkCreate([{ name: 'Ann' }, { name: 'Bob' }]);
    await ann.update({ name: 'Anna' }, { where: { id: ann.id }, limit: 1, returning: true, raw: false });
    ann.name = 'Annie';
    await ann.save({ limit: 1 });
    await bob.reload();
    expect([(await ann.reload()).name, bob.name]).toEqual(['Annie', 'Bob']);
  });

  // For SQLite, Sequelize keeps the expression that the instance has.
  test('bulkCreate reads back keys that the database computes, whatever else it is asked to do', async () => {
    const key = { type: DataTypes.UUID, primaryKey: true, defaultValue: literal('gen_random_uuid()') };
    const Token = sequelize.define('Token', { id: key, name: DataTypes.STRING });
    const Use = sequelize.define('Use', { place: DataTypes.STRING });
    Token.hasMany(Use, { as: 'uses' });
    await sequelize.sync();
    const ways = [
      {},
      { returning: true },
      { returning: ['id'] },
      { validate: true },
      { updateOnDuplicate: ['name'] },
      { include: 'uses' },
    ];
    for (const options of ways) {
      const tokens = await Token.bulkCreate(
        [
          { name: 'a', uses: [{ place: 'here' }] },
          { name: 'b', uses: [] },
        ],
        options,
      );
      const ids = tokens.map((token) => token.id);
      const found = await Token.findAll({ where: { id: ids }, order: ['name'], include: 'uses' });
      expect(found.map((token) => token.id)).toEqual(ids);
      expect(found.map((token) => token.uses.length)).toEqual(options.include ? [1, 0] : [0, 0]);
    }
    const [given] = await Token.bulkCreate([{ id: fn('gen_random_uuid'), name: 'c' }], { validate: true });
    await expect(Token.findByPk(given.id)).resolves.toMatchObject({ name: 'c' });
    expect(sequelize.options.dialect).toBe('sqlite');
    await sequelize.drop();
    await User.sync();
  });

  test('bulkCreate with updateOnDuplicate gives an instance the key of the row that it has updated', async () => {
    const unique = { type: DataTypes.STRING, unique: true };
    const Place = sequelize.define('Place', { code: unique, size: DataTypes.INTEGER }, { timestamps: false });
    await Place.sync();
    await Place.create({ id: 1, code: 'a', size: 1 });
    const options = { updateOnDuplicate: ['size'], conflictAttributes: ['code'] };
    const records = [
      { id: 5, code: 'a', size: 2 },
      { id: 6, code: 'b', size: 3 },
    ];
    for (const count of [1, 2]) {
      const places = await Place.bulkCreate(records.slice(0, count), options);
      expect(places.map((place) => place.get())).toEqual([{ id: 1, code: 'a', size: 2 }, records[1]].slice(0, count));
      await places[0].update({ size: 9 });
      await expect(Place.findByPk(1)).resolves.toMatchObject({ size: 9 });
    }
    await expect(Place.count()).resolves.toBe(2);
  });

  test('updateOnDuplicate with misspelt attributes alone is refused', async () => {
    const Item = sequelize.define('Misspelt', { size: DataTypes.INTEGER }, { timestamps: false });
    await Item.sync();
    await Item.create({ id: 1, size: 1 });
    const refused = Item.bulkCreate([{ id: 1, size: 2 }], { updateOnDuplicate: ['sise'] });
    await expect(refused).rejects.toThrow('updateOnDuplicate has no attribute of Misspelt that can be updated');
    await expect(Item.findByPk(1)).resolves.toMatchObject({ size: 1 });
  });

  test('omitNull leaves NULLs out of inserts and updates', async () => {
    const sparing = engine.connect({ omitNull: true });
    const attributes = { a: DataTypes.STRING, b: { type: DataTypes.STRING, defaultValue: 'default' } };
    const Item = sparing.define('Item', attributes, { paranoid: true, createdAt: false, updatedAt: false });
    await sparing.sync();
    const rows = () => Item.findAll({ attributes: ['a', 'b', 'deletedAt'], order: ['id'], raw: true });
    const item = await Item.create({ a: 'x', b: null });
    await item.update({ a: null });
    item.b = null;
    await item.save();
    await Item.update({ a: null }, { where: {} });
    await Item.update({ a: null, b: 'y' }, { where: {} });
    expect(await rows()).toEqual([{ a: 'x', b: 'y', deletedAt: null }]);
    await item.destroy();
    await item.restore();
    await Item.destroy({ where: {} });
    await Item.restore({ where: {} });
    await Item.update({ a: null }, { where: {}, omitNull: false });
    expect(await rows()).toEqual([{ a: null, b: 'y', deletedAt: null }]);
  });

  test('a number alone in an array is written and compared as the number', async () => {
    await User.bulkCreate([{ name: 'Cid', rank: [6] }, { name: 'Dan' }]);
    await User.update({ rank: [7] }, { where: { name: 'Dan' } });
    const count = (rank) => User.count({ where: { rank } });
    expect(await Promise.all([[6], { [Op.eq]: [7] }, { [Op.gt]: [5] }, [[6], [7]]].map(count))).toEqual([1, 1, 2, 2]);
    await expect(User.create({ rank: [1, 2] })).rejects.toThrow('Invalid value [ 1, 2 ]');
    await expect(count({ [Op.gt]: [1, 2] })).rejects.toThrow('takes one value');
  });
});

// A suite that had `sqlite::memory:` before may count on it.
describe('statements that are sent to memory: and not awaited', () => {
  let sequelize;
  let Author;
  let Book;

  beforeEach(async () => {
    sequelize = new Sequelize('order', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
    Author = sequelize.define('Author', { name: DataTypes.STRING }, { timestamps: false });
    Book = sequelize.define('Book', { title: DataTypes.STRING }, { timestamps: false });
    Author.belongsToMany(Book, { through: 'AuthorBook', timestamps: false });
    Book.belongsToMany(Author, { through: 'AuthorBook', timestamps: false });
    await sequelize.sync();
  });
  afterEach(() => sequelize.close());

  test('are run and answered in their order, also when some are met for the first time', async () => {
    const { id } = await Author.create({ name: 'first' });
    const order = [];
    const answers = Array.from({ length: 40 }, async (_, i) => {
      const sql =
        i % 2 === 0 ? `UPDATE "Authors" SET "name" = 'n${i}' WHERE "id" = ${id}` : 'SELECT "name" FROM "Authors"';
      const [rows] = await sequelize.query(sql);
      order.push(i);
      return rows;
    });
    const rows = await Promise.all(answers);
    expect(order).toEqual(Array.from({ length: 40 }, (_, i) => i));
    for (let i = 1; i < 40; i += 2) expect(rows[i]).toEqual([{ name: `n${i - 1}` }]);
  });

  test('give what is created together the order in which it was given', async () => {
    const titles = ['Journey', 'Twenty', 'Eighty', 'Island'];
    for (let round = 0; round < 3; round++) {
      const author = await Author.create({ Books: titles.map((title) => ({ title })) }, { include: Book });
      const links = await sequelize.query('SELECT "BookId" FROM "AuthorBook" WHERE "AuthorId" = ?', {
        replacements: [author.id],
        type: sequelize.QueryTypes.SELECT,
      });
      expect(author.Books.map(({ title }) => title)).toEqual(titles);
      expect(links.map(({ BookId }) => BookId)).toEqual(author.Books.map((book) => book.id));
    }
  });
});
