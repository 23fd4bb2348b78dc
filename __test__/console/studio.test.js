'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Sequelize, DataTypes } = require('sequelize');

const { describeInBrowser, launch, openPage, PATIENCE } = require('../helpers/browser.js');
const { serve } = require('../helpers/serve.js');
const { PhantomDBDialect } = require('../..');

jest.setTimeout(PATIENCE);

const root = path.join(__dirname, '../..');

describe('the console of a program', () => {
  test('dialect.studio() serves the databases of this process, for its token only, until the dialect is closed', async () => {
    const dialect = new PhantomDBDialect('memory:');
    await dialect.createDatabase('app');
    const url = new URL(await dialect.studio());
    expect(url.href).toBe(await dialect.studio());
    expect([url.hostname, url.pathname]).toEqual(['127.0.0.1', '/console/']);
    const token = url.hash.replace('#token=', '');
    const names = (headers) => fetch(new URL('/databases', url), { headers });
    expect((await names({})).status).toBe(401);
    const answer = await names({ Authorization: `Bearer ${token}` });
    expect(await answer.json()).toEqual({ databases: ['app'] });
    await dialect.close();
    await expect(names({})).rejects.toThrow();
    await expect(dialect.studio()).rejects.toThrow(/closed/);
  });

  test('a directory is free again when the dialect that showed it is closed', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-studio-'));
    const dialect = new PhantomDBDialect(`file:${folder}`);
    await dialect.createDatabase('app');
    await dialect.studio();
    await dialect.close();
    const server = spawn(process.execPath, ['bin/phantomdb.js', 'studio', `file:${folder}`, '--no-open'], {
      cwd: root,
    });
    const [line] = await once(server.stdout, 'data');
    expect(String(line)).toMatch(/The console is at http:\/\/127\.0\.0\.1:\d+\/console\//);
    server.kill();
    await once(server, 'exit');
    fs.rmSync(folder, { recursive: true });
  });

  test('for a server it is the page of the server', async () => {
    const dialect = new PhantomDBDialect('http://db.example.org:8080');
    await expect(dialect.studio()).resolves.toBe('http://db.example.org:8080/console/');
    await dialect.close();
  });

  test('phantomdb studio shows the page of a server that has one, and says what it misses elsewhere', async () => {
    const studio = async (url) => {
      const child = spawn(process.execPath, ['bin/phantomdb.js', 'studio', url, '--no-open'], { cwd: root });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk) => {
          text += chunk;
        });
      }
      const [code] = await once(child, 'close');
      return [code, text.trim()];
    };
    const servers = [await serve(['--memory', '--listen', '127.0.0.1:0'])];
    servers.push(await serve(['--memory', '--listen', '127.0.0.1:0', '--no-console']));
    const [shown, hidden] = servers.map(({ url }) => url);
    expect(await studio(shown)).toEqual([0, `The console is at ${shown}/console/`]);
    const whole = shown.replace('http:', 'phantomdb:');
    expect(await studio(`${whole}/my%20app`)).toEqual([0, `The console is at ${shown}/console/#/my%20app`]);
    const withToken = `${whole}/app`.replace('//', '//any:s3cret@');
    expect(await studio(withToken)).toEqual([0, `The console is at ${shown}/console/#token=s3cret&/app`]);
    expect(await studio('phantomdb://')).toEqual([2, expect.stringMatching(/names no host.*phantomdb:\/\/HOST:PORT/)]);
    expect(await studio(hidden)).toEqual([1, expect.stringMatching(/start it with --console/)]);
    for (const { child, ended } of servers) {
      child.kill();
      await ended;
    }
    expect(await studio(shown)).toEqual([1, expect.stringMatching(/cannot be shown: .*ECONNREFUSED/)]);
    expect(await studio('http://')).toEqual([2, expect.stringMatching(/is no URL/)]);
  });

  /** Starts `phantomdb studio`, and returns what it prints until the page is there. */
  const start = async (place) => {
    const studio = spawn(process.execPath, ['bin/phantomdb.js', 'studio', place, '--no-open'], { cwd: root });
    let text = '';
    for await (const chunk of studio.stdout) {
      text += chunk;
      if (text.includes('/console/')) break;
    }
    return { studio, text };
  };

  test('phantomdb studio shows a saved snapshot, which cannot be changed, and leaves no copy', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-test-'));
    const copies = () => fs.readdirSync(os.tmpdir()).filter((name) => name.startsWith('phantomdb-studio-'));
    const before = copies();
    const file = path.join(folder, 'as it was.db');
    const dialect = new PhantomDBDialect('memory:');
    await dialect.createDatabase('app');
    await dialect.query('app', "CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ada')");
    await (await dialect.snapshot('app')).save(file);
    await dialect.close();
    const { studio, text } = await start(file);
    expect(text).toContain(`The console shows a copy of ${file}, which cannot be changed.`);
    const [, url, token] = /The console is at (\S+)console\/#token=(\S+)/.exec(text);
    const reader = new PhantomDBDialect(url, { token });
    await expect(reader.query('as_it_was', 'SELECT name FROM people')).resolves.toMatchObject({
      rows: [{ name: 'Ada' }],
    });
    await expect(reader.query('as_it_was', 'DELETE FROM people')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await reader.close();
    expect((await fetch(`${url}databases`)).status).toBe(401);
    studio.kill();
    await once(studio, 'exit');
    expect(copies()).toEqual(before);
    expect(fs.readdirSync(folder)).toEqual(['as it was.db']);
    fs.rmSync(folder, { recursive: true });
  });

  test('phantomdb studio shows a directory that another program uses, and makes none', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-test-'));
    const missing = path.join(folder, 'missing');
    const said = async (place) => {
      const studio = spawn(process.execPath, ['bin/phantomdb.js', 'studio', place, '--no-open'], { cwd: root });
      let text = '';
      studio.stderr.on('data', (chunk) => {
        text += chunk;
      });
      const [code] = await once(studio, 'close');
      return [code, text];
    };
    for (const place of [missing, `file:${missing}`]) {
      expect(await said(place)).toEqual([1, expect.stringMatching(/there is no directory .*databases create NAME/)]);
    }
    expect(fs.existsSync(missing)).toBe(false);
    // Another program has the directory open.
    const dialect = new PhantomDBDialect(`file:${folder}`);
    await dialect.createDatabase('app');
    const { studio, text } = await start(folder);
    const [, url, token] = /^The console is at (\S+)console\/#token=(\S+)\n$/.exec(text);
    const page = new PhantomDBDialect(url, { token });
    await page.query('app', "CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('Ada')");
    const people = await dialect.query('app', 'SELECT name FROM people');
    expect(people.rows).toEqual([{ name: 'Ada' }]);
    expect((await fetch(`${url}databases`)).status).toBe(401);
    await Promise.all([page.close(), dialect.close()]);
    studio.kill();
    expect(await once(studio, 'exit')).toEqual([0, null]);
    expect(await said(path.join(folder, 'app.db'))).toEqual([1, expect.stringContaining(`studio file:${folder}`)]);
    const script = path.join(folder, 'app.txt');
    fs.rmSync(path.join(folder, '.phantomdb.lock'));
    fs.writeFileSync(script, 'SELECT 1');
    expect(await said(script)).toEqual([1, expect.stringMatching(/is no database.*phantomdb import/)]);
    fs.rmSync(folder, { recursive: true });
  });

  test.each([
    [['memory:'], /await dialect\.studio\(\)/],
    [['--port', '1'], /Usage: phantomdb studio/],
    [['file:a', 'file:b'], /Usage: phantomdb studio/],
  ])('phantomdb studio %j says what it takes', async (args, message) => {
    const child = spawn(process.execPath, ['bin/phantomdb.js', 'studio', ...args], { cwd: root });
    let text = '';
    child.stderr.on('data', (chunk) => {
      text += chunk;
    });
    expect(await once(child, 'close')).toEqual([2, null]);
    expect(text).toMatch(message);
  });
});

describeInBrowser('the console of a program, in a browser', () => {
  test('a developer looks into the database of a running program, and sees what it writes', async () => {
    const browser = await launch();
    const sequelize = new Sequelize('shop', null, null, { dialect: new PhantomDBDialect('memory:'), logging: false });
    const User = sequelize.define('User', { name: DataTypes.STRING });
    await sequelize.sync();
    await User.create({ name: 'Ada' });
    const dialect = PhantomDBDialect.of(sequelize);
    // The page opens the user's own database, not that of the locks.
    await dialect.withLock('shop', 'migration', async () => {});
    const { page, problems } = await openPage(browser, await dialect.studio());
    expect(page.url()).not.toContain('token');
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'Users' }).click();
    await page.getByText('Ada', { exact: true }).waitFor();
    await User.create({ name: 'Grace' });
    await page.getByRole('button', { name: 'Load the rows again' }).click();
    await page.getByText('Grace', { exact: true }).waitFor();
    await page.context().close();
    expect(problems).toEqual([]);
    await dialect.createDatabase('other');
    const beside = await openPage(browser, `${await dialect.studio()}&/other`);
    expect(beside.page.url()).toMatch(/\/console\/#\/other$/);
    await beside.page.context().close();
    expect(beside.problems).toEqual([]);
    await sequelize.close();
    await browser.close();
  });
});
