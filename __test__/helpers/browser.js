'use strict';

// A real browser for the tests of the console: Chromium, of CHROMIUM_PATH or of PATH.

const fs = require('node:fs');
const path = require('node:path');

const { chromium } = require('playwright-core');

/** The longest time of a test, and of a step of it, in milliseconds. Only a test that has failed reaches them. */
const PATIENCE = 600_000;
const STEP_PATIENCE = 120_000;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** The program; undefined where there is none. */
function browserPath() {
  if (process.env.CHROMIUM_PATH) return process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const programs = folders.flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return programs.find((program) => fs.existsSync(program));
}

const executablePath = browserPath();

/** `describe` where there is a browser. Elsewhere the tests are skipped, and the name says why. */
const describeInBrowser = executablePath
  ? describe
  : (name, tests) => describe.skip(`${name} (no Chromium: install it, or set CHROMIUM_PATH)`, tests);

/** Chromium's own sandbox does not work for root, and not in most containers. */
const launch = (...args) =>
  chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage', ...args] });

/**
 * Opens a page that fails the test when the console breaks its own policy or throws.
 * @returns {Promise<{ page: import('playwright-core').Page, problems: string[] }>}
 */
async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(STEP_PATIENCE);
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    // The browser reports the errors that the server answers with, which the tests ask for.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) problems.push(message.text());
  });
  page.on('dialog', (dialog) => {
    if (dialog.type() !== 'beforeunload') problems.push(`the page opened a dialog: ${dialog.message()}`);
    dialog.accept().catch(() => {});
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!['data:', 'blob:'].includes(protocol) && origin !== new URL(url).origin)
      problems.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, problems };
}

/** What axe finds that is serious or worse, as `rule: element`. */
async function accessibilityFaults(page) {
  const source = require.resolve('axe-core/axe.min.js');
  // In a world of its own, so that the policy of the page does not matter.
  await page.evaluate(fs.readFileSync(source, 'utf8'));
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}

module.exports = { accessibilityFaults, describeInBrowser, launch, openPage, PATIENCE };
