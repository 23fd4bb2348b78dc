'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const { ConnectionError, DataTypes, InvalidConnectionError, Sequelize } = require('sequelize');
const { PhantomDBDialect } = require('..');
const { Files, authority, signed } = require('./helpers/certificates.js');
const { startServer } = require('./helpers/engines.js');
const { serve } = require('./helpers/serve.js');

const root = path.join(__dirname, '..');
const files = new Files();
let ca;
let other;
let args;
let server;

beforeAll(async () => {
  [ca, other] = [await authority('one'), await authority('two')];
  const pair = await signed(ca);
  args = ['--tls-cert', files.write('cert.pem', pair.cert), '--tls-key', files.write('key.pem', pair.key)];
  server = await startServer(...args);
});

afterAll(async () => {
  await server?.stop();
  files.remove();
});

/** Does `work` with a Sequelize, and closes it. */
async function connected(url, options, work) {
  const dialect = new PhantomDBDialect(url, options);
  const sequelize = new Sequelize('https', null, null, { dialect, logging: false });
  try {
    return await work(sequelize);
  } finally {
    await sequelize.close();
  }
}

const authenticate = (sequelize) => sequelize.authenticate();

test('a server with a certificate says https, and models work over it', async () => {
  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  await connected(server.url, { tls: { ca: ca.cert } }, async (sequelize) => {
    const User = sequelize.define('User', { name: DataTypes.STRING, age: DataTypes.INTEGER });
    const Task = sequelize.define('Task', { title: DataTypes.STRING });
    User.hasMany(Task);
    await sequelize.sync({ force: true });
    await User.create({ name: 'John', age: 34, Tasks: [{ title: 'one' }, { title: 'two' }] }, { include: Task });
    await sequelize.transaction(async (transaction) => {
      await User.update({ age: 35 }, { where: { name: 'John' }, transaction });
    });
    const undone = sequelize.transaction(async (transaction) => {
      await User.destroy({ where: {}, transaction });
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    const john = await User.findOne({ where: { name: 'John' }, include: Task });
    expect(john.age).toBe(35);
    expect(john.Tasks.map((task) => task.title).sort()).toEqual(['one', 'two']);
  });
});

test('an authority is given as text, as bytes, as a file, or as one of several', async () => {
  const file = files.write('ca.pem', ca.cert);
  for (const given of [Buffer.from(ca.cert), file, [other.cert, file], `${other.cert}\n${ca.cert}`]) {
    await connected(server.url, { tls: { ca: given } }, authenticate);
  }
});

test('a certificate that is not trusted is a ConnectionError that says so, at once and once', async () => {
  for (const options of [{}, { tls: { ca: other.cert } }]) {
    const begun = Date.now();
    const error = await connected(server.url, options, authenticate).catch((refused) => refused);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error.constructor).toBe(ConnectionError);
    expect(error.message).toMatch(/signed by nobody who is trusted here; .*`tls: \{ ca \}`.*NODE_EXTRA_CA_CERTS/);
    expect(error.original.code).toBe('UNAVAILABLE');
    expect(Date.now() - begun).toBeLessThan(20_000);
  }
});

test('http:// to a server with TLS, and https:// to one without, say which it should be', async () => {
  const without = await connected(server.url.replace('https', 'http'), {}, authenticate).catch((error) => error);
  expect(without).toBeInstanceOf(InvalidConnectionError);
  expect(without.message).toMatch(/begin the URL with https:\/\//);
  const plain = await startServer();
  const secure = plain.url.replace('http', 'https');
  try {
    const error = await connected(secure, { tls: { ca: ca.cert } }, authenticate).catch((refused) => refused);
    expect(error.constructor).toBe(ConnectionError);
    expect(error.message).toMatch(/does not speak TLS; begin the URL with http:\/\//);
  } finally {
    await plain.stop();
  }
});

test('what cannot be an authority is refused by the name of the option, and never shown', () => {
  const dialect = (tls, url = 'https://localhost') => new PhantomDBDialect(url, { tls });
  const secret = other.key;
  for (const wrong of [true, secret, {}, { ca: [] }, { ca: 5 }, { ca: '' }, { ca: ca.cert, key: secret }]) {
    expect(() => dialect(wrong)).toThrow(TypeError);
    expect(() => dialect(wrong)).toThrow(
      /option 'tls' of PhantomDBDialect must be \{ ca \} .*, not (boolean|string|object)\.$/,
    );
  }
  expect(() => dialect({ ca: './nowhere.pem' })).toThrow(/'tls\.ca'.*cannot be read: ENOENT/);
  expect(() => dialect({ ca: secret })).toThrow(/^the option tls\.ca holds no certificate/);
  expect(() => dialect({ ca: Buffer.from('nonsense') })).toThrow(/^the option tls\.ca holds no certificate/);
  expect(() => dialect({ ca: ca.cert }, 'http://localhost')).toThrow(/tls is for a server with https:\/\//);
  expect(() => dialect({ ca: ca.cert }, 'memory:')).toThrow(/tls is for a server with https:\/\//);
});

test('NODE_EXTRA_CA_CERTS is trusted, unless other authorities are given', async () => {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: files.write('extra.pem', ca.cert) };
  const script = `
    const { PhantomDBDialect } = require(${JSON.stringify(root)});
    const dialect = new PhantomDBDialect(process.argv[1], JSON.parse(process.argv[2]));
    dialect.listDatabases().then(() => 'reached', (error) => error.message).then(console.log).then(() => dialect.close());
  `;
  const run = async (options) => {
    const argv = ['-e', script, server.url, JSON.stringify(options)];
    return (await promisify(execFile)(process.execPath, argv, { env })).stdout;
  };
  expect(await run({})).toBe('reached\n');
  expect(await run({ tls: { ca: other.cert } })).toMatch(/signed by nobody who is trusted here/);
});

test('npx phantomdb serve takes up a renewed certificate on SIGHUP, and goes on with its connections', async () => {
  const [cert, key] = ['renewed-cert.pem', 'renewed-key.pem'];
  const write = async (by) => {
    const pair = await signed(by);
    return ['--tls-cert', files.write(cert, pair.cert), '--tls-key', files.write(key, pair.key)];
  };
  const { child, ended, url } = await serve(['--listen', '127.0.0.1:0', '--memory', ...(await write(ca))]);
  const before = new PhantomDBDialect(url, { tls: { ca: ca.cert } });
  await before.createDatabase('kept');
  await write(other);
  child.kill('SIGHUP');
  const after = new PhantomDBDialect(url, { tls: { ca: other.cert } });
  const renewed = async () => {
    for (const deadline = Date.now() + 20_000; ; ) {
      try {
        return await after.listDatabases();
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  };
  expect(await renewed()).toEqual(['kept']);
  // It trusts the old certificate only, so this is its old connection.
  expect(await before.listDatabases()).toEqual(['kept']);
  await Promise.all([before.close(), after.close()]);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('npx phantomdb serve does not start with a key that is not the certificate’s', async () => {
  const file = files.write('other-key.pem', other.key);
  const started = serve(['--memory', '--listen', '127.0.0.1:0', '--tls-cert', args[1], '--tls-key', file]);
  await expect(started).rejects.toThrow(/ended with 2: phantomdb: the key .* does not belong to the certificate/);
});
