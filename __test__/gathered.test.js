const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { DataTypes } = require('sequelize');

const { PhantomDBDialect } = require('..');
const { FaultyServer, connectTo, cuttingProxy, sleep } = require('./helpers/faults.js');

jest.setTimeout(60_000);

/** The first line of a request without its version, and how many queries it has. */
const lineOf = (request) => request.slice(0, request.indexOf(' HTTP/1.1'));
const MANY = 'POST /databases/faults/queries';

describe('calls that are made at once', () => {
  const server = new FaultyServer();
  const requests = [];
  /** What is to be done with requests of many queries. */
  let fate;
  let proxy;
  let sequelize;
  let Note;

  beforeAll(async () => {
    await server.start();
    proxy = await cuttingProxy(server.port, (request) => {
      // What goes on in another piece is no request of its own.
      if (/^[A-Z]+ \//.test(request)) requests.push(lineOf(request));
      return request.startsWith(MANY) ? fate?.() : undefined;
    });
    sequelize = connectTo(proxy.url, {}, { pool: { max: 64 } });
    Note = sequelize.define('Note', { number: { type: DataTypes.INTEGER, unique: true } }, { timestamps: false });
  });
  beforeEach(async () => {
    fate = undefined;
    await Note.sync({ force: true });
    await Note.bulkCreate(Array.from({ length: 50 }, (_, number) => ({ number })));
    requests.length = 0;
  });
  afterAll(async () => {
    await sequelize.close();
    await proxy.stop();
    await server.remove();
  });

  const findAtOnce = (count) =>
    Promise.all(Array.from({ length: count }, (_, number) => Note.findOne({ where: { number } })));
  const numbersOf = (notes) => notes.map((note) => note.number);
  const upTo = (count) => [...Array(count).keys()];

  test('travel together, and each gets its own answer', async () => {
    expect(numbersOf(await findAtOnce(50))).toEqual(upTo(50));
    expect(requests).toEqual([MANY]);
  });

  test('travel alone when they are one', async () => {
    await Note.findOne({ where: { number: 7 } });
    await Note.create({ number: 77 });
    expect(requests).toEqual([
      expect.stringMatching(/^GET \/databases\/faults\/tables\/Notes\?.*number.*7/),
      'POST /databases/faults/query',
    ]);
  });

  test('are so many requests as they need, when they are many', async () => {
    const wide = connectTo(proxy.url, {}, { pool: { max: 300 } });
    const answers = await Promise.all(upTo(300).map((n) => wide.query(`SELECT ${n} AS "n"`, { plain: true })));
    expect(answers.map((answer) => answer.n)).toEqual(upTo(300));
    expect(requests).toEqual([MANY, MANY, MANY]);
    await wide.close();
  });

  test('are whole also when their answers come in many pieces', async () => {
    const texts = upTo(4).map((n) => String(n).repeat(200_000));
    const asked = texts.map((text) => sequelize.query('SELECT $1 AS "text"', { bind: [text], plain: true }));
    expect((await Promise.all(asked)).map((answer) => answer.text)).toEqual(texts);
    expect(requests).toEqual([MANY]);
  });

  test('fail by themselves, with the errors they have alone', async () => {
    const [taken, unknown, syntax, fine] = await Promise.allSettled([
      Note.create({ number: 7 }),
      sequelize.query('SELECT * FROM "nothing"'),
      sequelize.query('SELEC 1'),
      Note.count(),
    ]);
    expect(requests).toEqual([MANY]);
    expect(taken.reason).toMatchObject({ name: 'SequelizeUniqueConstraintError', fields: { number: 7 } });
    expect(unknown.reason.parent).toMatchObject({ code: 'UNKNOWN_TABLE', requestId: expect.any(String) });
    expect(syntax.reason.parent.code).toBe('SYNTAX_ERROR');
    expect(fine.value).toBe(50);
  });

  test('do not wait for one that waits', async () => {
    const transaction = await sequelize.transaction();
    await Note.update({ number: 100 }, { where: { number: 1 }, transaction });
    let written = false;
    const write = Note.update({ number: 200 }, { where: { number: 2 } }).then(() => {
      written = true;
    });
    expect(numbersOf(await findAtOnce(5))).toEqual(upTo(5));
    // One that is part of the transaction may be one of many too.
    const [within, count] = await Promise.all([Note.findOne({ where: { number: 100 }, transaction }), Note.count()]);
    expect([within.number, count, written]).toEqual([100, 50, false]);
    await transaction.commit();
    await write;
    expect(await Note.count({ where: { number: [100, 200] } })).toBe(2);
  });

  test.each(['before', 'after', 'within'])('are sent again when the connection breaks %s the answer', async (where) => {
    let cuts = 0;
    fate = () => (cuts++ === 0 ? where : undefined);
    const writes = upTo(10).map((number) => Note.create({ number: 1000 + number }));
    const [found] = await Promise.all([findAtOnce(20), ...writes]);
    expect(numbersOf(found)).toEqual(upTo(20));
    expect(await Note.count({ where: { number: upTo(10).map((number) => 1000 + number) } })).toBe(10);
    expect(cuts).toBe(1);
  });

  test('are not sent again in a transaction, and say so', async () => {
    const transaction = await sequelize.transaction();
    await Note.count({ transaction });
    fate = () => 'before';
    const made = upTo(3).map((number) => Note.create({ number: 2000 + number }, { transaction }));
    for (const outcome of await Promise.allSettled(made)) {
      expect(outcome.reason).toMatchObject({ parent: { code: 'UNAVAILABLE', requestId: expect.any(String) } });
    }
    await transaction.rollback();
    expect(await Note.count()).toBe(50);
  });

  test('make the database of which there is none', async () => {
    const fresh = connectTo(proxy.url);
    fresh.config.database = `made_${process.pid}`;
    fresh.connectionManager.config.database = fresh.config.database;
    const answers = await Promise.all(upTo(5).map((n) => fresh.query(`SELECT ${n} AS "n"`, { plain: true })));
    expect(answers.map((answer) => answer.n)).toEqual(upTo(5));
    await fresh.close();
  });

  test('are those of each database by itself', async () => {
    const dialect = new PhantomDBDialect(proxy.url);
    const names = ['one', 'two'];
    for (const name of names) {
      await dialect.createDatabase(name);
      await dialect.query(name, `CREATE TABLE t AS SELECT '${name}' AS name`);
    }
    requests.length = 0;
    const asked = [...names, ...names].map((name) => dialect.query(name, 'SELECT name FROM t'));
    expect((await Promise.all(asked)).map(({ rows }) => rows[0].name)).toEqual(['one', 'two', 'one', 'two']);
    expect(requests.sort()).toEqual(names.map((name) => `POST /databases/${name}/queries`));
    await dialect.close();
  });

  test('are answered also while tests have put other timers in the place of Node’s', async () => {
    jest.useFakeTimers();
    try {
      const dialect = new PhantomDBDialect(server.url);
      const answers = await Promise.all(upTo(3).map((n) => dialect.query('faults', `SELECT ${n} AS n`)));
      expect(answers.map(({ rows }) => rows[0].n)).toEqual(upTo(3));
      await dialect.close();
    } finally {
      jest.useRealTimers();
    }
  });

  test('time out together, and leave nothing waiting', async () => {
    const impatient = connectTo(proxy.url, { requestTimeoutMs: 300, retries: 0 }, { pool: { max: 10 } });
    await impatient.authenticate();
    server.signal('SIGSTOP');
    // On a busy computer one of its threads goes on until another has seen the signal.
    await sleep(100);
    try {
      const outcomes = await Promise.allSettled(upTo(5).map((n) => impatient.query(`SELECT ${n}`)));
      const names = outcomes.map((outcome) => outcome.reason?.name);
      expect(names).toEqual(Array(5).fill('SequelizeConnectionTimedOutError'));
    } finally {
      server.signal('SIGCONT');
    }
    await sleep(50);
    expect(await impatient.query('SELECT 1 AS "n"', { plain: true })).toEqual({ n: 1 });
    await impatient.close();
  });

  test('keep a process alive until they are answered, and a connection that is idle does not', async () => {
    const script = `
      const { PhantomDBDialect } = require('.');
      const dialect = new PhantomDBDialect(${JSON.stringify(server.url)});
      const ask = (n) => dialect.query('faults', 'SELECT ' + n + ' AS n');
      Promise.all([1, 2, 3].map(ask)).then((answers) => console.log(answers.map(({ rows }) => rows[0].n).join()));`;
    const options = { cwd: path.join(__dirname, '..'), timeout: 20_000 };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], options);
    expect(stdout).toBe('1,2,3\n');
  });
});

describe('a server that takes one query at a time', () => {
  const server = new FaultyServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  test('is asked for many once, and then for each', async () => {
    const http = require('node:http');
    const paths = [];
    // In front of it, a gateway that lets the calls through that it knows.
    const gateway = http.createServer((request, response) => {
      paths.push(request.url);
      if (request.url.endsWith('/queries')) {
        response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>Not found</h1>');
        return;
      }
      const { method, headers } = request;
      const far = http.request(new URL(request.url, server.url), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      request.pipe(far);
    });
    await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve));
    const sequelize = connectTo(`http://127.0.0.1:${gateway.address().port}`);
    for (let round = 0; round < 2; round++) {
      const asked = [1, 2, 3].map((n) => sequelize.query(`SELECT ${n} AS "n"`, { plain: true }));
      expect((await Promise.all(asked)).map((answer) => answer.n)).toEqual([1, 2, 3]);
    }
    expect(paths.filter((path) => path.endsWith('/queries'))).toHaveLength(1);
    await sequelize.close();
    gateway.closeAllConnections();
    gateway.close();
  });
});
