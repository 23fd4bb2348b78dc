'use strict';

// The suites of the console share this: a server with the databases of console-data.js, and a browser.

const { PhantomDBDialect } = require('../..');
const { launch, openPage } = require('./browser.js');
const { fill } = require('./console-data.js');
const { serve } = require('./serve.js');

/**
 * Starts both before all tests, and ends them afterwards. A test opens one page, and fails when the page had problems.
 *
 * @param {string[]} options of `phantomdb serve`
 */
function consoleSuite(...options) {
  let server;
  let browser;
  let opened;

  beforeAll(async () => {
    [server, browser] = await Promise.all([serve(['--memory', '--listen', '127.0.0.1:0', ...options]), launch()]);
    await fill(server.url, { databases: ['shop', 'hostile'] });
  });
  afterAll(async () => {
    await browser?.close();
    server?.child.kill();
    await server?.ended;
  });
  afterEach(async () => {
    const { page, problems } = opened;
    await page.context().close();
    expect(problems).toEqual([]);
  });

  return {
    /** Opens the page at a place of its own. */
    async open(hash = '', pageOptions) {
      opened = await openPage(browser, `${server.url}/console/${hash}`, pageOptions);
      return opened.page;
    },

    /** Does work with a dialect on the server, and closes it. */
    async withDialect(work) {
      const dialect = new PhantomDBDialect(server.url);
      try {
        return await work(dialect);
      } finally {
        await dialect.close();
      }
    },
  };
}

module.exports = { consoleSuite };
