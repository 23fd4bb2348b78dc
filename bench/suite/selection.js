'use strict';

// The options and words of the command line choose the parts of the run.

const { COLUMNS, CONTESTANTS, README_CONTESTANTS, WITHOUT_TARGET, inColumns } = require('./contestants');
const { SERIES } = require('./growth-cases');
const { ROWS } = require('./rows');

const COLUMN_WORDS = [...Object.keys(COLUMNS), 'peers'];
const GROWTH_WORDS = Object.keys(SERIES).map((series) => `growth-${series}`);
/** The contestants whose growth is measured. */
const GROWING = inColumns(Object.keys(COLUMNS)).filter((name) => name !== 'sqlite3 on a file');

/** The rows that a word names: the row of this name, or else all that contain it. */
function rowsOf(word) {
  const names = Object.keys(ROWS);
  if (names.includes(word)) return [word];
  return names.filter((name) => name.toLowerCase().includes(word.toLowerCase()));
}

function partOf(word) {
  if (word === 'growth') return { series: Object.keys(SERIES) };
  if (GROWTH_WORDS.includes(word)) return { series: [word.slice('growth-'.length)] };
  if (word === 'starts') return { starts: true };
  const rows = rowsOf(word);
  if (rows.length > 0) return { rows };
  throw new Error(
    `"${word}" names no part of the benchmark. There are the columns ${COLUMN_WORDS.join(', ')}; the parts growth, ` +
      `${GROWTH_WORDS.join(', ')} and starts; and the rows, or a word in their names: ${Object.keys(ROWS).join(', ')}.`,
  );
}

/**
 * @param {string[]} words columns and parts; none of a kind means all of that kind
 * @returns {{ rows: string[], series: string[], starts: boolean, contestants: string[], growing: string[], starting: string[] }}
 *   what to measure, and with whom
 */
function select(words) {
  const columns = words.filter((word) => COLUMN_WORDS.includes(word));
  const parts = words.filter((word) => !COLUMN_WORDS.includes(word)).map(partOf);
  const everything = { rows: Object.keys(ROWS), series: Object.keys(SERIES), starts: true };
  const chosen = parts.length > 0 ? parts : [everything];
  const wanted = new Set(inColumns(columns.filter((word) => word !== 'peers')));
  if (columns.includes('peers')) for (const name of WITHOUT_TARGET) wanted.add(name);
  const names = Object.keys(CONTESTANTS).filter((name) => columns.length === 0 || wanted.has(name));
  return {
    rows: [...new Set(chosen.flatMap(({ rows = [] }) => rows))],
    series: [...new Set(chosen.flatMap(({ series = [] }) => series))],
    starts: chosen.some(({ starts }) => starts),
    contestants: names,
    growing: names.filter((name) => GROWING.includes(name)),
    starting: names.filter((name) => README_CONTESTANTS.includes(name)),
  };
}

/** The number that an option has. Throws, naming the option, for anything but a whole number above 0. */
function wholeNumber(name, text) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} is a whole number above 0, not "${text}"`);
  return number;
}

module.exports = { select, wholeNumber };
