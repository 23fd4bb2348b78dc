'use strict';

// Configurations that name PhantomDB in words: one URL, or `dialect: 'phantomdb'`, as `config.json` and `DATABASE_URL`
// must.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { startServer } = require('./helpers/engines.js');
const { Project } = require('./helpers/project.js');

jest.setTimeout(120_000);

const open = [];
function connect(...args) {
  const sequelize = new Sequelize(...args);
  open.push(sequelize);
  return sequelize;
}

/** Where an instance has its database. */
const place = ({ dialect, config }) => [dialect.client.url, config.database];

afterEach(async () => {
  await Promise.all(open.splice(0).map((sequelize) => sequelize.close()));
});

describe('a URL for everything', () => {
  const URLS = [
    ['phantomdb://localhost:8080/app', 'http://localhost:8080', 'app'],
    ['phantomdb://db.internal/app', 'http://db.internal:8080', 'app'],
    ['phantomdb://localhost:8080', 'http://localhost:8080', 'main'],
    ['phantomdb://[::1]:9000/app', 'http://[::1]:9000', 'app'],
    ['phantomdb+https://db.internal/app', 'https://db.internal', 'app'],
    ['phantomdb+https://db.internal:8443/my%20app', 'https://db.internal:8443', 'my app'],
    ['phantomdb+memory:///app', 'memory:', 'app'],
    ['phantomdb+memory://shared/app', 'memory:shared', 'app'],
    ['phantomdb+file:///var/data/app', 'file:/var/data', 'app'],
    ['phantomdb+file:///var/my%20data/app', 'file:/var/my data', 'app'],
    ['phantomdb+file:./data/app', 'file:./data', 'app'],
    ['phantomdb+file:../app', 'file:..', 'app'],
    ['phantomdb+file://./data/shop/app', 'file:./data/shop', 'app'],
  ];

  test.each(URLS)('%s', (url, connectionString, database) => {
    for (const given of [[url], [url, { logging: false }], [{ dialect: 'phantomdb', url }]]) {
      const sequelize = connect(...given);
      expect(place(sequelize)).toEqual([connectionString, database]);
      expect(sequelize.getDialect()).toBe('phantomdb');
      expect(sequelize.options.url).toBe(connectionString);
    }
  });

  test.each([
    ['phantomdb+file:data/app', 'begins with ./ or ../'],
    ['phantomdb+file://data/app', 'begins with ./ or ../'],
    ['phantomdb+file:///var/data/', 'names no database'],
    ['phantomdb://localhost/a/b', 'a path of several parts'],
    ['phantomdb:///app', 'names no host'],
    ['phantomdb+ftp://localhost/app', 'no URLs that begin with phantomdb+ftp:'],
    ['phantomdb://localhost/%zz', 'not followed by two hexadecimal digits'],
  ])('%s is refused, and the message lists the forms', (url, message) => {
    for (const given of [[url], [{ dialect: 'phantomdb', url }]]) {
      expect(() => connect(...given)).toThrow(message);
      expect(() => connect(...given)).toThrow('phantomdb+memory:///DATABASE');
    }
  });

  test('options of the dialect may stand in its query, and in dialectOptions', () => {
    const url = 'phantomdb+memory:///app?requestTimeoutMs=500&native=true';
    expect(connect(url).dialect.client.native).toBe(true);
    expect(connect({ dialect: 'phantomdb', url }).dialect.client.native).toBe(true);
    expect(connect('phantomdb+memory:///app', { dialectOptions: { native: true } }).dialect.client.native).toBe(true);
    expect(() => connect('phantomdb+memory:///app?requestTimeoutMs=soon')).toThrow("option 'requestTimeoutMs'");
    expect(() => connect('phantomdb+memory:///app?tiemout=5')).toThrow("no option 'tiemout'");
  });

  test('the connection strings of a dialect are no URLs for everything, and the message says what is', () => {
    expect(() => connect('http://localhost:8080/app')).toThrow("new Sequelize('phantomdb://HOST:PORT/DATABASE')");
    expect(() => connect('https://localhost/app')).toThrow("new Sequelize('phantomdb+https://HOST/DATABASE')");
    expect(() => connect('file:./data')).toThrow("new Sequelize('phantomdb+file:./DIRECTORY/DATABASE')");
    expect(() => connect('memory:')).toThrow("new Sequelize('phantomdb+memory:///DATABASE')");
    expect(() => connect('http://h', { dialect: new PhantomDBDialect('memory:') })).toThrow('decides the dialect');
    expect(() => new PhantomDBDialect('phantomdb://:secret@h/app')).toThrow('give it to new Sequelize(url)');
  });

  test('the URL decides where a PhantomDBDialect is given beside it', () => {
    const dialect = new PhantomDBDialect('memory:other');
    expect(place(connect('phantomdb+memory:///app', { dialect }))).toEqual(['memory:', 'app']);
  });
});

describe("dialect: 'phantomdb'", () => {
  test('takes a url and a database', async () => {
    const sequelize = connect({ dialect: 'phantomdb', url: 'memory:', database: 'myapp', logging: false });
    expect(place(sequelize)).toEqual(['memory:', 'myapp']);
    const User = sequelize.define('User', { name: DataTypes.STRING });
    await sequelize.sync();
    await User.create({ name: 'Ann' });
    expect(await User.count()).toBe(1);
    expect(await PhantomDBDialect.of(sequelize).select('myapp', 'Users', { columns: ['name'] })).toEqual([
      { name: 'Ann' },
    ]);
  });

  test('takes a host, a port and ssl as other dialects do', () => {
    const at = (options) => place(connect('myapp', 'root', null, { dialect: 'phantomdb', ...options }));
    expect(at({ host: '127.0.0.1' })).toEqual(['http://127.0.0.1:8080', 'myapp']);
    expect(place(connect({ dialect: 'phantomdb', host: 'db', database: '100%' }))).toEqual(['http://db:8080', '100%']);
    expect(at({ host: 'db', port: 9000 })).toEqual(['http://db:9000', 'myapp']);
    expect(at({ host: 'db', ssl: true })).toEqual(['https://db', 'myapp']);
    expect(at({ port: '9000' })).toEqual(['http://localhost:9000', 'myapp']);
  });

  test('without either it is where new PhantomDBDialect() is', () => {
    const before = process.env.PHANTOMDB_URL;
    try {
      process.env.PHANTOMDB_URL = 'memory:elsewhere';
      expect(place(connect({ dialect: 'phantomdb', database: 'myapp' }))).toEqual(['memory:elsewhere', 'myapp']);
      // A URL says where.
      expect(place(connect('phantomdb://localhost/myapp'))).toEqual(['http://localhost:8080', 'myapp']);
      delete process.env.PHANTOMDB_URL;
      expect(place(connect({ dialect: 'phantomdb' }))).toEqual(['http://localhost:8080', 'main']);
    } finally {
      if (before !== undefined) process.env.PHANTOMDB_URL = before;
    }
  });

  test('refuses what contradicts itself, and a url that is not set', () => {
    const make = (options) => () => connect({ dialect: 'phantomdb', ...options });
    expect(make({ url: undefined })).toThrow('No URL was given: the option url');
    expect(make({ url: 'http://a:1', host: 'b' })).toThrow('two different places');
    expect(make({ url: 'phantomdb://a/one', database: 'two' })).toThrow("names the database 'one'");
    expect(make({ storage: 'app.db' })).toThrow("Write url: 'file:DIRECTORY'");
    expect(make({ password: 'one', dialectOptions: { token: 'two' } })).toThrow('two different tokens');
    expect(make({ dialectOptions: { ssl: { rejectUnauthorized: false } } })).toThrow("no option 'ssl'. For TLS write");
  });

  test("leaves Sequelize's own dialects alone", async () => {
    connect('phantomdb+memory:///app', { logging: false });
    const stock = connect('sqlite::memory:', { logging: false });
    expect(stock.getDialect()).toBe('sqlite');
    expect(await stock.query('SELECT 1 AS one', { type: 'SELECT' })).toEqual([{ one: 1 }]);
    expect(() => connect('nosuch://localhost/app')).toThrow('The dialect nosuch is not supported');
  });

  test.each(['sequelize-6.28', 'sequelize-6.33'])('works with %s', async (name) => {
    const other = PhantomDBDialect.use(require(name).Sequelize);
    const sequelize = new other('phantomdb+memory:///app', { logging: false });
    open.push(sequelize);
    expect(await sequelize.query('SELECT 1 AS one', { type: 'SELECT' })).toEqual([{ one: 1 }]);
  });

  test("works in each of Jest's module registries, whichever package is loaded first", async () => {
    for (const names of [
      ['sequelize', '..'],
      ['..', 'sequelize'],
    ]) {
      jest.resetModules();
      const [{ Sequelize: Again }] = names.map((name) => require(name)).sort((a) => (a.Sequelize ? -1 : 1));
      expect(Again).not.toBe(Sequelize);
      const sequelize = new Again('phantomdb+memory:///app', { logging: false });
      open.push(sequelize);
      await sequelize.authenticate();
    }
  });
});

describe('the token', () => {
  const TOKEN = 'se:cr/e@t-of-20-letters';
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-token-'));
  let server;

  beforeAll(async () => {
    fs.writeFileSync(path.join(directory, 'tokens'), TOKEN);
    server = await startServer('--token-file', path.join(directory, 'tokens'));
  });
  afterAll(async () => {
    await server.stop();
    fs.rmSync(directory, { recursive: true });
  });

  test('may stand where the password stands, and is shown nowhere', async () => {
    const { host, hostname, port } = new URL(server.url);
    const whole = `phantomdb://me:${encodeURIComponent(TOKEN)}@${host}/app`;
    for (const given of [
      [whole],
      [{ dialect: 'phantomdb', url: whole }],
      [{ dialect: 'phantomdb', host: hostname, port, username: 'me', password: TOKEN }],
      ['app', 'me', TOKEN, { dialect: 'phantomdb', host: hostname, port }],
      [{ dialect: 'phantomdb', url: server.url, dialectOptions: { token: TOKEN } }],
      [`phantomdb://${host}/app?token=${encodeURIComponent(TOKEN)}`],
    ]) {
      const lines = [];
      if (typeof given.at(-1) === 'object') given.at(-1).logging = (line) => lines.push(line);
      const sequelize = connect(...given);
      sequelize.options.logging = (line) => lines.push(line);
      await sequelize.authenticate();
      const error = await sequelize.query('SELECT nothing').catch((caught) => caught);
      expect(lines.length).toBeGreaterThan(0);
      const shown = [
        lines,
        sequelize.config,
        sequelize.options,
        error.message,
        error.stack,
        sequelize.dialect.client.url,
      ];
      for (const text of [TOKEN, encodeURIComponent(TOKEN)]) {
        expect(JSON.stringify(shown)).not.toContain(text);
      }
    }
  });

  test("the user's own options keep what they say", () => {
    const options = Object.freeze({
      dialect: 'phantomdb',
      url: server.url,
      password: TOKEN,
      dialectOptions: { retries: 1 },
    });
    connect(options);
    connect(options);
    expect(options).toMatchObject({ password: TOKEN, dialectOptions: { retries: 1 } });
  });

  test('no message repeats it', () => {
    for (const url of [`phantomdb://:secret@h/a/b`, 'phantomdb+ftp://:secret@h/a', 'phantomdb://:secret@h:x/a']) {
      for (const given of [[url], [{ dialect: 'phantomdb', url }]]) {
        let message = '';
        try {
          connect(...given);
        } catch (error) {
          message = error.message;
        }
        if (given[0] !== url) expect(message).not.toBe('');
        expect(message).not.toContain('secret');
      }
    }
  });
});

describe('sequelize-cli', () => {
  let project;
  beforeEach(() => {
    project = new Project();
    project.write({ '.sequelizerc': "// Three lines.\nrequire('phantomdb-sequelize');\nmodule.exports = {};\n" });
  });
  afterEach(() => project.remove());

  async function cli(command, env) {
    const { code, output } = await project.cli(command, env);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
    return output;
  }

  const users = (env) =>
    project.run(
      ['-e', "require('phantomdb-sequelize'); require('./models').User.count({ logging: false }).then(console.log)"],
      env,
    );

  test('what init generates works with a dialect in config.json', async () => {
    await cli('init');
    const config = JSON.parse(fs.readFileSync(project.at('config', 'config.json'), 'utf8'));
    config.development = { dialect: 'phantomdb', url: 'file:./data', database: 'app', seederStorage: 'sequelize' };
    project.write({ 'config/config.json': JSON.stringify(config) });
    await cli('model:generate --name User --attributes name:string');
    await cli('db:migrate');
    project.write({
      'seeders/1-ann.js': `module.exports = {
        up: (queryInterface) => queryInterface.bulkInsert('Users', [{ name: 'Ann', createdAt: new Date(), updatedAt: new Date() }]),
        down: (queryInterface) => queryInterface.bulkDelete('Users', {}),
      };`,
    });
    await cli('db:seed:all');
    expect(await users()).toEqual({ code: 0, output: '1\n' });
    await cli('db:seed:undo:all');
    await cli('db:migrate:undo');
    expect(await cli('db:migrate:status')).toContain('down');
    expect(await cli('db:drop')).toContain('Database app dropped.');
    expect(await cli('db:create')).toContain('Database app created.');
  });

  test('reads DATABASE_URL and --url, and does not print the token', async () => {
    await cli('init');
    const url = 'phantomdb+file:./data/app';
    project.write({ 'config/config.json': JSON.stringify({ development: { use_env_variable: 'DATABASE_URL' } }) });
    await cli('model:generate --name User --attributes name:string');
    await cli('db:migrate', { DATABASE_URL: url });
    expect(await users({ DATABASE_URL: url })).toEqual({ code: 0, output: '0\n' });
    expect(await cli(`db:migrate:status --url ${url}`)).toMatch(/up .*create-user/);
    const unset = await project.cli('db:migrate');
    expect(unset).toMatchObject({ code: 1 });
    expect(unset.output).toContain('the environment variable DATABASE_URL is not set');
    const refused = await project.cli('db:migrate --url phantomdb://:se%40cret@127.0.0.1:1/app');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.output).toContain('Parsed url phantomdb://127.0.0.1:1/app');
    expect(refused.output).toContain('refused the connection');
    expect(refused.output).not.toMatch(/se(%40|@)cret/);
  });

  describe('npx phantomdb init', () => {
    const init = (...args) =>
      project.run([path.join('node_modules', 'phantomdb-sequelize', 'bin', 'phantomdb.js'), 'init', ...args]);
    const create = (script) =>
      project.run([
        '-e',
        `${script}.then(({ User }) => User.create({ name: 'Ann' }, { logging: false })).then((user) => console.log(user.id))`,
      ]);
    const files = () =>
      Object.fromEntries(
        fs
          .readdirSync(project.directory, { recursive: true })
          .filter((name) => !name.startsWith('node_modules') && fs.statSync(project.at(name)).isFile())
          .map((name) => [name, fs.readFileSync(project.at(name), 'utf8')]),
      );

    test('writes a configuration and a model that work, and overwrites nothing', async () => {
      fs.rmSync(project.at('.sequelizerc'));
      const first = await init('--database', 'shop');
      expect(first.code).toBe(0);
      for (const name of ['.sequelizerc', 'config/config.js', 'models/index.js', 'models/user.js', 'migrations/']) {
        expect(first.output).toContain(`Wrote ${name}`);
      }
      const written = files();
      expect(written['.sequelizerc'].trim().split('\n')).toHaveLength(3);
      const second = await init('--database', 'other');
      expect(second.output).not.toContain('Wrote');
      expect(second.output).toContain('Kept  config/config.js, which was there. A configuration for PhantomDB is');
      expect(files()).toEqual(written);
      await cli('db:migrate');
      await cli('model:generate --name Post --attributes title:string');
      expect(await create("Promise.resolve(require('./models'))")).toEqual({ code: 0, output: '1\n' });
      expect(fs.readdirSync(project.at('data')).join()).toContain('shop');
    });

    test('writes ECMAScript modules where package.json asks for them', async () => {
      project.write({ 'package.json': '{ "type": "module" }', 'config/config.json': '{}' });
      expect((await init()).output).toContain('Kept  config/config.json');
      project.write({
        'config/config.json': JSON.stringify({
          development: { dialect: 'phantomdb', url: 'file:./data', database: 'app', logging: false },
        }),
      });
      await cli('db:migrate');
      expect(await create("import('./models/index.js')")).toEqual({ code: 0, output: '1\n' });
    });

    test('writes TypeScript that type-checks', async () => {
      expect((await init('--typescript')).code).toBe(0);
      for (const name of ['@types', 'undici-types']) {
        fs.symlinkSync(path.join(__dirname, '..', 'node_modules', name), project.at('node_modules', name));
      }
      const tsc = path.join(__dirname, '..', 'node_modules', 'typescript', 'bin', 'tsc');
      const options = '--strict --module nodenext --target es2022 --outDir dist --types node'.split(' ');
      expect(await project.run([tsc, ...options, 'models/index.ts'])).toEqual({ code: 0, output: '' });
      await cli('db:migrate');
      expect(await create("import('./dist/index.js')")).toEqual({ code: 0, output: '1\n' });
    });

    test('refuses options that it does not know', async () => {
      const { code, output } = await init('--url', 'phantomdb://h/app');
      expect(code).toBe(2);
      expect(output).toContain('the database goes into --database');
      expect(fs.readdirSync(project.directory).sort()).toEqual(['.sequelizerc', 'node_modules']);
    });
  });
});

test('a relative file URL has its directory where the process works', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-naming-'));
  const before = process.cwd();
  process.chdir(directory);
  try {
    const sequelize = new Sequelize('phantomdb+file:./data/app', { logging: false });
    await sequelize.query('CREATE TABLE t (id INTEGER)');
    await sequelize.close();
    expect(fs.readdirSync('data').join()).toContain('app');
  } finally {
    process.chdir(before);
    fs.rmSync(directory, { recursive: true });
  }
});
