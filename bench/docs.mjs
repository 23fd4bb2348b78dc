// Copies the figures and charts of a run into the documentation, so that nobody types them.
//
//   npm run bench && npm run bench:docs
//   node bench/docs.mjs [FOLDER]            the folder of the run; bench/results without it
//   node bench/docs.mjs --charts            draws the charts again from the tables of the pages
//
// It fills docs/performance.md between its marks, the rows of the README's table, and draws their charts.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import pages from './suite/pages.js';
import tables from './suite/tables.js';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

function read(folder) {
  const file = path.join(folder, 'results.json');
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: \`npm run bench\` writes it`);
  const results = JSON.parse(fs.readFileSync(file, 'utf8'));
  if (!results.isRelease)
    throw new Error('these are figures of an addon that is no release build: `npm run build`, and measure again');
  if (!results.isWhole)
    throw new Error('these are figures of a part, or of other rounds: run `npm run bench` without options');
  return results;
}

function drawCharts() {
  for (const [file, chart] of Object.entries(pages.charts())) pages.write(file, chart);
}

function main(argument = path.join(ROOT, 'bench/results')) {
  if (argument === '--charts') return drawCharts();
  const results = read(path.resolve(argument));
  const figures = tables.tablesOf(results);
  const all = { ...figures, ...pages.chartLines(figures), machine: results.machine };
  const misses = tables.missesOf(results);
  all.misses = misses.length > 0 ? misses.map((text) => `- ${text}`).join('\n') : 'None.';
  const failures = tables.failuresOf(results);
  all.failures = failures.length > 0 ? failures.map(({ text }) => `- ${text.split('\n')[0]}`).join('\n') : 'None.';
  const rows = tables.readmeRows(results);
  if (!rows) throw new Error('a contestant of the README failed; bench/results/report.md says why');
  pages.write(pages.PERFORMANCE, pages.fill(pages.read(pages.PERFORMANCE), all));
  pages.write(pages.README, pages.fillReadme(pages.read(pages.README), rows));
  return drawCharts();
}

try {
  main(process.argv[2]);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
