const { tracingChannel } = require('node:diagnostics_channel');

const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
const { W3CTraceContextPropagator } = require('@opentelemetry/core');
const { context, propagation, trace } = require('@opentelemetry/api');
const { DataTypes, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { engines } = require('./helpers/engines.js');
const { FaultyServer, connectTo, cuttingProxy } = require('./helpers/faults.js');

jest.setTimeout(60_000);

const channel = tracingChannel('phantomdb:query');

/** Runs `work` and answers what was published meanwhile: `[step, event]` of each step. */
async function published(work) {
  const seen = [];
  const handlers = {};
  for (const step of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
    handlers[step] = (event) => seen.push([step, event]);
  }
  channel.subscribe(handlers);
  try {
    await work();
  } finally {
    channel.unsubscribe(handlers);
  }
  return seen;
}

const eventsOf = (seen) => seen.filter(([step]) => step === 'start').map(([, event]) => event);

describe.each(engines)('what is published at $name', ({ name: engineName, start }) => {
  const engine = start();
  let sequelize;
  let User;
  beforeAll(async () => {
    sequelize = engine.connect();
    User = sequelize.define('User', { name: DataTypes.STRING }, { timestamps: false });
    await User.sync();
  });

  test('are the steps of each call, with the statement, its database and the id of the request', async () => {
    const seen = await published(() => User.create({ name: 'a' }));
    expect(seen.map(([step]) => step)).toEqual(['start', 'end', 'asyncStart', 'asyncEnd']);
    const [event] = eventsOf(seen);
    expect(new Set(seen.map(([, one]) => one)).size).toBe(1);
    expect(event).toMatchObject({
      operation: 'query',
      query: 'INSERT INTO "Users" ("name") VALUES ($1) RETURNING "id","name"',
      database: sequelize.config.database,
      transaction: null,
      url: engine.url,
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      retries: 0,
    });
  });

  test('are finders, transactions and changes of the schema too, one request each', async () => {
    const seen = await published(async () => {
      await User.findAll({ where: { name: 'a' } });
      await sequelize.transaction((transaction) => User.count({ transaction }));
      await sequelize.getQueryInterface().describeTable('Users');
      await new PhantomDBDialect('memory:').select('x', 't').catch(() => {});
    });
    const events = eventsOf(seen);
    const finder = engineName === 'memory:' ? 'query' : 'find';
    expect(events.map(({ operation }) => operation)).toEqual([
      finder,
      'query',
      'commitTransaction',
      'describeTable',
      'find',
    ]);
    expect(events[0].query).toBe('SELECT "id", "name" FROM "Users" AS "User" WHERE "User"."name" = $1');
    // The transaction began with its first statement.
    expect(events[1].transaction).toMatch(/^[0-9a-f-]{36}\./);
    expect(events[2].transaction).toBe(events[1].transaction);
    expect(new Set(events.map(({ requestId }) => requestId)).size).toBe(5);
  });

  test('are errors, with the id that they and the answer carry', async () => {
    let error;
    const seen = await published(async () => {
      error = await sequelize.query('SELECT * FROM nowhere').catch((thrown) => thrown);
    });
    expect(seen.map(([step]) => step)).toEqual(['start', 'end', 'error', 'asyncStart', 'asyncEnd']);
    const [event] = eventsOf(seen);
    expect(event.error).toBe(error.original);
    expect(error.requestId).toBe(event.requestId);
  });

  test('is nothing to those who do not listen', async () => {
    expect(channel.hasSubscribers).toBe(false);
    await User.count();
  });
});

describe('the log of a server', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const PARENT = '00f067aa0ba902b7';
  const traceparent = `00-${TRACE}-${PARENT}-01`;
  const server = new FaultyServer('--log-level', 'info');
  let sequelize;
  beforeAll(async () => {
    await server.start();
    sequelize = connectTo(server.url);
    await sequelize.query('CREATE TABLE "t" ("a" INTEGER)');
  });
  afterAll(async () => {
    await sequelize.close();
    await server.remove();
  });

  /** The lines of the log that have all of these, once there are some. */
  async function lines(...parts) {
    for (let i = 0; i < 100; i++) {
      const found = server
        .log()
        .split('\n')
        .filter((line) => parts.every((part) => line.includes(part)));
      if (found.length > 0) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no line has ${parts.join(' and ')}: ${server.log()}`);
  }

  test('has one line for each request, with its id, and no value of it', async () => {
    const seen = await published(() => sequelize.query('INSERT INTO "t" ("a") VALUES ($1)', { bind: [123_456] }));
    const [line, ...more] = await lines(eventsOf(seen)[0].requestId);
    expect(more).toEqual([]);
    expect(line).toContain('/databases/faults/query');
    expect(line).toContain('status=200');
    const error = await sequelize.query('SELECT * FROM "secret_name"').catch((thrown) => thrown);
    expect((await lines(error.requestId))[0]).toContain('UnknownTable');
    expect(server.log()).not.toMatch(/123456|secret_name/);
  });

  test('goes on with the trace of the caller, and so do errors', async () => {
    await sequelize.query('SELECT 1', { traceparent, tracestate: 'vendor=1' });
    expect(await lines(TRACE, PARENT)).toHaveLength(1);
    const error = await sequelize.query('SELEC', { traceparent }).catch((thrown) => thrown);
    expect(error.original.traceId).toBe(TRACE);
    const [event] = eventsOf(await published(() => sequelize.query('SELECT 1', { traceparent })));
    expect(event.traceparent).toBe(traceparent);
    await expect(sequelize.query('SELECT 1', { traceparent: 'no\ntrace' })).rejects.toThrow('traceparent');
  });

  test('goes on with the trace that is active in OpenTelemetry', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    try {
      const span = { traceId: 'aaaabbbbccccddddaaaabbbbccccdddd', spanId: '1111222233334444', traceFlags: 1 };
      const active = trace.setSpanContext(context.active(), span);
      await context.with(active, () => sequelize.query('SELECT 1'));
      expect(await lines(span.traceId, span.spanId)).toHaveLength(1);
      const before = server.log().split(span.traceId).length;
      await sequelize.query('SELECT 1');
      expect(server.log().split(span.traceId)).toHaveLength(before);
    } finally {
      context.disable();
      propagation.disable();
    }
  });

  test('has every attempt of a call under one id, and the call says how many they were', async () => {
    const fates = ['after', 'before', undefined];
    const proxy = await cuttingProxy(server.port, () => fates.shift());
    const far = connectTo(proxy.url);
    const [event] = eventsOf(await published(() => far.query('INSERT INTO "t" ("a") VALUES (7)')));
    expect(event.retries).toBe(2);
    expect(await lines(event.requestId)).toHaveLength(2);
    expect(await far.query('SELECT * FROM "t" WHERE "a" = 7', { type: 'SELECT' })).toHaveLength(1);
    await far.close();
    await proxy.stop();
  });
});

describe('logging', () => {
  /** What is logged of the same work, quotes and what a database has of its own left out. */
  async function logged(dialect, options) {
    const calls = [];
    const sequelize = new Sequelize('log', null, null, {
      dialect,
      storage: ':memory:',
      pool: { max: 1 },
      ...options,
      logging: (...args) => calls.push(args),
    });
    const User = sequelize.define('User', { name: DataTypes.STRING, age: DataTypes.INTEGER }, { timestamps: false });
    await User.sync();
    calls.length = 0;
    await sequelize.query('SELECT $1 AS a, $2 AS b', { bind: ['x', 5] });
    await sequelize.query('SELECT :a AS a', { replacements: { a: 'x' } });
    await User.update({ name: 'm' }, { where: { age: 3 } });
    await sequelize.transaction((transaction) => User.count({ transaction }));
    await sequelize.authenticate();
    await sequelize.query('SELEC').catch(() => {});
    await User.count({ logging: false });
    await sequelize.close();
    return calls.map(([text, ...rest]) => [
      text
        .replaceAll('`', '"')
        .replace(/;$/, '')
        .replace(/[0-9a-f-]{36}/, 'ID')
        .replace(/BEGIN DEFERRED TRANSACTION|START TRANSACTION/, 'BEGIN')
        // sqlite3 shows the object that it is given, ours and that of PostgreSQL the list.
        .replace(/\{"\$1":(.*),"\$2":(.*)\}$/, '$1, $2'),
      ...rest.map((value) => typeof value),
    ]);
  }

  test.each([
    [{}],
    [{ benchmark: true }],
    [{ logQueryParameters: true }],
    [{ benchmark: true, logQueryParameters: true }],
  ])('says what sqlite3 says with %j', async (options) => {
    const ours = await logged(new PhantomDBDialect('memory:'), options);
    expect(ours).toEqual(await logged('sqlite', options));
    expect(ours).toHaveLength(8);
  });
});
