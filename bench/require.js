'use strict';

// How long `require('phantomdb-sequelize')` takes after `require('sequelize')`: medians of fresh processes.
//
//   node bench/require.js [FOLDER …]      where the package is installed; this checkout without FOLDER
//
// RSS is what the process grows by.

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const RUNS = Number(process.env.BENCH_RUNS ?? 15);
const root = path.join(__dirname, '..');

const SCRIPT = `
  require('sequelize');
  const rss = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const begun = process.hrtime.bigint();
  require('phantomdb-sequelize');
  const wall = Number(process.hrtime.bigint() - begun) / 1e6;
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({ wall, cpu: (user + system) / 1000, rss: (process.memoryUsage.rss() - rss) / 2 ** 20 }));
`;

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

const folders = process.argv.length > 2 ? process.argv.slice(2) : [root];
const runs = new Map(folders.map((folder) => [folder, []]));
for (let run = 0; run < RUNS; run++) {
  // In turns, so that a busy machine slows all of them alike.
  for (const folder of folders) {
    const printed = execFileSync(process.execPath, ['-e', SCRIPT], { cwd: folder, encoding: 'utf8' });
    runs.get(folder).push(JSON.parse(printed));
  }
}
for (const [folder, measured] of runs) {
  const of = (name) => median(measured.map((each) => each[name])).toFixed(1);
  console.log(`${folder}: ${of('wall')} ms, CPU ${of('cpu')} ms, RSS ${of('rss')} MiB`);
}
