// Every hole that Sequelize and its neighbours have had, as a test named by its advisory. Each says what a dialect with
// that hole would do.

const { Sequelize, DataTypes, Op } = require('sequelize');
const { engines } = require('../helpers/engines');

const { literal, fn, col, json, or } = Sequelize;
const ids = (rows) => rows.map((row) => row.id).sort();

describe.each(engines)('advisories on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let User;
  let Document;

  beforeAll(async () => {
    sequelize = engine.connect();
    User = sequelize.define('User', {
      name: { type: DataTypes.STRING, field: 'full_name' },
      lastName: DataTypes.STRING,
      password: DataTypes.STRING,
    });
    Document = sequelize.define('Document', { metadata: DataTypes.JSON, data: DataTypes.JSONB, title: DataTypes.TEXT });
  });

  beforeEach(async () => {
    await sequelize.sync({ force: true });
    // They are numbered 1 and 2.
    await User.bulkCreate([
      { name: 'John', lastName: 'Doe', password: 'secret' },
      { name: 'Jane', lastName: ':firstName', password: '$1' },
    ]);
    await Document.bulkCreate([
      { metadata: { role: 'admin', age: 5 }, data: { id: 1, 'a")': 2 }, title: 'one' },
      { metadata: { role: 'user', age: 7 }, data: { id: 2 }, title: 'two' },
    ]);
  });

  /** Nothing was changed by what a test tried. */
  afterEach(async () => {
    expect(await Document.count()).toBe(2);
    expect(await User.count()).toBeGreaterThanOrEqual(2);
  });

  test.each([
    "TO_DATE('x') OR 1=1",
    "TO_TIMESTAMP('x') OR 1=1",
    'NULL OR 1=1',
    'DEFAULT',
    "X'00' OR 1=1",
    'CURRENT_TIMESTAMP',
  ])('CVE-2026-69240 GHSA-v8fg-2rw7-q452: no prefix of a value is trusted: %s', async (text) => {
    const quoted = `'${text.replaceAll("'", "''")}'`;
    expect(sequelize.escape(text)).toBe(quoted);
    expect(sequelize.getQueryInterface().queryGenerator.whereQuery({ name: text })).toBe(`WHERE "name" = ${quoted}`);
    expect(await User.count({ where: { name: text } })).toBe(0);
    const { id } = await User.create({ name: text });
    expect(ids(await User.findAll({ where: { name: text } }))).toEqual([id]);
  });

  describe('CVE-2026-30951 GHSA-6457-6jrx-69cr: the type of a cast in a JSON key', () => {
    const keys = [
      'role::text) OR 1=1--',
      'role::text) = \'x\' UNION SELECT id, password, 1, 1, 1, 1 FROM "Users"--',
      'role::integer) OR (1=1',
      'role::',
      "role::text'",
    ];

    test.each(keys)('%s is refused', async (key) => {
      const where = (metadata) => Document.findAll({ where: metadata });
      await expect(where({ metadata: { [key]: 1 } })).rejects.toThrow('Invalid cast type');
      await expect(where({ [`metadata.${key}`]: 1 })).rejects.toThrow('Invalid cast type');
      await expect(where({ metadata: { deep: { [key]: { [Op.gt]: 1 } } } })).rejects.toThrow('Invalid cast type');
      await expect(Document.findAll({ order: [[`metadata.${key}`, 'ASC']] })).rejects.toThrow('Invalid cast type');
      await expect(Document.update({ title: 'x' }, { where: { metadata: { [key]: 1 } } })).rejects.toThrow(
        'Invalid cast type',
      );
      await expect(Document.destroy({ where: { metadata: { [key]: 1 } } })).rejects.toThrow('Invalid cast type');
    });

    test('a type that there is works', async () => {
      expect(ids(await Document.findAll({ where: { metadata: { 'age::integer': 7 } } }))).toEqual([2]);
      expect(ids(await Document.findAll({ where: { 'metadata.age::integer': { [Op.lt]: 7 } } }))).toEqual([1]);
    });
  });

  describe('CVE-2023-25813 GHSA-wrh9-cjv3-2hpw: replacements do not reach into values', () => {
    const condition = () => or(literal('lower("full_name") = lower(:firstName)'), { lastName: ':firstName' });

    test.each([false, () => {}])('in a finder, logged or not', async (logging) => {
      const replacements = { firstName: "john' OR 1=1 --" };
      expect(ids(await User.findAll({ where: condition(), replacements, logging }))).toEqual([2]);
      replacements.firstName = 'JOHN';
      expect(ids(await User.findAll({ where: condition(), replacements, logging }))).toEqual([1, 2]);
      expect(await User.count({ where: condition(), replacements, logging })).toBe(2);
    });

    test('in an update and a destroy', async () => {
      const replacements = { firstName: 'nobody' };
      expect(await User.update({ password: ':firstName' }, { where: condition(), replacements })).toEqual([1]);
      expect((await User.findByPk(2)).password).toBe(':firstName');
      await User.create({ id: 3, lastName: ':firstName' });
      expect(await User.destroy({ where: { id: 3, [Op.and]: condition() }, replacements })).toBe(1);
    });

    test('by position', async () => {
      const where = { [Op.or]: [literal('"full_name" = ?'), { lastName: '?' }, literal('"password" = ?')] };
      expect(ids(await User.findAll({ where, replacements: ['John', '$1'] }))).toEqual([1, 2]);
      expect(await User.count({ where, replacements: ['?', '?'] })).toBe(0);
    });

    test('nor do binds, which keep apart from those of Sequelize', async () => {
      const where = or(literal('"full_name" = $1'), { password: '$1' });
      expect(ids(await User.findAll({ where, bind: ['John'] }))).toEqual([1, 2]);
      const named = { [Op.and]: [{ id: 1 }, literal('"full_name" = $name'), { lastName: 'Doe' }] };
      expect(ids(await User.findAll({ where: named, bind: { name: 'John' } }))).toEqual([1]);
      expect(await User.count({ where: named, bind: { name: '$1' } })).toBe(0);
      await expect(User.findAll({ where: named, bind: { other: 1 } })).rejects.toThrow('"$name" has no value');
    });
  });

  describe('CVE-2023-22578 GHSA-f598-mfpv-gmfx: attributes are not raw SQL', () => {
    test('parentheses are refused', async () => {
      await expect(User.findAll({ attributes: [['count(id)', 'c']] })).rejects.toThrow('CVE-2023-22578');
      await expect(User.findAll({ attributes: [['(SELECT password FROM "Users")', 'c']] })).rejects.toThrow(
        'literal()',
      );
    });

    test('without parentheses it is the name of a column, which is not there', async () => {
      for (const attribute of ['count(*)', 'id", "password', '* FROM "Users" --']) {
        await expect(User.findAll({ attributes: [attribute], raw: true })).rejects.toMatchObject({
          parent: { code: 'UNKNOWN_COLUMN' },
        });
      }
      await expect(User.findAll({ attributes: [['id", "password" --', 'c']] })).rejects.toMatchObject({
        parent: { code: 'UNKNOWN_COLUMN' },
      });
    });

    test('an alias is one name', async () => {
      const alias = 'x", (SELECT "password" FROM "Users" LIMIT 1) AS "y';
      const [row] = await User.findAll({ attributes: [['id', alias]], raw: true, where: { id: 1 } });
      expect(row).toEqual({ [alias]: 1 });
    });
  });

  describe('CVE-2023-22579 GHSA-vqfx-gj96-3w95: a where that is none is refused, not left out', () => {
    test.each([
      [new Date()],
      [Buffer.from('1=1')],
      ['1=1'],
      [true],
      [Symbol('x')],
      [() => true],
      [new Map([['id', 1]])],
      [['1=1']],
    ])('%p', async (where) => {
      await expect(User.findAll({ where })).rejects.toThrow();
      await expect(User.update({ name: 'x' }, { where })).rejects.toThrow();
      await expect(User.destroy({ where })).rejects.toThrow();
      expect(ids(await User.findAll({ where: { name: ['John', 'Jane'] } }))).toEqual([1, 2]);
    });

    test('neither is one with undefined', async () => {
      for (const where of [{ name: undefined }, { name: { [Op.eq]: undefined } }, { [Op.or]: [{ name: undefined }] }]) {
        await expect(User.findAll({ where })).rejects.toThrow('undefined');
        await expect(User.destroy({ where })).rejects.toThrow('undefined');
      }
    });
  });

  test('SEQUELIZE-2959225: $ in the arguments of a function is text', async () => {
    const text = '$1 $$ $name';
    const made = await User.create({ name: fn('lower', text), lastName: fn('concat', text, ' :x ?') });
    await made.reload();
    expect(made.get({ plain: true })).toMatchObject({ name: text, lastName: `${text} :x ?` });
    await made.update({ name: fn('upper', text), password: text });
    await made.reload();
    expect(made).toMatchObject({ name: '$1 $$ $NAME', password: text });
    expect(await User.count({ where: { password: fn('lower', text) } })).toBe(1);
  });

  test('CVE-2019-10752 GHSA-m9jw-237r-gvfv: the path of sequelize.json() is escaped', async () => {
    const path = 'data.id\')) AS DECIMAL) = 1 OR 1=1; DELETE FROM "Documents"; -- ';
    expect(await Document.findAll({ where: json(path, 1) })).toEqual([]);
    expect(await Document.findAll({ where: json({ data: { "id')) = 1 OR 1=1 -- ": 1 } }) })).toEqual([]);
    const [row] = await Document.findAll({ attributes: [[json(path), 'x']], raw: true, limit: 1 });
    expect(row).toEqual({ x: null });
    expect(ids(await Document.findAll({ where: json('data.id', '1') }))).toEqual([1]);
  });

  describe('CVE-2019-10748, CVE-2019-10749 GHSA-2598-2f59-rmhq: JSON keys are escaped', () => {
    test.each([
      "a')) = 1 OR 1=1-- ",
      'a")) = 1 OR 1=1-- ',
      "a,b}' = '1' OR 1=1 --",
      '"',
      "'",
      '\\',
      '}',
      'a"."b',
      '$.*',
      '?',
      '`',
    ])('%s selects nothing, and what has that key', async (key) => {
      const where = [
        { data: { [key]: 1 } },
        { data: { deep: { [key]: { [Op.gt]: 0 } } } },
        { [`data.${key.replaceAll('.', '')}`]: 1 },
      ];
      for (const condition of where) expect(await Document.findAll({ where: condition })).toEqual([]);
      await Document.update({ data: { [key]: 1, deep: { [key]: 1 } } }, { where: { id: 2 } });
      for (const condition of where.slice(0, 2)) expect(ids(await Document.findAll({ where: condition }))).toEqual([2]);
    });
  });

  test('CVE-2019-11069 GHSA-2777-2vq8-c4v4: a backslash does not end a string', async () => {
    const text = "\\' OR 1=1--";
    expect(await User.count({ where: { name: text } })).toBe(0);
    expect(await User.findAll({ where: literal(`"full_name" = ${sequelize.escape(text)}`) })).toEqual([]);
    const select = 'SELECT :text AS "text"';
    expect(await sequelize.query(select, { replacements: { text }, type: 'SELECT' })).toEqual([{ text }]);
  });

  test('GHSA-fw4p-36j9-rrj3: what kind of statement it is is not guessed from its text', async () => {
    const texts = [
      'SELECT tbl_name FROM sqlite_master',
      'PRAGMA table_info(x)',
      'INSERT INTO x',
      'DELETE FROM "Users"',
      'ROLLBACK',
    ];
    for (const name of texts) {
      const made = await User.create({ name });
      expect((await User.findOne({ where: { name } })).id).toBe(made.id);
      expect(await User.update({ lastName: name }, { where: { name } })).toEqual([1]);
      expect(await User.destroy({ where: { lastName: name } })).toBe(1);
    }
  });

  test('GHSA-wfp9-vr4j-f49j: text from outside is never an operator', async () => {
    for (const value of [
      { $gt: '' },
      { $ne: null },
      { gt: '' },
      { 'Symbol(gt)': '' },
      { 'Op.gt': '' },
      { or: [] },
      {},
    ]) {
      await expect(User.findAll({ where: { password: JSON.parse(JSON.stringify(value)) } })).rejects.toThrow(
        /Invalid value/,
      );
      await expect(User.destroy({ where: { password: value } })).rejects.toThrow(/Invalid value/);
    }
    await expect(User.findAll({ where: { $or: [{ id: 1 }, { id: 2 }] } })).rejects.toThrow();
    expect(await Document.findAll({ where: { data: JSON.parse('{"id": {"$gt": 0}}') } })).toEqual([]);
  });

  test('CVE-2016-10556 GHSA-9c2p-jw8p-f84v: arrays in replacements double their quotes', async () => {
    const names = ['a', '\'); DELETE FROM "Users" --', '\\\'); DELETE FROM "Users" --'];
    const sql = 'SELECT id FROM "Users" WHERE "full_name" IN (:names)';
    expect(await sequelize.query(sql, { replacements: { names }, type: 'SELECT' })).toEqual([]);
    await User.create({ id: 9, name: names[2] });
    expect(await sequelize.query(sql, { replacements: { names }, type: 'SELECT' })).toEqual([{ id: 9 }]);
  });

  test('GHSA-5v9h-q3gj-c32x: GEOMETRY is refused by name', async () => {
    const Place = sequelize.define('Place', { at: DataTypes.GEOMETRY });
    await expect(Place.sync()).rejects.toThrow('GEOMETRY');
    sequelize.modelManager.removeModel(Place);
  });

  test('CVE-2016-10550 GHSA-98pq-pmw9-4gpm: limit, offset and order are no SQL', async () => {
    for (const limit of ['1; DROP TABLE "Users"', '1 OFFSET 1', -1, 1.5, Number.NaN, {}, [1], '0x10', '1e3']) {
      await expect(User.findAll({ limit })).rejects.toThrow(/limit/);
      await expect(User.findAll({ offset: limit, limit: 1 })).rejects.toThrow(/offset/);
      await expect(User.destroy({ where: {}, limit })).rejects.toThrow(/limit/);
      await expect(User.update({ name: 'x' }, { where: {}, limit })).rejects.toThrow(/limit/);
    }
    for (const order of [[['id', 'DESC; --']], [['id; DROP TABLE "Users"; --']], 'id; --', [['id', 'DESC', '; --']]]) {
      await expect(User.findAll({ order })).rejects.toThrow();
    }
    const [row] = await User.findAll({ limit: '1', order: ['id'] });
    expect(row.id).toBe(1);
  });

  test('CVE-2016-10553 GHSA-2v7q-2xqx-f4q5: a string is no where', async () => {
    for (const where of ['1=1', ['1=1'], ['id = ?', 1]]) {
      await expect(User.findAll({ where })).rejects.toThrow(/has been removed/);
      await expect(User.findOne({ where })).rejects.toThrow(/has been removed/);
      await expect(User.count({ where })).rejects.toThrow(/has been removed/);
    }
  });

  test('CVE-2015-1369 GHSA-xqg8-cv3h-xppv: a direction is one that there is', async () => {
    for (const direction of ['UNTRUSTED', 'ASC, (SELECT 1)', 'ASC --', '', 'ASC NULLS']) {
      await expect(User.findAll({ order: [['id', direction]] })).rejects.toThrow('Order must be one of');
    }
    const rows = await User.findAll({ order: [['id', 'desc nulls last']] });
    expect(rows.map((row) => row.id)).toEqual([2, 1]);
  });

  test('CVE-2016-10554 GHSA-x2jc-pwfj-h9p3: no backslash escapes', async () => {
    for (const text of ["\\' OR 1=1 --", '\\', "\\\\'", "'\\", '\\"', '\\n\n\t\r\b\x1a%_']) {
      const made = await User.create({ name: text });
      await made.reload();
      expect(made.name).toBe(text);
      expect(await User.count({ where: { name: text } })).toBe(1);
      expect(sequelize.escape(text)).toBe(`'${text.replaceAll("'", "''")}'`);
      await made.destroy();
    }
  });

  test('CVE-2023-26132, CVE-2026-27837 GHSA-r5mx-6wc6-7h9w: an alias does not reach a prototype', async () => {
    const names = [
      '__proto__.polluted',
      'constructor.prototype.polluted',
      'a.__proto__.polluted',
      '__proto__',
      'a.constructor.prototype.polluted',
    ];
    const sql = `SELECT ${names.map((name) => `1 AS "${name}"`).join(', ')}`;
    for (const options of [
      {},
      { nest: true },
      { nest: true, raw: true },
      { model: User, mapToModel: true },
      { plain: true },
    ]) {
      await sequelize.query(sql, { type: 'SELECT', ...options });
      expect({}.polluted).toBeUndefined();
    }
    const attributes = names.map((name) => [literal('1'), name]);
    for (const options of [{ raw: true }, { raw: true, nest: true }, {}]) {
      await User.findAll({ attributes, ...options });
      expect({}.polluted).toBeUndefined();
      expect(Object.prototype).not.toHaveProperty('polluted');
      expect(Object).not.toHaveProperty('polluted');
    }
  });

  test('columns with the names of a prototype are columns', async () => {
    const rows = await sequelize.query('SELECT 1 AS "__proto__", 2 AS "toString"', { type: 'SELECT' });
    expect(Object.entries(rows[0])).toContainEqual(['toString', 2]);
    expect(Object.getPrototypeOf(rows[0])?.polluted).toBeUndefined();
    expect(
      await User.findAll({ where: { name: { [Op.ne]: col('lastName') } }, attributes: ['id'], raw: true }),
    ).toHaveLength(2);
  });
});
