'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { accessibilityFaults, describeInBrowser, launch, openPage, PATIENCE } = require('../helpers/browser.js');
const { fill } = require('../helpers/console-data.js');
const { serve } = require('../helpers/serve.js');

jest.setTimeout(PATIENCE);

const root = path.join(__dirname, '../..');

describeInBrowser('the console: who may use it', () => {
  let folder;
  let tokens;
  let server;
  let browser;

  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-console-'));
    const store = path.join(folder, 'tokens');
    const create = (name, rights) => {
      const options = ['--token-store', store, '--rights', rights, '--databases', '*'];
      const args = ['bin/phantomdb.js', 'token', 'create', ...options, name];
      return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim();
    };
    tokens = { all: create('all', 'schema,admin'), read: create('reader', 'read') };
    [server, browser] = await Promise.all([
      serve(['--memory', '--listen', '127.0.0.1:0', '--token-store', store]),
      launch(),
    ]);
    await fill(server.url, { token: tokens.all });
  });
  afterAll(async () => {
    await browser?.close();
    server?.child.kill();
    await server?.ended;
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const withPage = async (hash, work) => {
    const { page, problems } = await openPage(browser, `${server.url}/console/${hash}`);
    await work(page);
    await page.context().close();
    expect(problems).toEqual([]);
  };
  const enter = async (page, token) => {
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
  };

  test('it asks for the token, says when it is wrong, and keeps it in the tab only', async () => {
    await withPage('#/shop/data', async (page) => {
      await page.getByLabel('Token').waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await enter(page, 'a-wrong-token-of-16');
      await page.getByRole('alert').getByText('UNAUTHORIZED').waitFor();
      await enter(page, tokens.all);
      await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'customers' }).waitFor();
      const kept = await page.evaluate(() => [
        Object.values(sessionStorage),
        JSON.stringify({ ...localStorage }),
        document.cookie,
      ]);
      expect(kept[0]).toEqual([tokens.all]);
      expect(kept[1] + kept[2]).not.toContain(tokens.all);
      await page.reload();
      await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'customers' }).waitFor();
      await page.getByRole('button', { name: 'Forget token' }).click();
      await page.getByLabel('Token').waitFor();
    });
  });

  test('a token with the right read sees no button that changes anything', async () => {
    await withPage('#/shop/data/customers', async (page) => {
      await enter(page, tokens.read);
      await page.getByText('reader · read only').waitFor();
      await page.locator('tbody tr').first().waitFor();
      await expect(page.getByRole('button', { name: 'Add a row' }).count()).resolves.toBe(0);
      await page.locator('[data-at="0,2"]').dblclick();
      await expect(page.locator('.cell-editor').count()).resolves.toBe(0);
      await page.getByRole('complementary', { name: 'Row' }).getByText('Ada Lovelace').waitFor();
      await expect(page.locator('.panel').locator('input, textarea, select, .danger').count()).resolves.toBe(0);
      await page.locator('[data-at="0,2"]').focus();
      await page.keyboard.press('Delete');
      await expect(page.getByText('not saved').count()).resolves.toBe(0);
      await expect(page.getByRole('link', { name: 'Live' }).count()).resolves.toBe(0);
      await page.getByRole('link', { name: 'Schema' }).click();
      await page.getByRole('application').getByText('orders', { exact: true }).waitFor();
      await expect(page.getByRole('button', { name: 'Create a table' }).count()).resolves.toBe(0);
    });
  });

  test('a token that may not write keeps its statements in the browser, and is told why', async () => {
    await withPage('#/shop/sql', async (page) => {
      await enter(page, tokens.read);
      await page.getByRole('textbox', { name: /^SQL of/ }).focus();
      await page.keyboard.insertText('SELECT 1 AS mine');
      await page.getByRole('button', { name: 'Saved' }).click();
      await page.getByText(/your token may not make it, so this browser keeps it/).waitFor();
      await page.getByLabel('Save the text of this tab as').fill('Mine');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByText('in this browser').waitFor();
      const { tables } = await (
        await page.request.get(`${server.url}/databases/shop/tables`, {
          headers: { Authorization: `Bearer ${tokens.read}` },
        })
      ).json();
      expect(tables.map(({ name }) => name)).not.toContain('console_saved_queries');
    });
  });

  test('the page of another origin cannot use the server', async () => {
    await withPage('', async (page) => {
      const response = await page.request.post(`${server.url}/databases/shop/query`, {
        headers: { Origin: 'http://evil.example', Authorization: `Bearer ${tokens.all}` },
        data: { query: 'SELECT 1' },
      });
      expect(response.status()).toBe(403);
    });
  });

  test('it is not served to everybody who reaches a proxy', async () => {
    const options = ['--memory', '--listen', '127.0.0.1:0', '--allow-host', 'db.example.org', '--console'];
    await expect(serve(options)).rejects.toThrow(/set a token/);
  });
});
