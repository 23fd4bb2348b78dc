'use strict';

// The pages with figures of the benchmark, and their charts. The charts are drawn from the tables of the pages: a test compares
// them.

const fs = require('node:fs');
const path = require('node:path');

const { chartsOf, readmeChart } = require('./charts');
const { README_ROWS, README_START, align, cellsOf } = require('./tables');

const ROOT = path.join(__dirname, '..', '..');
const README = 'README.md';
const PERFORMANCE = 'docs/performance.md';
const README_CHART = 'docs/benchmark.svg';
const chartFile = (name) => `docs/performance-${name}.svg`;

const read = (page) => fs.readFileSync(path.join(ROOT, page), 'utf8');
const write = (page, content) => fs.writeFileSync(path.join(ROOT, page), content);

/** The text that stands for a chart beside the picture. */
const CHART_TEXTS = {
  ratios: 'The ratios as bars, with a line where each target is',
  rows: 'Time and memory by the number of rows',
  columns: 'Time and memory by the number of columns',
  include: 'Time and memory by the number of children',
  callers: 'Time and memory by the number of callers',
};

/** The lines that show the charts of a set of tables, as figures `NAME-chart`. */
const chartLines = (tables) =>
  Object.fromEntries(
    Object.keys(chartsOf(tables)).map((name) => [
      `${name}-chart`,
      `![${CHART_TEXTS[name]}](${path.basename(chartFile(name))})`,
    ]),
  );

/** What stands between two marks, `<!-- figures: NAME -->` and `<!-- end -->`. */
const MARKED = /(<!-- figures: ([\w-]+) -->\n)([\s\S]*?)(<!-- end -->)/g;

/** Puts figures between the marks of a page. Throws when the page and the figures do not fit. */
function fill(page, figures) {
  const wanted = Array.from(page.matchAll(MARKED), ([, , name]) => name);
  const missing = wanted.filter((name) => !figures[name]);
  const unshown = Object.keys(figures).filter((name) => !wanted.includes(name));
  if (missing.length > 0) throw new Error(`the run has no figures for ${missing.join(', ')}`);
  if (unshown.length > 0) throw new Error(`${PERFORMANCE} has no marks for ${unshown.join(', ')}`);
  return page.replace(MARKED, (_, open, name, _old, close) => `${open}\n${figures[name]}\n\n${close}`);
}

/** The tables that `fill` has put into a page, by name. */
function tablesIn(page) {
  const marked = Array.from(page.matchAll(MARKED), ([, , name, content]) => [name, content.trim()]);
  return Object.fromEntries(marked.filter(([, content]) => content.startsWith('|')));
}

/** The README's table that compares databases. */
function readmeTable(page) {
  const table = /(?:^\|.*\n)*^\| in Sequelize 6 .*\n(?:^\|.*\n)*/m.exec(page)?.[0];
  if (!table) throw new Error('README.md has no table that begins with "in Sequelize 6"');
  return table.trimEnd();
}

/** Puts cells into the rows of the README's table. */
function fillReadme(page, rows) {
  const table = readmeTable(page);
  const cells = cellsOf(table);
  const titles = [...Object.keys(README_ROWS), README_START];
  const missing = titles.filter((title) => !cells.some(([first]) => first === title));
  if (missing.length > 0) throw new Error(`README.md has no rows ${missing.join(', ')}`);
  return page.replace(table, () => align(cells.map((row) => (rows[row[0]] ? [row[0], ...rows[row[0]]] : row))));
}

/** The charts of the pages, drawn from what the pages say, by file. */
function charts() {
  const performance = Object.entries(chartsOf(tablesIn(read(PERFORMANCE))));
  return {
    [README_CHART]: readmeChart(readmeTable(read(README))),
    ...Object.fromEntries(performance.map(([name, chart]) => [chartFile(name), chart])),
  };
}

module.exports = { PERFORMANCE, README, chartLines, charts, fill, fillReadme, read, write };
