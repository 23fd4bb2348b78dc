// Two servers over one PostgreSQL, behind a proxy that gives each request to the next of them: what holds for
// transactions at one server holds there as well.

const http = require('node:http');

const { DataTypes, Sequelize } = require('sequelize');

const { PhantomDBDialect } = require('..');
const helpers = require('./helpers/engines.js');

jest.setTimeout(60_000);

/** Gives requests to the servers in turn, whatever they are about. */
async function roundRobin(urls) {
  let turn = 0;
  const agent = new http.Agent({ keepAlive: true });
  const counts = urls.map(() => 0);
  const proxy = http.createServer((request, response) => {
    const next = turn++ % urls.length;
    counts[next]++;
    const { method, headers } = request;
    const onward = http.request(new URL(request.url, urls[next]), { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    counts,
    async stop() {
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      agent.destroy();
    },
  };
}

let proxy;

/** Each is told of the other before that listens, so their ports are chosen here. */
async function twoServers() {
  const ports = await Promise.all([freePort(), freePort()]);
  const url = (index) => `http://127.0.0.1:${ports[index]}`;
  const start = (index) =>
    helpers.startOverPostgres(
      ...['--listen', `127.0.0.1:${ports[index]}`, '--server-name', 'ab'[index]],
      ...['--peer', `a=${url(0)}`, '--peer', `b=${url(1)}`],
    );
  const servers = await Promise.all([start(0), start(1)]);
  proxy = await roundRobin(servers.map((server) => server.url));
  return {
    url: proxy.url,
    async stop() {
      await proxy.stop();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

function freePort() {
  return new Promise((resolve) => {
    const server = http.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const behindProxy = helpers.engineAt('PostgreSQL, two servers behind a proxy', twoServers);

// The tests of transactions at one server, with these two in its place.
jest.doMock('./helpers/engines.js', () => ({ ...helpers, engines: [behindProxy] }));
require('./transactions.test.js');

describe('two servers', () => {
  const engine = behindProxy.start();

  test('share the calls of one transaction between them', async () => {
    const sequelize = engine.connect();
    const Thing = sequelize.define('Thing', { name: DataTypes.STRING }, { timestamps: false });
    await sequelize.sync();
    const before = [...proxy.counts];
    await sequelize.transaction(async (transaction) => {
      for (let i = 0; i < 10; i++) await Thing.create({ name: `${i}` }, { transaction });
    });
    expect(await Thing.count()).toBe(10);
    expect(proxy.counts.every((count, server) => count - before[server] >= 5)).toBe(true);
  });

  test('answer a write that comes again to the other one with the first answer', async () => {
    const sequelize = engine.connect();
    const Thing = sequelize.define('Thing', { name: DataTypes.STRING }, { timestamps: false });
    await sequelize.sync();
    const path = `${engine.url}/databases/${sequelize.config.database}/query`;
    const body = JSON.stringify({ query: `INSERT INTO "Things" ("name") VALUES ('once') RETURNING "id"` });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'the same' };
    const answers = [];
    for (let i = 0; i < 4; i++) answers.push(await (await fetch(path, { method: 'POST', headers, body })).json());
    expect(answers.map(({ rows }) => rows)).toEqual([[[1]], [[1]], [[1]], [[1]]]);
    expect(await Thing.count()).toBe(1);
  });
});

test('a client sends the calls of a transaction to the server that it is told of', async () => {
  const port = await freePort();
  const advertised = `http://127.0.0.1:${port}`;
  const options = ['--listen', `127.0.0.1:${port}`, '--server-name', 'a', '--advertise', advertised];
  const servers = await Promise.all([
    helpers.startOverPostgres(...options),
    helpers.startOverPostgres('--server-name', 'b', '--advertise', advertised),
  ]);
  // Whoever begins here is told of the first server, whichever of the two it is, and the second knows no other.
  const balancer = await roundRobin([servers[0].url, servers[0].url, servers[1].url]);
  const dialect = new PhantomDBDialect(balancer.url);
  const sequelize = new Sequelize('advertised', null, null, { dialect, logging: false });
  try {
    const Thing = sequelize.define('Thing', {}, { timestamps: false });
    await sequelize.sync({ force: true });
    const counted = () => balancer.counts.reduce((sum, count) => sum + count);
    while (counted() % 3 !== 0) await sequelize.query('SELECT 1');
    const before = counted();
    await sequelize.transaction(async (transaction) => {
      for (let i = 0; i < 5; i++) await Thing.create({}, { transaction });
    });
    expect(counted() - before).toBe(1);
    expect(await Thing.count()).toBe(5);
  } finally {
    await dialect.dropDatabase('advertised');
    await sequelize.close();
    await balancer.stop();
    await Promise.all(servers.map((server) => server.stop()));
  }
});
