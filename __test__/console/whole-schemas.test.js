'use strict';

// A database can have thousands of tables, and views. The console shows one of them without reading the others, and lists all.

const { accessibilityFaults, describeInBrowser, PATIENCE } = require('../helpers/browser.js');
const { consoleSuite } = require('../helpers/console-suite.js');

jest.setTimeout(PATIENCE);

describeInBrowser('the console: all tables and views of a database', () => {
  const { open, withDialect } = consoleSuite();
  const place = (page, hash) =>
    page.evaluate((hash) => {
      location.hash = hash;
    }, hash);
  const shown = { timeout: 30_000 };

  beforeAll(() =>
    withDialect(async (dialect) => {
      const tables = Array.from({ length: 200 }, (_, at) => {
        const parent = at > 0 ? ', parent_id INTEGER REFERENCES t_000 (id)' : '';
        return `CREATE TABLE t_${String(at).padStart(3, '0')} (id INTEGER PRIMARY KEY, of_${at} TEXT${parent})`;
      });
      await dialect.query('many', tables.join('; '));
      await dialect.query('many', "INSERT INTO t_007 VALUES (1, 'seven', NULL)");
      await dialect.query('viewed', 'CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT)');
      await dialect.query('viewed', "INSERT INTO people VALUES (1, 'Ada')");
      await dialect.query('viewed', 'CREATE VIEW named AS SELECT id, name FROM people WHERE name IS NOT NULL');
    }),
  );

  test('a page does not wait for the descriptions of other tables', async () => {
    const page = await open('#/many');
    await page.getByText('200 tables. Choose one').waitFor(shown);
    // The descriptions of other tables never come.
    await page.route(/\/tables\/(?!t_007\/)[^/]+\/schema/, () => {});
    await place(page, '#/many/schema/t_007');
    await page.getByRole('heading', { name: 't_007' }).waitFor(shown);
    await page.getByRole('rowheader', { name: 'of_7' }).waitFor(shown);
    await place(page, '#/many/schema');
    await page.getByText('200 tables are too many for one diagram').waitFor(shown);
    await page.getByLabel('Draw the tables whose names contain this').fill('t_007');
    await page.locator('svg').getByText('of_7').waitFor(shown);
    await place(page, '#/many/sql');
    await page.getByRole('textbox', { name: /^SQL of/ }).focus();
    await page.keyboard.type('SELECT * FROM t_00');
    await page.getByRole('option', { name: 't_005' }).waitFor(shown);
    await page.keyboard.press('Escape');
    await page.keyboard.type('7 WHERE of_');
    await page.getByRole('option', { name: 'of_7' }).waitFor(shown);
    await place(page, '#/many/data/t_007');
    await page.getByRole('gridcell', { name: 'seven' }).waitFor(shown);
  });

  test('a view is in the lists, and its rows are shown and not changed', async () => {
    const page = await open('#/viewed');
    await page.getByText('1 table and 1 view.').waitFor(shown);
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'named (view)' }).click();
    await page.getByRole('gridcell', { name: 'Ada' }).waitFor(shown);
    await page.getByText('This is a view').waitFor(shown);
    expect(await page.getByRole('button', { name: 'Add a row' }).count()).toBe(0);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Schema', exact: true }).click();
    await page.getByRole('link', { name: 'named (view)' }).click();
    await page.getByText(/CREATE VIEW "named" AS\s+SELECT/).waitFor(shown);
    expect(await accessibilityFaults(page)).toEqual([]);
    await place(page, '#/viewed/sql');
    await page.getByRole('textbox', { name: /^SQL of/ }).focus();
    await page.keyboard.type('SELECT * FROM nam');
    await page.getByRole('option', { name: 'named', exact: true }).waitFor(shown);
  });
});
