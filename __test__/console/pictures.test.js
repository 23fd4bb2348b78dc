'use strict';

// The pictures of docs/console.md and docs/cli.md. PHANTOMDB_WRITE_DOCS=1 writes them.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { describeInBrowser, launch, openPage, PATIENCE } = require('../helpers/browser.js');
const { fill } = require('../helpers/console-data.js');
const { serve } = require('../helpers/serve.js');

jest.setTimeout(PATIENCE);

const docs = path.join(__dirname, '../../docs');
const folder = path.join(docs, 'images');

/** For each picture, the place, and what is done there before it is taken. */
const PICTURES = {
  'console-rows': {
    place: '#/shop/data/customers',
    prepare: async (page) => {
      await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
      await page.getByRole('complementary', { name: 'Row' }).getByLabel('name', { exact: true }).fill('Ada King');
      await page.keyboard.press('Tab');
      await page.getByText('1 change not saved').waitFor();
    },
  },
  'console-sql': {
    place: '#/shop/sql',
    prepare: async (page) => {
      await page.getByRole('textbox', { name: /^SQL of/ }).focus();
      await page.keyboard.insertText(
        'SELECT name, count(*) AS orders, sum(total) AS total\nFROM orders JOIN customers ON customers.id = customer_id\n' +
          'GROUP BY name ORDER BY name',
      );
      await page.keyboard.press('Control+Enter');
      await page.getByRole('button', { name: 'Chart' }).click();
      await page.getByRole('checkbox', { name: 'total' }).check();
      await page.getByRole('checkbox', { name: 'orders' }).uncheck();
      await page.locator('.plot canvas').waitFor();
    },
  },
  'console-schema': {
    place: '#/shop/schema',
    prepare: (page) => page.getByRole('application').getByText('customers', { exact: true }).waitFor(),
  },
  'console-live': {
    place: '#/shop/live',
    prepare: async (page) => {
      await page.evaluate(async () => {
        const body = JSON.stringify({ database: 'shop' });
        const headers = { 'Content-Type': 'application/json' };
        await fetch('/transactions', { method: 'POST', headers, body });
        const reads = Array.from({ length: 100 }, () => fetch('/databases/shop/tables/orders?limit=10'));
        await Promise.all(reads);
      });
      await page.getByRole('row', { name: /^find [1-9]/ }).waitFor();
    },
  },
};

const VIEWPORT = { width: 1000, height: 560 };

/** Writes the picture of a page of the documentation, or compares its size with the picture that is there. */
function keep(name, picture, documentation) {
  const file = path.join(folder, `${name}.png`);
  if (process.env.PHANTOMDB_WRITE_DOCS) fs.writeFileSync(file, picture);
  expect(fs.readFileSync(path.join(docs, documentation), 'utf8')).toContain(`](images/${name}.png)`);
  const kept = fs.readFileSync(file);
  expect(kept.subarray(12, 24)).toEqual(picture.subarray(12, 24));
  expect(kept.length).toBeLessThan(150_000);
}

describeInBrowser('the pictures of the documentation', () => {
  let server;
  let browser;

  beforeAll(async () => {
    [server, browser] = await Promise.all([serve(['--memory', '--listen', '127.0.0.1:0']), launch()]);
    await fill(server.url);
  });
  afterAll(async () => {
    await browser?.close();
    server?.child.kill();
    await server?.ended;
  });

  test.each(Object.entries(PICTURES))('%s', async (name, { place, prepare }) => {
    const { page: shown, problems } = await openPage(browser, `${server.url}/console/${place}`, { viewport: VIEWPORT });
    await prepare(shown);
    const picture = await shown.screenshot({ animations: 'disabled' });
    await shown.context().close();
    expect(problems).toEqual([]);
    keep(name, picture, 'console.md');
  });

  test('cli-diagram', async () => {
    const phantomdb = path.join(__dirname, '../../bin/phantomdb.js');
    const diagram = ['schema', server.url, '--database', 'shop', '--format', 'svg'];
    const svg = execFileSync(process.execPath, [phantomdb, ...diagram], { encoding: 'utf8' });
    const shown = await browser.newPage({ viewport: VIEWPORT });
    await shown.setContent(`<body style="margin: 0">${svg}`);
    const picture = await shown.locator('svg').first().screenshot();
    await shown.close();
    keep('cli-diagram', picture, 'cli.md');
  });
});
