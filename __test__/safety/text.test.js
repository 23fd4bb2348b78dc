// Odd characters in every place where text of a user can come to stand. Each text is stored, found again and is all
// that is found; what cannot be stored is refused and leaves nothing.

const { inspect } = require('node:util');

const { Sequelize, DataTypes, Op } = require('sequelize');
const { PhantomDBDialect } = require('../..');
const { engines } = require('../helpers/engines');

const { literal, fn, col } = Sequelize;

const TEXTS = {
  'a dollar': '$1 $$ $name $tag$x$tag$',
  'a colon': ':name ::text :1',
  'a question mark': '? ?? ?|',
  'a single quote': "'' ' '; DROP TABLE \"Things\"; --",
  'a double quote': '" "" "; DROP TABLE x; --',
  'a backtick': '`x` ``',
  'a bracket': '[x]',
  'a backslash': "\\ \\' \\\\ \\0 \\n",
  'a line comment': "x'--\n OR 1=1",
  'a block comment': "/* x */ */ '/* ",
  'a line break': 'a\nb\r\nc\td',
  'Unicode quotes': '\u02bc \u2018x\u2019 \u201cy\u201d \uff07 \uff02 \u00b4',
  'Unicode that looks like nothing': '\u200b\ufeff\u202e\u0301',
  'an emoji': '👩‍👩‍👧 \u{1f600}',
  'a string escape': "E'\\'' U&'\\0027' X'27' q'[x]'",
  'a percent sign': '%_%',
  'a function': 'lower(x)',
  'a semicolon': ';',
  'a word of SQL': 'NULL',
};
const NUL = 'a\0b';
const cases = Object.entries(TEXTS);

describe.each(engines)('text on $name', ({ start }) => {
  const engine = start();
  let sequelize;
  let Thing;

  beforeAll(async () => {
    sequelize = engine.connect();
    Thing = sequelize.define('Thing', { name: DataTypes.TEXT, data: DataTypes.JSON }, { timestamps: false });
    await sequelize.sync();
  });

  beforeEach(async () => {
    await Thing.destroy({ where: {} });
    await Thing.bulkCreate([{ name: 'one', data: { k: 1 } }, { name: 'two' }]);
  });

  const names = (rows) => rows.map((row) => row.name);

  test.each(cases)('%s in values', async (_, text) => {
    const where = [
      { name: text },
      { name: { [Op.in]: [text, 'x'] } },
      { name: { [Op.between]: [text, text] } },
      { [Op.and]: [{ [Op.not]: [{ name: { [Op.ne]: text } }] }, literal('1 = 1')] },
      Sequelize.where(col('name'), text),
      Sequelize.where(fn('concat', col('name'), text), `${text}${text}`),
      { name: fn('concat', text, '') },
    ];
    for (const condition of where) expect(await Thing.count({ where: condition })).toBe(0);
    await Thing.create({ name: text });
    await Thing.bulkCreate([{ name: text }]);
    for (const condition of where) {
      for (const logging of [false, () => {}]) {
        expect(names(await Thing.findAll({ where: condition, logging }))).toEqual([text, text]);
      }
    }
    expect(await Thing.update({ name: `${text}!` }, { where: { name: text } })).toEqual([2]);
    expect(await Thing.destroy({ where: { name: `${text}!` } })).toBe(2);
    expect(await Thing.count()).toBe(2);
  });

  test.each(cases)('%s in replacements, binds and text', async (_, text) => {
    const found = [{ text }];
    const options = { type: 'SELECT' };
    expect(await sequelize.query('SELECT :text AS "text"', { replacements: { text }, ...options })).toEqual(found);
    expect(await sequelize.query('SELECT ? AS "text"', { replacements: [text], ...options })).toEqual(found);
    const one = { replacements: { list: [text] }, ...options };
    expect(await sequelize.query("SELECT ':list' AS t WHERE 'x' IN (:list)", one)).toEqual([]);
    expect(await sequelize.query('SELECT CAST($1 AS TEXT) AS "text"', { bind: [text], ...options })).toEqual(found);
    expect(await sequelize.query('SELECT CAST($t AS TEXT) AS "text"', { bind: { t: text }, ...options })).toEqual(
      found,
    );
    expect(await sequelize.query(`SELECT ${sequelize.escape(text)} AS "text"`, options)).toEqual(found);
    expect(sequelize.escape(text)).toBe(`'${text.replaceAll("'", "''")}'`);
    const generator = sequelize.getQueryInterface().queryGenerator;
    expect(generator.escape(text)).toBe(`'${text.replaceAll("'", "''")}'`);
    const select = generator.selectQuery('Things', { where: { name: text }, attributes: ['id'] });
    expect(await sequelize.query(select, options)).toEqual([]);
    expect(await Thing.count()).toBe(2);
  });

  test.each(cases)('%s beside replacements in literals', async (_, text) => {
    await Thing.create({ name: text });
    for (const logging of [false, () => {}]) {
      const where = [literal('"id" > :least'), { name: text }];
      expect(names(await Thing.findAll({ where, replacements: { least: 0, name: 'x' }, logging }))).toEqual([text]);
      const bound = { where: [literal('"id" > $least'), { name: text }], bind: { least: 0 }, logging };
      expect(names(await Thing.findAll(bound))).toEqual([text]);
    }
  });

  test.each(cases)('%s in JSON keys and values', async (_, text) => {
    const key = text.replaceAll('::', ':').replaceAll('.', '');
    const where = [{ data: { [key]: text } }, { data: { deep: { [key]: { [Op.eq]: text } } } }];
    for (const condition of where) expect(await Thing.count({ where: condition })).toBe(0);
    const { id } = await Thing.create({ name: 'json', data: { [key]: text, deep: { [key]: text } } });
    for (const condition of where)
      expect((await Thing.findAll({ where: condition })).map((row) => row.id)).toEqual([id]);
    expect((await Thing.findByPk(id)).data).toEqual({ [key]: text, deep: { [key]: text } });
    const ordered = await Thing.findAll({ order: [[`data.${key}`, 'ASC NULLS LAST']], limit: 1 });
    expect(names(ordered)).toEqual(['json']);
  });

  // A dot parts the names of a path, and parentheses are refused in attributes (CVE-2023-22578).
  const identifiers = cases.filter(([, text]) => !/[.()]/.test(text));

  test.each(identifiers)('%s in the names of tables, columns and aliases', async (_, text) => {
    const Odd = sequelize.define(
      'Odd',
      { value: { type: DataTypes.TEXT, field: `c ${text}` }, plain: DataTypes.INTEGER },
      { tableName: `t ${text}`, timestamps: false },
    );
    try {
      await Odd.sync();
      await Odd.create({ value: text, plain: 1 });
      await Odd.bulkCreate([{ value: 'other', plain: 2 }]);
      expect(await Odd.findAll({ where: { value: text }, order: [['value', 'DESC']], raw: true })).toEqual([
        { id: 1, value: text, plain: 1 },
      ]);
      const [row] = await Odd.findAll({ attributes: [['plain', `a ${text}`]], order: ['id'], raw: true });
      expect(row).toEqual({ [`a ${text}`]: 1 });
      expect(await Odd.count({ attributes: ['value'], group: [col(`c ${text}`)] })).toHaveLength(2);
      await Odd.increment('plain', { where: { value: text } });
      expect(await Odd.sum('plain', { where: { value: text } })).toBe(2);
      await Odd.upsert({ id: 1, value: `${text}!`, plain: 3 });
      expect((await Odd.findByPk(1)).value).toBe(`${text}!`);
      expect(await Odd.destroy({ where: { value: `${text}!` } })).toBe(1);
      expect(Object.keys(await sequelize.getQueryInterface().describeTable(`t ${text}`))).toContain(`c ${text}`);
    } finally {
      await Odd.drop();
      sequelize.modelManager.removeModel(Odd);
    }
    expect(await Thing.count()).toBe(2);
  });

  test('a condition beside others keeps to itself, however it is nested', async () => {
    const either = { [Op.or]: [{ name: 'one' }, { name: 'two' }] };
    const nested = [
      either,
      { [Op.or]: [either] },
      { [Op.and]: [{ [Op.or]: [either] }] },
      { [Op.or]: [{ [Op.and]: [either] }] },
      { [Op.or]: { [Op.or]: either } },
      { [Op.or]: [literal(`"name" = 'one' OR "name" = 'two'`)] },
      { name: { [Op.or]: [{ [Op.or]: ['one', 'two'] }] } },
    ];
    for (const condition of nested) {
      expect(await Thing.count({ where: condition })).toBe(2);
      expect(await Thing.findAll({ where: { id: -1, [Op.and]: [condition] } })).toEqual([]);
      expect(await Thing.findAll({ where: [condition, { id: -1 }] })).toEqual([]);
      expect(await Thing.destroy({ where: [{ id: -1 }, condition] })).toBe(0);
      expect(await Thing.update({ name: 'x' }, { where: [condition, { id: -1 }] })).toEqual([0]);
    }
  });

  describe('NUL is refused', () => {
    test('and nothing is stored', async () => {
      const writes = [
        () => Thing.create({ name: NUL }),
        () => Thing.bulkCreate([{ name: 'x' }, { name: NUL }]),
        () => Thing.update({ name: NUL }, { where: {} }),
        () => Thing.upsert({ id: 1, name: NUL }),
        () => Thing.create({ data: { a: NUL } }),
        () => Thing.create({ data: { [NUL]: 1 } }),
        () => Thing.update({ data: { a: [NUL] } }, { where: {} }),
        () => sequelize.query('INSERT INTO "Things" ("name") VALUES ($1)', { bind: [NUL] }),
        () => sequelize.query('INSERT INTO "Things" ("name") VALUES (:n)', { replacements: { n: NUL } }),
        () => sequelize.query(`INSERT INTO "Things" ("name") VALUES ('${NUL}')`),
      ];
      for (const write of writes) await expect(write()).rejects.toThrow(/NUL/);
      expect(names(await Thing.findAll({ order: ['id'] }))).toEqual(['one', 'two']);
    });

    test('in conditions, names and escape', async () => {
      for (const where of [{ name: NUL }, { name: { [Op.like]: NUL } }, { data: { [NUL]: 1 } }, { [NUL]: 1 }]) {
        await expect(Thing.findAll({ where })).rejects.toThrow();
        await expect(Thing.destroy({ where })).rejects.toThrow();
      }
      await expect(Thing.findAll({ attributes: [NUL] })).rejects.toThrow();
      await expect(Thing.findAll({ order: [NUL] })).rejects.toThrow();
      expect(() => sequelize.escape(NUL)).toThrow('NUL');
      expect(await Thing.count()).toBe(2);
    });
  });

  test('CVE-2023-22580 GHSA-8c25-f3mj-v6h8: an error holds no SQL, value, host or password of others', async () => {
    const secret = 'hunter2-secret';
    const failures = [
      () => Thing.create({ id: 'x', name: secret }),
      () => sequelize.query('SELECT * FROM "Nowhere" WHERE "password" = $1', { bind: [secret] }),
      () => Thing.findAll({ where: { missing: 1, name: secret } }),
      () => sequelize.query('SELEC $1', { bind: [secret] }),
    ];
    for (const fail of failures) {
      const error = await fail().then(
        () => null,
        (caught) => caught,
      );
      expect(error).toBeInstanceOf(Sequelize.Error);
      const told = `${error.message} ${error.parent?.message} ${JSON.stringify(error.parent?.details ?? {})}`;
      expect(told).not.toContain(secret);
      expect(told).not.toMatch(/SELECT|INSERT|127\.0\.0\.1|\/tmp|\.rs\b/);
    }
  });
});

test('CVE-2023-22580: a failed connection tells no token and no password', async () => {
  expect(() => new PhantomDBDialect('http://bob:hunter2@127.0.0.1:1')).toThrow(/^(?!.*hunter2)/);
  const dialect = new PhantomDBDialect('http://127.0.0.1:1', { retries: 0, token: 'hunter3' });
  const sequelize = new Sequelize('x', 'bob', 'hunter4', { dialect, logging: false });
  const error = await sequelize.authenticate().catch((caught) => caught);
  expect(error).toBeInstanceOf(Sequelize.ConnectionError);
  expect(inspect(error, { depth: 10 }) + JSON.stringify(error)).not.toContain('hunter');
  await sequelize.close();
});
