'use strict';

const { accessibilityFaults, describeInBrowser, PATIENCE } = require('../helpers/browser.js');
const { HOSTILE_COLUMN, HOSTILE_TABLE, quoted } = require('../helpers/console-data.js');
const { consoleSuite } = require('../helpers/console-suite.js');

jest.setTimeout(PATIENCE);

describeInBrowser('the console: SQL, schema and live', () => {
  const { open, withDialect } = consoleSuite('--log-slow', '1', '--lock-idle-timeout', '60m');
  const editor = (page) => page.getByRole('textbox', { name: /^SQL of/ });
  const write = async (page, text) => {
    await editor(page).focus();
    await page.keyboard.press('Control+A');
    // Chromium gives a text that replaces another one its style, which the policy of the page does not allow.
    await page.keyboard.press('Delete');
    await page.keyboard.insertText(text);
  };

  test('a statement is completed, run with the keyboard, and shown as a table and as a chart', async () => {
    const page = await open('#/shop/sql');
    await editor(page).focus();
    await page.keyboard.type('SELECT * FROM custo');
    await page.getByRole('option', { name: 'customers' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.type('mers WHERE ema');
    await page.getByRole('option', { name: 'email' }).waitFor();
    // The editor takes no key for the list in the moment in which it opens.
    await page.waitForTimeout(150);
    await page.keyboard.press('Tab');
    await page.getByText('SELECT * FROM customers WHERE email').waitFor();
    await write(
      page,
      'SELECT state, count(*) AS n, sum(total) AS total, NULL AS nothing FROM orders GROUP BY state ORDER BY state',
    );
    await page.keyboard.press('Control+Enter');
    await page.getByText(/^3 rows in/).waitFor();
    const result = page.getByRole('region', { name: 'Result' });
    const cells = await result.locator('tbody tr').first().locator('td').allInnerTexts();
    expect(cells).toEqual(['open', '83', expect.stringMatching(/^\d+\.\d\d$/), 'NULL']);
    await page.getByRole('button', { name: 'Chart' }).click();
    await page.getByRole('img', { name: 'Bars of n by state' }).locator('canvas').waitFor();
    for (const kind of ['line', 'scatter']) {
      await page.getByLabel('Draw').selectOption(kind);
      await page.locator('.plot canvas').waitFor();
    }
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test.each(['"x', 'mouse'])('a column whose name needs quotes is completed with them, after %j', async (typed) => {
    const page = await open('#/hostile/sql');
    await write(page, '');
    await page.keyboard.type(`SELECT ${typed}`);
    await page.getByRole('option', { name: 'onmouseover' }).waitFor();
    // The editor takes no key for the list in the moment in which it opens.
    await page.waitForTimeout(150);
    await page.keyboard.press('Tab');
    await page.getByText(`SELECT ${quoted(HOSTILE_COLUMN)}`, { exact: true }).waitFor();
  });

  test('the documents of a result keep the digits of their numbers, also along a chart', async () => {
    const page = await open('#/shop/sql');
    const documents = `CAST('{"a": 1.10}' AS JSONB) AS doc, CAST('12345678901234567890' AS JSONB) AS number`;
    await write(page, `SELECT ${documents}, 1 AS n`);
    await page.keyboard.press('Control+Enter');
    const result = page.getByRole('region', { name: 'Result' });
    await result.waitFor();
    expect(await result.locator('td').allInnerTexts()).toEqual(['{"a":1.10}', '12345678901234567890', '1']);
    await page.getByRole('button', { name: 'Chart' }).click();
    await page.getByRole('img', { name: 'Bars of n by doc' }).locator('canvas').waitFor();
  });

  test('an error says where it is, and the plan is a tree', async () => {
    const page = await open('#/shop/sql');
    await write(page, 'SELECT nonsense FROM orders');
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('alert').getByText('UNKNOWN_COLUMN').waitFor();
    await page.getByRole('alert').getByText('orders has id, customer_id, state, total, placed.').waitFor();
    await write(page, 'SELECT * FROM orders WHERE customer_id = 3');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page
      .locator('.plan')
      .getByText(/orders_by_customer/)
      .waitFor();
  });

  test('tabs, history and saved statements stay when the page is opened again', async () => {
    const page = await open('#/shop/sql');
    await write(page, 'SELECT 1 AS one');
    await page.keyboard.press('Control+Enter');
    await page.getByText(/^1 row in/).waitFor();
    await page.getByRole('button', { name: 'Saved' }).click();
    await page.getByLabel('Save the text of this tab as').fill('The one');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Remove The one' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'New tab' }).click();
    await write(page, 'SELECT 2 AS two');
    await page.reload();
    await page.getByRole('tab', { name: 'Query 2', selected: true }).waitFor();
    await page.getByText('SELECT 2 AS two').waitFor();
    await page.getByRole('tab', { name: 'Query 2' }).focus();
    await page.keyboard.press('ArrowLeft');
    await page.getByText('SELECT 1 AS one').waitFor();
    await page.getByRole('button', { name: 'History' }).click();
    await page.getByRole('dialog').getByText('SELECT 1 AS one').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Saved' }).click();
    await page.getByRole('dialog').getByText('The one').click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('a saved statement is in the database, in a table that is marked as of the console, and is removed again', async () => {
    const rows = (sql) => withDialect(async (dialect) => (await dialect.query('kept', sql)).rows);
    await withDialect((dialect) => dialect.createDatabase('kept'));
    const save = async (page, name) => {
      await page.getByRole('button', { name: 'Saved' }).click();
      await page.getByLabel('Save the text of this tab as').fill(name);
      await page.keyboard.press('Enter');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: `Remove ${name}` })
        .waitFor();
    };
    const page = await open('#/kept/sql');
    await write(page, "SELECT 'it''s' AS one");
    await page.getByRole('button', { name: 'Saved' }).click();
    await page.getByText('The first one makes the table console_saved_queries.').waitFor();
    await page.keyboard.press('Escape');
    await save(page, 'The one');
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(await rows('SELECT name, text FROM console_saved_queries')).toEqual([
      { name: 'The one', text: "SELECT 'it''s' AS one" },
    ]);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'console_saved_queries (console)' }).waitFor();
    await write(page, 'SELECT 2 AS two');
    await save(page, 'The one');
    await page.getByRole('dialog').getByText('SELECT 2 AS two').waitFor();
    await page.getByRole('button', { name: 'Remove The one' }).click();
    await page.getByRole('button', { name: 'Remove The one' }).waitFor({ state: 'detached' });
    expect(await rows('SELECT name FROM console_saved_queries')).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Schema' }).click();
    await page.getByRole('application').getByText('console_saved_queries (console)').waitFor();
    await withDialect((dialect) => dialect.dropDatabase('kept'));
  });

  test('the schema is drawn, and its tables lead to what they have', async () => {
    const page = await open('#/shop/schema');
    const diagram = page.getByRole('application');
    await diagram.getByText('orders', { exact: true }).waitFor();
    await expect(diagram.locator('.edge').count()).resolves.toBe(2);
    const place = () => diagram.locator('g').first().getAttribute('transform');
    const before = await place();
    await diagram.focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('+');
    expect(await place()).not.toBe(before);
    expect(await accessibilityFaults(page)).toEqual([]);
    await diagram.getByRole('link', { name: 'orders' }).click();
    await page.getByRole('heading', { name: 'orders' }).waitFor();
    await page.getByText('orders_by_customer').first().waitFor();
    await page.getByText(/sequelize\.define\(/).waitFor();
    expect(await page.getByRole('region', { name: 'Sequelize model' }).textContent()).toMatch(
      /state: \{ type: DataTypes\.ENUM\('open', 'paid', 'sent'\), allowNull: false, defaultValue: 'open' \}/,
    );
    await page.getByRole('button', { name: 'TypeScript' }).click();
    await page.getByText(/declare state: CreationOptional<'open' \| 'paid' \| 'sent'>/).waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
  });

  test('a table and an index are made, changed and dropped, with the statements shown first', async () => {
    const page = await open('#/shop/schema');
    const run = async () => {
      const text = await page.getByRole('region', { name: 'The statements' }).textContent();
      await page.getByRole('button', { name: 'Run', exact: true }).click();
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      return text;
    };
    await page.getByRole('button', { name: 'Create a table' }).click();
    await page.getByLabel('Table', { exact: true }).fill('shelves');
    await page.getByRole('dialog').getByLabel('Name').nth(1).fill('label');
    expect(await run()).toBe(
      'CREATE TABLE "shelves" (\n  "id" SERIAL NOT NULL,\n  "label" TEXT,\n  PRIMARY KEY ("id")\n);',
    );
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: 'shelves' }).click();
    await page.getByRole('button', { name: 'Add a column' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('size');
    await page.getByRole('dialog').getByLabel('Type').fill('INTEGER');
    await page.getByLabel('Default').fill('7');
    expect(await run()).toBe('ALTER TABLE "shelves" ADD COLUMN "size" INTEGER DEFAULT 7;');
    await page.getByRole('button', { name: 'Change size' }).click();
    await page.getByRole('dialog').getByLabel('Type').fill('BIGINT');
    await page.getByRole('dialog').getByLabel('Name').fill('width');
    await page.getByLabel('NULL').uncheck();
    expect((await run()).split('\n')).toHaveLength(3);
    await page.getByRole('button', { name: 'Create an index' }).click();
    await page.getByLabel('width', { exact: true }).check();
    await page.getByLabel('Unique').check();
    expect(await run()).toBe('CREATE UNIQUE INDEX "shelves_width_idx" ON "shelves" ("width");');
    const described = await withDialect((dialect) => dialect.query('shop', 'SELECT * FROM shelves'));
    expect(described.rows).toEqual([]);
    await page.getByRole('button', { name: 'Drop shelves_width_idx' }).click();
    expect(await run()).toBe('DROP INDEX "shelves_width_idx";');
    await page.getByRole('button', { name: 'Drop width' }).click();
    await run();
    await page.getByRole('button', { name: 'Drop', exact: true }).click();
    await run();
    await page.getByRole('heading', { name: 'Schema' }).waitFor();
    await page.getByRole('link', { name: 'shelves' }).first().waitFor({ state: 'detached' });
  });

  test('hostile names stay names in the diagram and in the sources', async () => {
    const page = await open('#/hostile/schema');
    await page.getByRole('application').getByText(HOSTILE_TABLE.slice(0, 20)).waitFor();
    await page.getByRole('navigation', { name: 'Tables' }).getByRole('link', { name: HOSTILE_TABLE }).click();
    await page.getByText(/sequelize\.define\(/).waitFor();
    await expect(page.locator('main script, main img').count()).resolves.toBe(0);
  });

  test('live figures, slow statements, and a transaction that somebody forgot', async () => {
    const page = await open('#/shop/live');
    await withDialect(async (dialect) => {
      const { Sequelize } = require('sequelize');
      const sequelize = new Sequelize('shop', null, null, { dialect, logging: false });
      const transaction = await sequelize.transaction();
      await sequelize.query('SELECT 1', { transaction });
      await sequelize.query(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 400000) SELECT count(*), 'secret' FROM c",
      );
      await page.getByText('requests in a second').waitFor();
      await page.getByRole('row', { name: /shop.*idle for/ }).waitFor();
      const slow = page.locator('.slow li', { hasText: 'WITH RECURSIVE' });
      await slow.waitFor();
      expect(await slow.textContent()).not.toMatch(/secret/);
      expect(await accessibilityFaults(page)).toEqual([]);
      await page.getByRole('button', { name: 'Roll back' }).click();
      await page.getByText('None.').first().waitFor();
      await expect(sequelize.query('SELECT 1', { transaction })).rejects.toThrow(/rolled back/);
      await transaction.rollback().catch(() => {});
      await sequelize.close();
    });
  });

  test('the live view on a telephone can be scrolled with the keyboard', async () => {
    const page = await open('#/shop/live', { viewport: { width: 360, height: 300 } });
    await page.getByText('requests in a second').waitFor();
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('main').press('End');
    await page.waitForFunction(() => document.getElementById('main').scrollTop > 0);
  });

  test('who waits for whom is shown, and the one that is waited for can be ended', async () => {
    const page = await open('#/shop/live');
    await withDialect(async (dialect) => {
      const { Sequelize } = require('sequelize');
      const sequelize = new Sequelize('shop', null, null, { dialect, logging: false });
      const [holder, waiter] = [await sequelize.transaction(), await sequelize.transaction()];
      const update = 'UPDATE orders SET total = total WHERE id = 1';
      await sequelize.query(update, { transaction: holder });
      /** Waits for the lock for as long as it takes, also where the page takes longer to show it than one call may wait. */
      const insist = async (options) => {
        for (;;) {
          try {
            return await sequelize.query(update, options);
          } catch (error) {
            if (error.original?.code !== 'LOCK_TIMEOUT') throw error;
          }
        }
      };
      const within = insist({ transaction: waiter });
      const waits = page.getByRole('row', { name: /waits for \w{8}/ });
      await waits.waitFor();
      const [, name] = /waits for (\w{8})/.exec(await waits.textContent());
      const held = page.getByRole('row', { name: new RegExp(`^${name}.*1 call waits for it`) });
      await held.waitFor();
      const outside = insist({});
      const alone = page.getByRole('listitem').filter({ hasText: `waits for ${name}` });
      await alone.waitFor();
      expect(await accessibilityFaults(page)).toEqual([]);
      await alone.getByRole('button', { name: `Roll back ${name}` }).click();
      await within;
      await waiter.commit();
      await outside;
      await page.getByText('None.').first().waitFor();
      await expect(sequelize.query('SELECT 1', { transaction: holder })).rejects.toThrow(/rolled back/);
      await holder.rollback().catch(() => {});
      await sequelize.close();
    });
  });
});
