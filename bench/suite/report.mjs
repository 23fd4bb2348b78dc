// Writes what a run has measured: results.json, report.md and the charts.

import fs from 'node:fs';
import path from 'node:path';

import charts from './charts.js';
import tables from './tables.js';

const HEADINGS = {
  ratios: 'Time',
  'cpu-ratios': 'CPU time, client and server together',
  times: 'Time of a call',
  'cpu-times': 'CPU time of a call, client and server together',
  limits: 'Time of a call of contestants without a target',
  proportion: 'The time of a unit at one size, beside the least at a smaller one',
  'callers-latency': 'A call among so many callers: the median, and the time that one in a thousand exceeds',
};

const headingOf = (name) => HEADINGS[name] ?? name.replace('-', ': ');

/** Writes a run into a folder. Answers with the text of its report. */
export function writeReport(folder, results) {
  const all = tables.tablesOf(results);
  const notes = [
    ...tables.failuresOf(results).map(({ text }) => `- Failed: ${text}`),
    ...tables.missesOf(results).map((text) => `- Missed: ${text}`),
  ];
  const sections = Object.entries(all).map(([name, table]) => `## ${headingOf(name)}\n\n${table}\n`);
  const text = [
    '# Results\n',
    results.machine,
    '',
    ...sections,
    ...(notes.length > 0 ? [`## Notes\n`, ...notes, ''] : []),
  ].join('\n');
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  fs.writeFileSync(path.join(folder, 'report.md'), text);
  for (const [name, chart] of Object.entries(charts.chartsOf(all)))
    fs.writeFileSync(path.join(folder, `${name}.svg`), chart);
  return text;
}
