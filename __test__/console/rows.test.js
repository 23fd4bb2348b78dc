'use strict';

const fs = require('node:fs');

const { accessibilityFaults, describeInBrowser, PATIENCE } = require('../helpers/browser.js');
const { HOSTILE_COLUMN, HOSTILE_ROWS, HOSTILE_TABLE } = require('../helpers/console-data.js');
const { consoleSuite } = require('../helpers/console-suite.js');

jest.setTimeout(PATIENCE);

describeInBrowser('the console: tables and rows', () => {
  const { open, withDialect } = consoleSuite();
  const database = (sql) => withDialect(async (dialect) => (await dialect.query('shop', sql)).rows);
  const cell = (page, row, column) => page.locator(`[data-at="${row},${column}"]`);
  const texts = (page, column) => page.locator(`tbody td:nth-child(${column + 1})`).allInnerTexts();
  const loaded = (page) => page.locator('[aria-busy=false] tbody tr').first().waitFor();

  test('somebody finds a row in a database that they have never seen', async () => {
    const page = await open();
    await page.getByLabel('Database').selectOption('shop');
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'customers' }).click();
    await page.getByRole('heading', { name: 'customers' }).waitFor();
    await loaded(page);
    expect(await texts(page, 2)).toContain('Grace Hopper');
    await page.getByLabel('Filter name').fill('grace');
    await page.getByLabel('Filter name').press('Enter');
    await page.getByText('1–1 of 1').waitFor();
    expect(await texts(page, 2)).toEqual(['Grace Hopper']);
    expect(await texts(page, 6)).toEqual(['NULL']);
    // The next key is for the field that filtered.
    await expect(page.locator(':focus').getAttribute('aria-label')).resolves.toBe('Filter name');
    await expect(page.getByLabel('Condition in SQL').getAttribute('placeholder')).resolves.toBe(
      `"id" > 18 AND "name" LIKE 'A%'`,
    );
  });

  test('it filters with conditions and sorts, and the URL keeps both', async () => {
    const page = await open('#/shop/data/orders');
    await loaded(page);
    await page.getByLabel('Filter id').fill('BETWEEN 10 AND 14');
    await page.getByLabel('Filter id').press('Enter');
    await page.getByText('1–5 of 5').waitFor();
    await page.getByLabel('Condition in SQL').fill('total > 100');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByText('1–4 of 4').waitFor();
    await page.getByRole('button', { name: /^total/ }).click();
    await page.getByRole('button', { name: /^total/ }).click();
    await page.locator('th[aria-sort=descending]').waitFor();
    await page.reload();
    await page.getByText('1–4 of 4').waitFor();
    expect(await texts(page, 1)).toEqual(['14', '13', '12', '11']);
    await page.getByLabel('Condition in SQL').fill('nonsense >');
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await expect(page.getByRole('alert').first().textContent()).resolves.toMatch(/SYNTAX_ERROR/);
  });

  test('it pages through many rows without loading them', async () => {
    const page = await open('#/hostile/data/plain');
    await page.getByText('1–100 of 20,000').waitFor();
    await page.getByRole('button', { name: 'Last page' }).click();
    await page.getByText('19,901–20,000 of 20,000').waitFor();
    expect((await texts(page, 1)).at(-1)).toBe('20000');
    await page.getByRole('spinbutton').fill('7');
    await page.getByRole('spinbutton').press('Enter');
    await page.getByText('601–700 of 20,000').waitFor();
    await page.goBack();
    await page.getByText('19,901–20,000 of 20,000').waitFor();
  });

  test('many rows of a condition are counted when somebody asks, and a search that takes long can be stopped', async () => {
    const page = await open('#/hostile/data/plain?where=n%20%3E%3D%200');
    await page.getByText('1–100 of more than 10,000').waitFor();
    await expect(page.getByRole('button', { name: 'Last page' }).isDisabled()).resolves.toBe(true);
    await page.getByRole('button', { name: 'Count all' }).click();
    await page.getByText('1–100 of 20,000').waitFor();
    const calls = [];
    const isCount = (request) => request.method() === 'POST' && request.postData().includes('count(*)');
    page.on('request', (request) => calls.push(isCount(request) ? 'count' : 'rows'));
    page.on('requestfinished', () => calls.push('done'));
    await page.getByLabel('Filter n').fill('> 1');
    await page.getByLabel('Filter n').press('Enter');
    await page.getByText('1–100 of more than 10,000').waitFor();
    // To read the rows and to count them at the same time takes both of them longer.
    expect(calls.slice(0, 3)).toEqual(['rows', 'done', 'count']);
    await page.getByLabel('Filter n').fill('');
    await page.getByLabel('Filter n').press('Enter');
    await page.getByText('1–100 of 20,000').waitFor();
    calls.length = 0;
    const endless = 'id = (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c)';
    await page.getByLabel('Condition in SQL').fill(endless);
    await page.getByRole('button', { name: 'Filter', exact: true }).click();
    await page.getByText('Loading…', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await page.getByText(/^Stopped/).waitFor();
    await expect(page.getByRole('button', { name: 'Stop counting' }).count()).resolves.toBe(0);
    expect(calls.filter((call) => call !== 'done')).toEqual(['rows']);
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await page.getByText('1–100 of 20,000').waitFor();
  });

  test('changes are staged, undone, reviewed and saved together, with the keyboard alone', async () => {
    const page = await open('#/shop/data/customers');
    await loaded(page);
    await cell(page, 0, 1).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Ada King');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Nobody');
    await page.keyboard.press('Enter');
    await page.getByText('2 changes not saved').waitFor();
    expect((await texts(page, 2)).slice(0, 2)).toEqual(['Ada King', 'Nobody']);
    await page.getByRole('button', { name: 'Undo' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('1 change not saved').waitFor();
    expect(await database('SELECT name FROM customers WHERE id = 1')).toEqual([{ name: 'Ada Lovelace' }]);
    await page.getByRole('button', { name: 'Review and save' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog.locator('del').textContent()).resolves.toBe('Ada Lovelace');
    await expect(dialog.locator('ins').textContent()).resolves.toBe('Ada King');
    await dialog.getByRole('button', { name: 'Save' }).focus();
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect(await database('SELECT name FROM customers WHERE id = 1')).toEqual([{ name: 'Ada King' }]);
    await database("UPDATE customers SET name = 'Ada Lovelace' WHERE id = 1");
  });

  test('a save is all or nothing: a row that somebody else has changed stops it', async () => {
    const page = await open('#/shop/data/customers');
    await loaded(page);
    await page.getByRole('button', { name: 'Add a row' }).click();
    await cell(page, 0, 2).dblclick();
    await page.keyboard.type('Newcomer');
    await page.keyboard.press('Enter');
    await cell(page, 3, 2).dblclick();
    await page.keyboard.type('Alan M. Turing');
    await page.keyboard.press('Enter');
    await page.getByText('2 changes not saved').waitFor();
    await database("UPDATE customers SET name = 'A. Turing' WHERE id = 3");
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(page.getByRole('dialog').getByRole('alert').textContent()).resolves.toMatch(/ROW_CHANGED/);
    expect(await database("SELECT name FROM customers WHERE name = 'Newcomer'")).toEqual([]);
    await database("UPDATE customers SET name = 'Alan Turing' WHERE id = 3");
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const saved = await database("SELECT name, active FROM customers WHERE name = 'Newcomer' OR id = 3 ORDER BY id");
    expect(saved).toEqual([
      { name: 'Alan M. Turing', active: true },
      { name: 'Newcomer', active: true },
    ]);
    await page.getByLabel('Filter name').fill('Newcomer');
    await page.getByLabel('Filter name').press('Enter');
    await page.getByText('1–1 of 1').waitFor();
    await cell(page, 0, 2).focus();
    await page.keyboard.press('Delete');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('No rows', { exact: true }).waitFor();
    expect(await database("SELECT name FROM customers WHERE name = 'Newcomer'")).toEqual([]);
    await database("UPDATE customers SET name = 'Alan Turing' WHERE id = 3");
  });

  test('a wrong value is refused where it is written, and by the server in its words', async () => {
    const page = await open('#/shop/data/orders');
    await loaded(page);
    await cell(page, 0, 2).dblclick();
    await page.keyboard.type('many');
    await expect(page.getByRole('alert').textContent()).resolves.toBe('this is not a whole number');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('4711');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect(page.getByRole('dialog').getByRole('alert').textContent()).resolves.toMatch(/FOREIGN_KEY_VIOLATION/);
  });

  test('the panel shows whole values, documents, images, and the rows that belong together', async () => {
    const page = await open('#/shop/data/customers');
    await loaded(page);
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Row' });
    await expect(panel.getByLabel('profile', { exact: true }).inputValue()).resolves.toContain('"city": "Paris"');
    await panel.getByAltText('The content of photo').waitFor();
    await panel.getByText('42 rows').or(panel.getByText('41 rows')).waitFor();
    await panel.getByRole('link', { name: 'orders' }).click();
    await page.getByRole('heading', { name: 'orders' }).waitFor();
    await page.getByText(/of 4\d$/).waitFor();
    await page.getByRole('button', { name: 'Show the row of customers' }).first().click();
    await page.getByText('1–1 of 1').waitFor();
    expect(await texts(page, 2)).toEqual(['Ada Lovelace']);
  });

  test('a document keeps the digits of its numbers', async () => {
    await database(`UPDATE customers SET profile = '{"n": 12345678901234567890.123}' WHERE id = 6`);
    const page = await open('#/shop/data/customers?where=id%20%3D%206');
    await loaded(page);
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const field = page.getByLabel('profile', { exact: true });
    await field.fill((await field.inputValue()).replace('.123', '.124'));
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    const [row] = await database('SELECT CAST(profile AS TEXT) AS text FROM customers WHERE id = 6');
    expect(row.text).toBe('{"n": 12345678901234567890.124}');
  });

  test('what is shown is exported as CSV and as JSON', async () => {
    await database(
      `UPDATE customers SET profile = '{"n": [12345678901234567890, 1.10], "city": "London"}' WHERE id = 2`,
    );
    const page = await open('#/shop/data/customers?where=id%20%3C%203');
    await page.getByText('1–2 of 2').waitFor();
    const download = async (format) => {
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('group', { name: 'Export' }).getByRole('button', { name: format }).click(),
      ]);
      return fs.readFileSync(await file.path(), 'utf8');
    };
    const csv = await download('CSV');
    expect(csv.split('\r\n').slice(0, 2)).toEqual([
      'id,name,email,born,active,notes,profile,photo',
      expect.stringMatching(/^1,Ada Lovelace,ada@example\.org,1910-01-01,true,"",/),
    ]);
    // The numbers of documents keep their digits.
    expect(csv).toContain('"{""n"":[12345678901234567890,1.10],""city"":""London""}"');
    const json = await download('JSON');
    expect(json).toContain('"profile":{"n":[12345678901234567890,1.10],"city":"London"}');
    const rows = JSON.parse(json);
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({ id: 2, name: 'Grace Hopper', notes: null, profile: { city: 'London' } });
  });

  test('a table without a key says why its rows cannot be changed', async () => {
    const page = await open('#/shop/data/log');
    await loaded(page);
    await page.getByText(/no primary key and no unique key/).waitFor();
    // A row can be seen as a whole all the same.
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Row' });
    await panel.getByText('started').waitFor();
    await expect(panel.locator('input, textarea').count()).resolves.toBe(0);
    await expect(panel.getByRole('button', { name: 'Delete' }).count()).resolves.toBe(0);
    await cell(page, 0, 2).dblclick();
    await expect(page.locator('.cell-editor').count()).resolves.toBe(0);
  });

  test('text that looks like HTML stays text, in names, rows, documents and links', async () => {
    const page = await open('#/hostile/data');
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: HOSTILE_TABLE }).click();
    await loaded(page);
    const shown = await texts(page, 2);
    for (const row of HOSTILE_ROWS.filter(Boolean)) {
      expect(shown.map((text) => text.trim())).toContain(row.trim());
    }
    expect(shown).toEqual(expect.arrayContaining(['empty', 'NULL']));
    expect(shown.find((text) => text.startsWith('huge')).length).toBeLessThan(400);
    await expect(page.locator('td a, td img, td script').count()).resolves.toBe(0);
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Row' });
    await panel.getByLabel(HOSTILE_COLUMN, { exact: true }).waitFor();
    await panel.getByLabel(HOSTILE_COLUMN, { exact: true }).fill('<b>new</b>');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect(page.locator('main b, main script').count()).resolves.toBe(0);
    await page.getByRole('button', { name: 'Open row 10' }).click();
    await panel.getByText('2,000,000 characters').waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      panel.getByRole('button', { name: 'Save as a file' }).click(),
    ]);
    expect(fs.statSync(await file.path()).size).toBe(2_000_000);
  });

  test('a database, a table and columns may have the names of what every object has', async () => {
    const rows = (sql) => withDialect(async (dialect) => (await dialect.query('constructor', sql)).rows);
    await withDialect((dialect) => dialect.createDatabase('constructor'));
    await rows(
      'CREATE TABLE "constructor" (id SERIAL PRIMARY KEY, "constructor" TEXT, "__proto__" TEXT, "toString" TEXT)',
    );
    await rows(`INSERT INTO "constructor" ("constructor", "__proto__") VALUES ('one', 'two')`);
    const page = await open('#/constructor/data');
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'constructor' }).click();
    await loaded(page);
    expect((await page.locator('tbody tr').first().locator('td').allInnerTexts()).slice(1)).toEqual([
      '1',
      'one',
      'two',
      'NULL',
    ]);
    await page.getByLabel('Filter __proto__').fill('tw');
    await page.keyboard.press('Enter');
    await page.getByText('1–1 of 1').waitFor();
    await cell(page, 0, 3).dblclick();
    await page.keyboard.type('three');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Row' });
    await panel.getByLabel('constructor', { exact: true }).fill('four');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect((await rows('SELECT * FROM "constructor"')).map(Object.entries)).toEqual([
      [
        ['id', 1],
        ['constructor', 'four'],
        ['__proto__', 'three'],
        ['toString', null],
      ],
    ]);
    await withDialect((dialect) => dialect.dropDatabase('constructor'));
  });

  test('a wide table and names in other scripts are shown', async () => {
    const page = await open('#/hostile/data/wide');
    await loaded(page);
    await cell(page, 0, 1).focus();
    await page.keyboard.press('End');
    await page.locator('td:focus', { hasText: '20' }).waitFor();
    await page.getByRole('link', { name: '🎉 مرحبا' }).click();
    await page.getByText('No rows', { exact: true }).waitFor();
  });

  test.each([
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['on a telephone', { viewport: { width: 360, height: 740 } }],
  ])('axe finds nothing serious: %s', async (_, options) => {
    const page = await open('#/shop/data/customers', options);
    await loaded(page);
    await page.getByRole('button', { name: 'Open row 1', exact: true }).click();
    const panel = page.getByRole('complementary', { name: 'Row' });
    await panel.getByLabel('name', { exact: true }).fill('Somebody');
    await page.keyboard.press('Tab');
    expect(await accessibilityFaults(page)).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(width).toBeLessThanOrEqual(0);
    if (options.viewport) await page.getByRole('button', { name: 'Close the row' }).click();
    await page.getByRole('button', { name: 'Review and save' }).click();
    expect(await accessibilityFaults(page)).toEqual([]);
  });
});
