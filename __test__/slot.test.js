const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const { Sequelize, DataTypes } = require('sequelize');
const { PhantomDBDialect, PhantomDBError } = require('..');

const root = path.join(__dirname, '..');
const run = promisify(execFile);

/** Runs a script in a process of its own, in the repository, and answers what it printed. */
async function inNode(script, ...options) {
  const { stdout } = await run(process.execPath, [...options, '-e', script], { cwd: root, timeout: 20_000 });
  return stdout.trim();
}

/** A copy of the files of sequelize that is not the one this project loads. */
function copyOfSequelize() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-slot-'));
  const modules = path.join(folder, 'node_modules');
  const own = fs.realpathSync(path.join(root, 'node_modules'));
  fs.mkdirSync(modules);
  fs.cpSync(path.join(own, 'sequelize'), path.join(modules, 'sequelize'), { recursive: true });
  for (const name of fs.readdirSync(own)) {
    if (name !== 'sequelize' && !name.startsWith('.')) {
      fs.symlinkSync(path.join(own, name), path.join(modules, name));
    }
  }
  return { folder, entry: path.join(modules, 'sequelize') };
}

describe('the slot of Sequelize', () => {
  const open = [];

  function connect(options = {}, url = 'memory:') {
    const sequelize = new Sequelize('slot', null, null, {
      logging: false,
      dialect: new PhantomDBDialect(url),
      ...options,
    });
    open.push(sequelize);
    return sequelize;
  }

  afterEach(async () => {
    await Promise.all(open.splice(0).map((sequelize) => sequelize.close()));
  });

  test('is filled: a query runs, and Sequelize says it is phantomdb', async () => {
    const sequelize = connect();
    expect(sequelize.getDialect()).toBe('phantomdb');
    expect(sequelize.dialect.name).toBe('phantomdb');
    expect(sequelize.options.dialect).toBe('sqlite');
    expect(sequelize.getQueryInterface()).toBe(sequelize.dialect.queryInterface);
    expect(await sequelize.query('SELECT 1 AS one', { type: 'SELECT' })).toEqual([{ one: 1 }]);
    await sequelize.authenticate();
    expect(await sequelize.databaseVersion()).toMatch(/^\d+\.\d+/);
  });

  test("leaves the user's options as they are, for as many instances as wanted", async () => {
    const dialect = new PhantomDBDialect('memory:');
    const options = Object.freeze({
      dialect,
      logging: false,
      timezone: '+02:00',
      host: 'localhost',
      pool: { max: 3, min: 1 },
      dialectOptions: { a: 1 },
      typeValidation: true,
    });
    for (const name of ['one', 'two']) {
      const sequelize = new Sequelize(name, null, null, options);
      open.push(sequelize);
      expect(sequelize.config).toMatchObject({ database: name, pool: { max: 3, min: 1 }, dialectOptions: { a: 1 } });
      expect(sequelize.options).toMatchObject({ timezone: '+02:00', host: 'localhost', pool: { max: 3, min: 1 } });
      expect(sequelize.dialect.queryGenerator.typeValidation).toBe(true);
      await sequelize.authenticate();
    }
    expect(options.dialect).toBe(dialect);
  });

  test('takes the options alone, and names a database when the user does not', async () => {
    const sequelize = new Sequelize({ dialect: new PhantomDBDialect('memory:'), logging: false });
    open.push(sequelize);
    expect(sequelize.getDatabaseName()).toBe('main');
    await sequelize.authenticate();
  });

  test('holds two databases apart, and two dialects with different URLs', async () => {
    const dialect = new PhantomDBDialect('memory:');
    const first = connect({ dialect });
    const second = new Sequelize('other', null, null, { logging: false, dialect });
    const third = connect({}, 'memory:slot-third');
    open.push(second);
    for (const [index, sequelize] of [first, second, third].entries()) {
      const Thing = sequelize.define('Thing', { name: DataTypes.STRING });
      await sequelize.sync();
      await Thing.create({ name: `of ${index}` });
    }
    for (const [index, sequelize] of [first, second, third].entries()) {
      expect((await sequelize.models.Thing.findAll()).map((thing) => thing.name)).toEqual([`of ${index}`]);
    }
  });

  test('shares a named memory database between dialects', async () => {
    const [one, two] = [connect({}, 'memory:slot-shared'), connect({}, 'memory:slot-shared')];
    await one.query('CREATE TABLE shared (id INTEGER)');
    await one.query('INSERT INTO shared VALUES (7)');
    expect(await two.query('SELECT id FROM shared', { type: 'SELECT' })).toEqual([{ id: 7 }]);
  });

  test('leaves stock dialects alone in the same process', async () => {
    const sequelize = connect();
    const stock = new Sequelize({ dialect: 'sqlite', storage: ':memory:', logging: false });
    open.push(stock);
    expect(stock.getDialect()).toBe('sqlite');
    expect(stock.dialect).not.toBeInstanceOf(sequelize.dialect.constructor);
    const attributes = { name: DataTypes.STRING, at: DataTypes.DATE };
    const at = new Date('2026-01-02T03:04:05.006Z');
    for (const each of [sequelize, stock]) {
      const Thing = each.define('Thing', attributes);
      await each.sync({ force: true });
      await Thing.create({ name: "it's \\ here", at });
      expect((await Thing.findOne({ where: { name: "it's \\ here" } })).at).toEqual(at);
    }
    expect(stock.escape("it's")).toBe("'it''s'");
  });

  test('survives a user who clears every hook', async () => {
    const { hooks } = Sequelize.options;
    Sequelize.options.hooks = {};
    try {
      const sequelize = connect();
      sequelize.options.hooks = {};
      expect(sequelize.getDialect()).toBe('phantomdb');
      await sequelize.authenticate();
    } finally {
      Sequelize.options.hooks = hooks;
    }
  });

  test('lets hooks choose the dialect, and see it afterwards', () => {
    const dialect = new PhantomDBDialect('memory:');
    const seen = [];
    Sequelize.addHook('beforeInit', 'choose', (_config, options) => {
      options.dialect = dialect;
    });
    Sequelize.addHook('afterInit', 'look', (sequelize) => seen.push(sequelize.getDialect()));
    try {
      open.push(new Sequelize('slot', null, null, { dialect: 'postgres' }));
    } finally {
      Sequelize.removeHook('beforeInit', 'choose');
      Sequelize.removeHook('afterInit', 'look');
    }
    expect(seen).toEqual(['phantomdb']);
  });

  test('serves a subclass of Sequelize', async () => {
    class Mine extends Sequelize {}
    const sequelize = new Mine('slot', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
    open.push(sequelize);
    expect(sequelize.getDialect()).toBe('phantomdb');
    await sequelize.authenticate();
  });

  test('init puts the dialect into an instance made with another one', async () => {
    const dialect = new PhantomDBDialect('memory:');
    const sequelize = new Sequelize({ dialect: 'sqlite', logging: false });
    open.push(sequelize);
    expect(dialect.init(sequelize)).toBe(sequelize);
    expect(sequelize.getDialect()).toBe('phantomdb');
    const before = sequelize.dialect;
    dialect.init(sequelize);
    expect(sequelize.dialect).toBe(before);
    expect(await sequelize.query('SELECT 1 AS one', { type: 'SELECT' })).toEqual([{ one: 1 }]);
  });

  test('works for each copy of this package that Jest makes', async () => {
    const dialect = new PhantomDBDialect('memory:');
    jest.resetModules();
    const again = { ...require('sequelize'), ...require('..') };
    expect(again.Sequelize).not.toBe(Sequelize);
    expect(again.PhantomDBDialect).not.toBe(PhantomDBDialect);
    const sequelize = new again.Sequelize('slot', null, null, {
      dialect: new again.PhantomDBDialect('memory:'),
      logging: false,
    });
    // A dialect of the first copy, in the Sequelize of the second.
    const mixed = new again.Sequelize('slot', null, null, { dialect, logging: false });
    open.push(sequelize, mixed);
    await sequelize.authenticate();
    await mixed.authenticate();
  });

  test('is published in words that Jest 26 knows, which has no modules with "node:"', () => {
    const files = ['index.js', 'bin', 'driver', 'sequelize'].flatMap((name) => {
      const place = path.join(__dirname, '..', name);
      const found = fs.statSync(place).isFile() ? [place] : fs.readdirSync(place, { recursive: true });
      return found.map((file) => path.resolve(place, file)).filter((file) => file.endsWith('.js'));
    });
    expect(files.length).toBeGreaterThan(40);
    expect(files.filter((file) => fs.readFileSync(file, 'utf8').includes("require('node:"))).toEqual([]);
  });

  test('a deep copy of the options still has the dialect', async () => {
    const { cloneDeep } = require('lodash');
    const options = cloneDeep({ dialect: new PhantomDBDialect('memory:'), logging: false });
    const sequelize = new Sequelize('slot', null, null, options);
    open.push(sequelize);
    await sequelize.authenticate();
  });

  describe('in other copies of Sequelize', () => {
    let copy;
    beforeAll(() => {
      copy = copyOfSequelize();
    });
    afterAll(() => fs.rmSync(copy.folder, { recursive: true, force: true }));

    const construct = 'new Sequelize("db", null, null, { dialect, logging: false })';

    test('a copy that was not reached says so', async () => {
      const printed = await inNode(`
        const { PhantomDBDialect } = require('./index.js');
        const dialect = new PhantomDBDialect('memory:');
        const { Sequelize } = require(${JSON.stringify(copy.entry)});
        try { ${construct} } catch (error) { console.log(error.message) }`);
      expect(printed).toMatch(/^The dialect PhantomDBDialect\(memory:\), which was given to a copy of Sequelize/);
      expect(printed).toContain('call PhantomDBDialect.use(Sequelize)');
      expect(printed).not.toContain('[object Object]');
    });

    test('use(Sequelize) reaches it', async () => {
      const printed = await inNode(`
        const { PhantomDBDialect } = require('./index.js');
        const dialect = new PhantomDBDialect('memory:');
        const { Sequelize } = require(${JSON.stringify(copy.entry)});
        PhantomDBDialect.use(Sequelize);
        const sequelize = ${construct};
        sequelize.authenticate().then(() => console.log(sequelize.getDialect()));`);
      expect(printed).toBe('phantomdb');
    });

    test('a copy that is loaded when the dialect is constructed is reached', async () => {
      const printed = await inNode(`
        const { Sequelize } = require(${JSON.stringify(copy.entry)});
        const { PhantomDBDialect } = require('./index.js');
        const dialect = new PhantomDBDialect('memory:');
        const sequelize = ${construct};
        sequelize.authenticate().then(() => console.log(sequelize.getDialect()));`);
      expect(printed).toBe('phantomdb');
    });

    test('use refuses what is not Sequelize 6, and a copy out of range', () => {
      expect(() => PhantomDBDialect.use(class {})).toThrow('takes the class Sequelize');
      class Old {}
      Old.prototype.Sequelize = Old;
      Old.version = '6.12.0';
      expect(() => PhantomDBDialect.use(Old)).toThrow('this copy is 6.12.0');
    });
  });

  test('works from ESM, with the same class', async () => {
    const printed = await inNode(
      `import { createRequire } from 'node:module';
       import { Sequelize } from 'sequelize';
       import { PhantomDBDialect, PhantomDBError } from 'phantomdb-sequelize';
       import phantomdb from 'phantomdb-sequelize';
       const required = createRequire(process.cwd() + '/x.js')('phantomdb-sequelize');
       const sequelize = new Sequelize('db', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
       const [rows] = await sequelize.query('SELECT 1 AS one');
       console.log(rows[0].one, required.PhantomDBDialect === PhantomDBDialect, phantomdb.PhantomDBError === PhantomDBError);`,
      '--input-type=module',
    );
    expect(printed).toBe('1 true true');
  });

  test('a process exits by itself, closed or not', async () => {
    const script = (end) => `
      const { Sequelize } = require('sequelize');
      const { PhantomDBDialect } = require('./index.js');
      const sequelize = new Sequelize('db', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
      sequelize.query('SELECT 1').then(() => ${end}).then(() => console.log('done'));`;
    expect(await inNode(script('sequelize.close()'))).toBe('done');
    await expect(inNode(script('null'))).resolves.toBe('done');
  });

  test('the last Sequelize that is closed closes the dialect, which can then be used again', async () => {
    const dialect = new PhantomDBDialect('memory:');
    const [one, two] = ['a', 'b'].map((name) => new Sequelize(name, null, null, { dialect, logging: false }));
    await one.query('CREATE TABLE kept (id INTEGER)');
    await two.close();
    await two.close();
    expect(await one.query('SELECT * FROM kept', { type: 'SELECT' })).toEqual([]);
    await one.close();
    await expect(one.query('SELECT 1')).rejects.toThrow('was called after the connection manager was closed');
    const three = new Sequelize('a', null, null, { dialect, logging: false });
    open.push(three);
    await expect(three.query('SELECT * FROM kept')).rejects.toThrow(Sequelize.DatabaseError);
  });

  test('honours pool, its hooks, and a queue of callers', async () => {
    const connected = [];
    const sequelize = connect({ pool: { max: 2, idle: 10_000 } });
    sequelize.addHook('beforeConnect', (config) => connected.push(config.database));
    const running = Array.from({ length: 50 }, (_, i) =>
      sequelize.query('SELECT $1 AS n', { bind: [i], type: 'SELECT' }),
    );
    const results = await Promise.all(running);
    expect(results.map(([row]) => row.n)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(connected).toEqual(['slot', 'slot']);
  });

  describe('the constructor of the dialect', () => {
    test('names the option that is wrong', () => {
      expect(() => new PhantomDBDialect('memory:', { createDatabases: true })).toThrow(
        "PhantomDBDialect has no option 'createDatabases'. The options are: token,",
      );
      expect(() => new PhantomDBDialect('memory:', { requestTimeoutMs: '5' })).toThrow(
        "The option 'requestTimeoutMs' of PhantomDBDialect must be a whole number of milliseconds above 0, not '5'.",
      );
      expect(() => new PhantomDBDialect('memory:', { token: 5 })).toThrow("option 'token'");
      expect(() => new PhantomDBDialect(5)).toThrow('must be a string, not 5');
      expect(() => new PhantomDBDialect('https://h', { ssl: true })).toThrow(
        "no option 'ssl'. For TLS write a URL with",
      );
      expect(() => new PhantomDBDialect('memory:', 5)).toThrow('must be an object, not 5');
    });

    test('refuses a connection string that names nothing, listing those that do', () => {
      expect(() => new PhantomDBDialect('mysql://x')).toThrow(PhantomDBError);
      expect(() => new PhantomDBDialect('mysql://x')).toThrow(/memory:.*file:/s);
    });

    test('takes its URL from PHANTOMDB_URL', () => {
      const before = process.env.PHANTOMDB_URL;
      process.env.PHANTOMDB_URL = 'memory:from-environment';
      try {
        expect(new PhantomDBDialect().url).toBe('memory:from-environment');
        delete process.env.PHANTOMDB_URL;
        expect(new PhantomDBDialect().url).toBe('http://localhost:8080');
      } finally {
        if (before !== undefined) process.env.PHANTOMDB_URL = before;
      }
    });
  });
});
