'use strict';

// The messages for what people get wrong in their first hour: each says what was wrong and what to do.

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { format } = require('node:util');

const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect, PhantomDBError } = require('..');
const { startServer } = require('./helpers/engines.js');
const { Project } = require('./helpers/project.js');

jest.setTimeout(60_000);

const root = path.join(__dirname, '..');
const BIN = path.join(root, 'bin', 'phantomdb.js');

let directory;
beforeAll(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-messages-'));
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

/** The message with which work fails. */
async function messageOf(work) {
  try {
    await work();
  } catch (error) {
    return error.message;
  }
  throw new Error('It did not fail.');
}

/** Runs `phantomdb` to its end. */
async function phantomdb(...args) {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: directory, env: { ...process.env, COLUMNS: '200' } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

describe('a dialect that is given wrongly', () => {
  test('a class in place of an instance', () => {
    expect(() => new Sequelize({ dialect: PhantomDBDialect })).toThrow(
      "The option dialect is a class: pass an instance, new PhantomDBDialect('memory:').",
    );
    expect(`The dialect ${PhantomDBDialect} is not supported.`).toContain("new PhantomDBDialect('memory:')");
  });

  test('the package as dialectModule', () => {
    expect(() => new Sequelize({ dialect: 'sqlite', dialectModule: require('..') })).toThrow('is no dialectModule');
  });

  test('no URL, because a variable is not set', () => {
    for (const url of [undefined, null, '']) {
      expect(() => new PhantomDBDialect(url)).toThrow(/^No URL was given: .*Is an environment variable not set\?/);
    }
    expect(() => new PhantomDBDialect(undefined, { retries: 1 })).toThrow('No URL was given');
    const before = process.env.PHANTOMDB_URL;
    process.env.PHANTOMDB_URL = '';
    try {
      expect(() => new PhantomDBDialect()).toThrow('the environment variable PHANTOMDB_URL is empty');
    } finally {
      if (before === undefined) delete process.env.PHANTOMDB_URL;
      else process.env.PHANTOMDB_URL = before;
    }
  });

  test('to another version of Sequelize', async () => {
    const project = new Project();
    try {
      fs.rmSync(project.at('node_modules', 'sequelize'));
      const own = fs.realpathSync(path.join(root, 'node_modules'));
      fs.cpSync(path.join(own, 'sequelize'), project.at('node_modules', 'sequelize'), { recursive: true });
      for (const name of fs.readdirSync(own)) {
        if (!name.startsWith('.') && !fs.existsSync(project.at('node_modules', name))) {
          fs.symlinkSync(path.join(own, name), project.at('node_modules', name));
        }
      }
      const packageFile = path.join('node_modules', 'sequelize', 'package.json');
      const { version: _, ...rest } = JSON.parse(fs.readFileSync(project.at(packageFile), 'utf8'));
      project.write({
        [packageFile]: JSON.stringify({ ...rest, version: '6.20.1' }),
        'app.js': `
          const { Sequelize } = require('sequelize');
          const { PhantomDBDialect } = require('phantomdb-sequelize');
          const attempts = [
            () => new Sequelize({ dialect: new PhantomDBDialect('memory:') }),
            () => new Sequelize('phantomdb+memory:///app'),
            () => new PhantomDBDialect('memory:').init(new Sequelize({ dialect: 'sqlite', dialectModule: {} })),
          ];
          for (const attempt of attempts) try { attempt(); } catch (error) { console.log(error.message); }`,
      });
      const { output } = await project.run(['app.js']);
      const message = 'phantomdb-sequelize works with sequelize >=6.28 <7; this copy is 6.20.1.';
      expect(output.trim().split('\n')).toEqual([message, message, message]);
    } finally {
      project.remove();
    }
    // What Sequelize 7 asks a dialect for first.
    expect(() => new PhantomDBDialect('memory:').getSupportedOptions()).toThrow('not with Sequelize 7');
    expect(() => PhantomDBDialect.getSupportedOptions()).toThrow('not with Sequelize 7');
  });
});

test('sequelize-auto, which does not know PhantomDB, names what does its work', async () => {
  const project = new Project();
  project.write({
    'node_modules/sequelize-auto/lib/dialects/dialects.js': 'exports.dialects = { sqlite: {} };',
    'app.js': `
      const { dialects } = require('sequelize-auto/lib/dialects/dialects.js');
      const { PhantomDBDialect } = require('phantomdb-sequelize');
      new PhantomDBDialect('memory:');
      try { dialects['phantomdb'].showTablesQuery } catch (error) { console.log(error.message) }`,
  });
  expect((await project.run(['app.js'])).output).toContain('npx phantomdb models');
  project.remove();
});

test('a dialect as text is its name and its URL', () => {
  const dialect = new PhantomDBDialect('memory:');
  expect(String(dialect)).toBe('PhantomDBDialect(memory:)');
  expect(format('%s', dialect)).toBe('PhantomDBDialect(memory:)');
});

test('the stack of an error begins where the caller is', async () => {
  const dialect = new PhantomDBDialect('memory:');
  for (const call of [
    async () => await dialect.query('app', 'SELECT nothing'),
    async () => await dialect.select('app', 'nothing'),
    async () => await dialect.dropDatabase('nothing'),
  ]) {
    const error = await call().catch((caught) => caught);
    expect(error).toBeInstanceOf(PhantomDBError);
    expect(error.stack.split('\n').find((line) => /^\s+at /.test(line))).toContain('messages.test.js');
  }
  const sequelize = new Sequelize({ database: 'app', dialect, logging: false });
  const error = await sequelize.query('SELECT nothing').catch((caught) => caught);
  const frames = error.stack.split('\n').filter((line) => /^\s+at /.test(line));
  expect(frames.filter((line) => line.includes(path.join(root, 'sequelize') + path.sep))).toEqual([]);
  expect(frames.some((line) => line.includes('messages.test.js'))).toBe(true);
  await dialect.close();
});

test('PhantomDBError.of finds the error in one of Sequelize', async () => {
  const sequelize = new Sequelize({ dialect: new PhantomDBDialect('memory:'), logging: false });
  const error = await sequelize.query('SELECT nothing').catch((caught) => caught);
  expect(PhantomDBError.of(error)).toBe(error.original);
  expect(PhantomDBError.of(error.original).code).toBe('UNKNOWN_COLUMN');
  for (const other of [undefined, null, 'x', new Error('x'), { original: new Error('x') }]) {
    expect(PhantomDBError.of(other)).toBeUndefined();
  }
  await sequelize.close();
});

test('a type that PhantomDB does not have leads to a page of the package', () => {
  const sequelize = new Sequelize({ dialect: new PhantomDBDialect('memory:'), logging: false });
  const sync = () => sequelize.define('Place', { at: DataTypes.GEOMETRY }).sync();
  return expect(messageOf(sync)).resolves.toMatch(/no type GEOMETRY of attribute 'at'.*docs\/types\.md of the package/);
});

describe('a misspelt name of a database', () => {
  const unknown = async (dialect, database) => {
    const messages = [await messageOf(() => dialect.select(database, 'users'))];
    const sequelize = new Sequelize({ database, dialect, logging: false });
    messages.push(await messageOf(() => sequelize.define('User', {}).findAll()));
    messages.push(await messageOf(() => sequelize.query('SELECT * FROM users')));
    await dialect.close();
    return messages;
  };

  test.each([
    ['file:', async () => ({ url: `file:${directory}/misspelt`, stop: async () => {} })],
    ['HTTP', () => startServer()],
  ])('is suspected at %s when it was made by the call', async (_name, serve) => {
    const { url, stop } = await serve();
    for (const message of await unknown(new PhantomDBDialect(url), 'myap')) {
      expect(message).toMatch(
        /^there is no table "[Uu]sers"\. The database "myap" did not exist, and was created empty/,
      );
    }
    // It is there now.
    for (const message of await unknown(new PhantomDBDialect(url), 'myap')) {
      expect(message).toMatch(/^there is no table "[Uu]sers"$/);
    }
    await stop();
  });

  test('is not suspected in memory, where every database is new, unless there is another', async () => {
    const dialect = new PhantomDBDialect('memory:');
    expect(await messageOf(() => dialect.select('app', 'users'))).toBe('there is no table "users"');
    expect(await messageOf(() => dialect.select('ap', 'users'))).toContain('The database "ap" did not exist');
    await dialect.close();
  });
});

test('a missing token and a wrong one are told apart', async () => {
  const file = path.join(directory, 'tokens');
  fs.writeFileSync(file, 'the-right-token-of-this-test\n');
  const { url, stop } = await startServer('--token-file', file);
  const call = (options) => () => new PhantomDBDialect(url, options).listDatabases();
  expect(await messageOf(call({}))).toMatch(
    /needs a token, and none was sent: give it as the option token, in PHANTOMDB/,
  );
  expect(await messageOf(call({ token: 'wrong' }))).toMatch(
    /does not accept the token .* check the option token, or PHAN/,
  );
  await stop();
});

test('the name of a database in the URL of a server', async () => {
  const { url, stop } = await startServer();
  const message = await messageOf(() => new PhantomDBDialect(`${url}/myapp`).listDatabases());
  expect(message).toContain(
    'there is no such path; GET /openapi.json lists the calls. The URL of the dialect has the path',
  );
  expect(message).toContain('the option database of Sequelize, or use the URL phantomdb://HOST:PORT/DATABASE');
  await stop();
});

test('paths that cannot be used are named', async () => {
  const file = path.join(directory, 'a-file');
  fs.writeFileSync(file, '');
  expect(await messageOf(() => new PhantomDBDialect(`file:${file}`).listDatabases())).toBe(
    `the directory for the databases, ${file}, cannot be used: it is a file`,
  );
  const template = path.join(directory, 'no-snapshot');
  expect(await messageOf(() => new PhantomDBDialect('memory:', { template }).select('app', 't'))).toBe(
    `there is no snapshot file ${template}`,
  );
});

test('a warning says that calls wait for a server that is away', async () => {
  const script = `
    const { PhantomDBDialect } = require(${JSON.stringify(root)});
    const { serve } = require(${JSON.stringify(path.join(__dirname, 'helpers', 'serve.js'))});
    process.on('warning', ({ name, code, message }) => {
      console.log(JSON.stringify({ name, code, message }));
      process.exit(0);
    });
    serve(['--listen', '127.0.0.1:0', '--memory']).then(async ({ child, ended, url }) => {
      const dialect = new PhantomDBDialect(url);
      await dialect.listDatabases();
      child.kill('SIGKILL');
      await ended;
      await dialect.listDatabases();
    });`;
  const warning = JSON.parse(
    execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', stdio: 'pipe' }),
  );
  expect(warning).toMatchObject({ name: 'PhantomDBWarning', code: 'PHANTOMDB_SERVER_AWAY' });
  expect(warning.message).toContain('refused the connection');
  expect(warning.message).toContain('calls are sent again for up to 10 seconds');
});

test('a column of an include that is not grouped is named with its table', async () => {
  const sequelize = new Sequelize({ database: 'groups', dialect: new PhantomDBDialect('memory:'), logging: false });
  const User = sequelize.define('User', { age: DataTypes.INTEGER });
  const Task = sequelize.define('Task', {});
  User.hasMany(Task);
  await sequelize.sync();
  const count = [sequelize.fn('count', sequelize.col('Tasks.id')), 'tasks'];
  const ungrouped = { attributes: ['id', count], include: Task, group: ['User.id'] };
  expect(await messageOf(() => User.findAll(ungrouped))).toMatch(/^the column "Tasks"\."id" must be in GROUP BY/);
  const withoutInclude = { attributes: ['id'], group: ['age'] };
  expect(await messageOf(() => User.findAll(withoutInclude))).toMatch(/^the column "id" must be in GROUP BY/);
  await sequelize.close();
});

test('a number as a condition is refused with the comparison to write', async () => {
  const sequelize = new Sequelize({ database: 'conditions', dialect: new PhantomDBDialect('memory:'), logging: false });
  const asked = () => sequelize.query('SELECT 1 AS one WHERE 5 % 2');
  expect(await messageOf(asked)).toMatch(/not a value of the type integer; compare it, as in `x <> 0`/);
  const text = () => sequelize.query("SELECT 1 AS one WHERE 'a' || 'b'");
  expect(await messageOf(text)).toMatch(/not a value of the type text$/);
  await sequelize.close();
});

describe('the command line', () => {
  test.each([
    [['import', 'oracle://u:secret@h/x', '--to', 'file:./data'], 'the source is a SQLite file'],
    [
      ['import', 'postgres://u:secret@127.0.0.1:1/x', '--to', 'file:./data'],
      'the source cannot be read: no connection to 127.0.0.1:1 could be made: Connection refused',
    ],
    [
      ['import', 'mysql://u:secret@127.0.0.1:1/x', '--to', 'file:./data'],
      'the source cannot be read: no connection to 127.0.0.1:1 could be made: Connection refused',
    ],
    [['models', '--url', 'file:./nowhere', '--database', 'big'], 'There is no directory ./nowhere.'],
    [['models', '--url', 'file:.', '--database', 'big'], 'There is no database "big" at file:.'],
    [['models', '--url', 'phantomdb://:secret@127.0.0.1:1/big'], 'is a server running there'],
    [['export', 'x.sql', '--from', 'file:./nowhere', '--database', 'big'], 'there is no directory ./nowhere'],
    [['schema', './nowhere', '--format', 'sequelize'], 'there is no directory ./nowhere'],
    [['compact', './nowhere', '--database', 'big'], 'there is no directory ./nowhere'],
    [['check', './nowhere', '--database', 'big'], 'there is no directory ./nowhere'],
    [['backup', './nowhere', '--database', 'big', '--out', 'x.backup'], 'there is no directory ./nowhere'],
    [['export', 'x.sql', '--from', 'file:.', '--database', 'big'], 'there is no database "big" in file:.\n'],
    [['export', 'x.sql', '--from', 'http://127.0.0.1:1', '--database', 'big'], 'is a server running there'],
  ])('phantomdb %j', async (args, message) => {
    const { code, output } = await phantomdb(...args);
    expect(output).toContain(message);
    expect(output).not.toContain('secret');
    expect(code).toBe(1);
    expect(fs.existsSync(path.join(directory, 'nowhere'))).toBe(false);
  });

  test('a server says when PostgreSQL cannot be reached', async () => {
    const engine = 'postgres://u:secret@127.0.0.1:1/x';
    const child = spawn(process.execPath, [BIN, 'serve', '--engine', engine, '--listen', '127.0.0.1:0']);
    let log = '';
    await new Promise((resolve) => {
      const end = setTimeout(resolve, 20_000);
      child.stderr.on('data', (chunk) => {
        log += chunk;
        if (!log.includes('calls fail until that is mended')) return;
        clearTimeout(end);
        resolve();
      });
    });
    child.kill('SIGKILL');
    expect(log).toMatch(/the database server cannot be .*calls fail until that is mended/);
    expect(log).toMatch(/could not be reached .*127\.0\.0\.1:1.*/);
    expect(log).toContain('Connection refused');
    expect(log).not.toContain('secret');
  });

  test('help has lines of at most 100 characters, also on a wide terminal', async () => {
    const { output } = await phantomdb('serve', '--help');
    expect(Math.max(...output.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect((await phantomdb('--help')).output).toContain('phantomdb init');
  });

  test('an export to a program that reads no further ends quietly', async () => {
    const dialect = new PhantomDBDialect(`file:${directory}/long`);
    await dialect.query('app', 'CREATE TABLE t (id INTEGER, name TEXT)');
    const rows = Array.from({ length: 20_000 }, (_, id) => ({ id, name: 'x'.repeat(40) }));
    await dialect.insert('app', 't', rows);
    await dialect.close();
    const child = spawn(process.execPath, [
      BIN,
      'export',
      '--from',
      `file:${directory}/long`,
      '--database',
      'app',
      '-',
    ]);
    child.stdout.once('data', () => child.stdout.destroy());
    let complaint = '';
    child.stderr.on('data', (chunk) => {
      complaint += chunk;
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(complaint).toBe('');
  });
});

test('two sides of an association whose foreign keys differ in case alone', async () => {
  const sequelize = new Sequelize('blog', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
  const Post = sequelize.define('Post', {});
  const Comment = sequelize.define('Comment', {});
  Post.hasMany(Comment);
  Comment.belongsTo(Post, { as: 'post' });
  const error = await sequelize.sync().catch((refused) => refused);
  expect(error.message).toBe(
    'the table would have two columns "postId"; on SQLite the case of letters does not tell them apart',
  );
  expect(error.parent).toMatchObject({ code: 'ALREADY_EXISTS', details: { columns: ['postId'] } });
  await sequelize.close();
});
