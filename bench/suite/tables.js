'use strict';

// The tables of the report, in Markdown, from the results of a run. docs.mjs copies them into the documentation, and the
// charts are drawn from the same text, so that all of them always say the same.

const { COLUMNS, README_CONTESTANTS, WITHOUT_TARGET, inColumns } = require('./contestants');
const { SERIES } = require('./growth-cases');
const { ROWS, TARGET_ROWS } = require('./rows');

const MEGABYTE = 1024 * 1024;
const NONE = '-';
/** No call of 64 callers may take longer than this many times their median, but one in a thousand. */
const TAIL_TARGET = 20;
const TAIL_CALLERS = 64;
/** Figures vary by so much by chance, and because of the caches of a processor. */
const PROPORTION_TOLERANCE = 1.25;

const significant = (value, digits = 3) =>
  Number(value.toPrecision(digits)).toLocaleString('en', { maximumFractionDigits: 3 });

/** A time in microseconds, as people write it. */
function duration(micros) {
  if (micros < 1_000) return `${significant(micros)} us`;
  if (micros < 1_000_000) return `${significant(micros / 1_000)} ms`;
  return `${significant(micros / 1_000_000)} s`;
}

/** What `duration` has written, in microseconds again. */
function microsOf(text) {
  const [, number, unit] = /^([\d.,]+) (us|ms|s)$/.exec(text) ?? [];
  return number && Number(number.replaceAll(',', '')) * { us: 1, ms: 1_000, s: 1_000_000 }[unit];
}

/** Rows of cells as a table whose columns are as wide as their longest cell. The first row is the head. */
function align(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  const [head, ...others] = rows;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n');
}

/** The cells of a table that `align` has written, without the line below the head. */
function cellsOf(table) {
  const rows = table.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.filter(([, second]) => !/^-{3,}$/.test(second));
}

/** How many times as fast as its peer PhantomDB is, and whether that is enough. */
function ratioOf(row, key, results, figure) {
  const { ours, peer } = COLUMNS[key];
  const [mine, theirs] = [results[ours]?.[figure], results[peer]?.[figure]];
  if (!mine || !theirs) return undefined;
  const target = ROWS[row].targets[key];
  const ratio = theirs / mine;
  // As it is shown, so that `5.00 of 5` is never a miss.
  return { ratio, target, met: target === undefined ? undefined : Number(ratio.toPrecision(3)) >= target };
}

function ratioCell(row, key, results, figure) {
  const { ours, peer } = COLUMNS[key];
  const failed = [ours, peer].find((name) => results[name]?.error);
  if (failed) return failed === ours ? 'fails' : 'peer fails';
  const found = ratioOf(row, key, results, figure);
  if (!found) return NONE;
  const { ratio, target, met } = found;
  if (target === undefined) return significant(ratio);
  return `${met ? `**${significant(ratio)}**` : significant(ratio)} of ${target}`;
}

/** `figure` is `wall`, the time of a call, or `cpu`, its CPU time. */
function ratioTable({ rows }, figure) {
  const keys = Object.keys(COLUMNS).filter((key) => TARGET_ROWS.some((row) => rows[row]?.[COLUMNS[key].ours]));
  const measured = TARGET_ROWS.filter((row) => rows[row]);
  return align([
    ['times as fast as the peer', ...keys.map((key) => COLUMNS[key].title)],
    ...measured.map((row) => [row, ...keys.map((key) => ratioCell(row, key, rows[row], figure))]),
  ]);
}

const timeCell = (result, figure) => {
  if (!result) return NONE;
  return result.error ? 'fails' : duration(result[figure]);
};

function timeTable({ rows }, contestants, figure) {
  const shown = contestants.filter((name) => Object.values(rows).some((row) => row[name]));
  return align([
    ['a call', ...shown],
    ...TARGET_ROWS.filter((row) => rows[row]).map((row) => [
      row,
      ...shown.map((name) => timeCell(rows[row][name], figure)),
    ]),
  ]);
}

function growthTable(byContestant, title, cell) {
  const names = Object.keys(byContestant);
  const sizes = [...new Set(names.flatMap((name) => byContestant[name].map(({ size }) => size)))];
  const pointOf = (name, size) => byContestant[name].find((point) => point.size === size);
  const cellOf = (point) => {
    if (!point) return NONE;
    return point.error ? 'fails' : cell(point);
  };
  return align([
    [title, ...names],
    ...sizes.map((size) => [size.toLocaleString('en'), ...names.map((name) => cellOf(pointOf(name, size)))]),
  ]);
}

/** The greatest ratio of the time of a unit at one size to the least at a smaller one: above 1 it grew out of proportion. */
function worstGrowth(points) {
  let worst = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const { perUnit } of points.filter(({ error }) => !error)) {
    if (Number.isFinite(least)) worst = Math.max(worst, perUnit / least);
    least = Math.min(least, perUnit);
  }
  return worst;
}

function proportionTable(growth) {
  const names = [...new Set(Object.values(growth).flatMap((byContestant) => Object.keys(byContestant)))];
  const cell = (points) =>
    points?.some(({ error }) => error) ? 'fails' : points?.length > 1 ? significant(worstGrowth(points)) : NONE;
  return align([
    ['worst growth beside proportion', ...names],
    ...Object.keys(growth).map((series) => [SERIES[series].title, ...names.map((name) => cell(growth[series][name]))]),
  ]);
}

const megabytes = (bytes) => Math.round(bytes / MEGABYTE).toLocaleString('en');

function growthTables(growth) {
  const tables = {};
  for (const [series, byContestant] of Object.entries(growth)) {
    const { title } = SERIES[series];
    const table = (cell) => growthTable(byContestant, title, cell);
    // The chart of callers shows the time until one of them has its answer: a server that keeps up has a level line.
    tables[`${series}-time`] = table(({ wall, perUnit }) => duration(series === 'callers' ? perUnit : wall));
    tables[`${series}-memory`] = table(({ client, server }) =>
      server ? `${megabytes(client)} + ${megabytes(server)} MB` : `${megabytes(client)} MB`,
    );
    if (series === 'callers') {
      tables['callers-latency'] = table(({ median, p999 }) => `${duration(median)}, ${duration(p999)}`);
    }
  }
  if (Object.keys(growth).length > 0) tables.proportion = proportionTable(growth);
  return tables;
}

/** The rows of the README's table: its title there, and the row of this run. */
const README_ROWS = {
  '`create`': 'create',
  '`findByPk`': 'findByPk',
  '`findAll` of 1,000 rows': 'findAll of 1,000 rows',
  '10 tables of 20 rows, back to where they were': 'back to 10 tables of 20 rows',
};
const README_START = 'from `node app.js` to the first row';

/** The README's rows as `{ title: cells }`, or undefined if this run has not measured all of them. */
function readmeRows({ rows, starts }) {
  const found = { [README_START]: README_CONTESTANTS.map((name) => starts?.[name]?.cpu) };
  for (const [title, row] of Object.entries(README_ROWS)) {
    found[title] = README_CONTESTANTS.map((name) => rows[row]?.[name]?.cpu);
  }
  if (Object.values(found).flat().includes(undefined)) return undefined;
  return Object.fromEntries(Object.entries(found).map(([title, times]) => [title, times.map(duration)]));
}

/** All tables of a run, by name. */
function tablesOf(results) {
  const tables = {};
  if (Object.keys(results.rows).length > 0) {
    tables.ratios = ratioTable(results, 'wall');
    tables['cpu-ratios'] = ratioTable(results, 'cpu');
    tables.times = timeTable(results, inColumns(Object.keys(COLUMNS)), 'wall');
    tables['cpu-times'] = timeTable(results, inColumns(Object.keys(COLUMNS)), 'cpu');
    if (WITHOUT_TARGET.some((name) => Object.values(results.rows).some((row) => row[name]))) {
      tables.limits = timeTable(results, WITHOUT_TARGET, 'wall');
    }
  }
  Object.assign(tables, growthTables(results.growth));
  if (results.starts) {
    const names = Object.keys(results.starts);
    tables.starts = align([
      ['from the start of a process to its first row', ...names],
      ...['wall', 'cpu'].map((figure) => [
        figure === 'wall' ? 'time' : 'CPU time of the client',
        ...names.map((name) => duration(results.starts[name][figure])),
      ]),
    ]);
  }
  return tables;
}

/** The targets that a run has missed, in words. */
function missesOf({ rows, growth }) {
  const misses = [];
  for (const [row, results] of Object.entries(rows)) {
    for (const key of Object.keys(COLUMNS)) {
      const found = ratioOf(row, key, results, 'wall');
      if (found?.met === false) misses.push(`${row}, ${key}: ${significant(found.ratio)} of ${found.target}`);
    }
  }
  for (const [name, points] of Object.entries(growth.callers ?? {}).filter(([one]) => one.startsWith('PhantomDB'))) {
    const { median, p999 } = points.find(({ size }) => size === TAIL_CALLERS) ?? {};
    if (p999 > TAIL_TARGET * median) {
      misses.push(
        `64 callers (${name}): one call in a thousand takes ${significant(p999 / median)} times the median, not under ${TAIL_TARGET}`,
      );
    }
  }
  for (const [series, byContestant] of Object.entries(growth)) {
    for (const [name, points] of Object.entries(byContestant).filter(([one]) => one.startsWith('PhantomDB'))) {
      const worst = worstGrowth(points);
      if (worst > PROPORTION_TOLERANCE) {
        misses.push(`${SERIES[series].title} (${name}): ${significant(worst)} times as long as in proportion`);
      }
    }
  }
  return misses;
}

/** What failed, in words. */
function failuresOf({ rows, growth }) {
  const failures = [];
  for (const [row, results] of Object.entries(rows)) {
    for (const [name, { error }] of Object.entries(results)) {
      if (error) failures.push({ name, text: `${row}, ${name}: ${error}` });
    }
  }
  for (const [series, byContestant] of Object.entries(growth)) {
    for (const [name, points] of Object.entries(byContestant)) {
      for (const { size, error } of points) {
        if (error) failures.push({ name, text: `${series} ${size}, ${name}: ${error}` });
      }
    }
  }
  return failures;
}

module.exports = { README_ROWS, README_START, align, cellsOf, failuresOf, microsOf, missesOf, readmeRows, tablesOf };
