// Charts of results, drawn by uPlot.

import uPlot from 'uplot';

import { textOf } from '../values.js';

/** The types whose values have a place on a scale of numbers. */
const NUMBERS = new Set(['integer', 'float', 'decimal']);
const TIMES = new Set(['timestamp', 'date']);

export const isNumeric = ({ type }) => NUMBERS.has(type);

const numberOf = (value) => {
  const number = value === null ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
};

/** The places of the values of a column, and how an axis shows them. */
function scaleOf(column, values) {
  if (isNumeric(column)) return { places: values.map(numberOf) };
  if (TIMES.has(column.type)) {
    const seconds = (value) => numberOf(value === null ? null : Date.parse(value) / 1000);
    return { places: values.map(seconds), isTime: true };
  }
  return { places: values.map((_, at) => at), labels: values.map((value) => textOf(value) ?? 'NULL') };
}

/** The data of a chart in the order of `x`, without the rows that have no place there. */
export function chartData({ columns, rows }, { x, ys }) {
  const scale = scaleOf(
    columns[x],
    rows.map((row) => row[x]),
  );
  const order = rows.map((_, at) => at).filter((at) => scale.places[at] !== null);
  order.sort((a, b) => scale.places[a] - scale.places[b]);
  return {
    scale,
    data: [order.map((at) => scale.places[at]), ...ys.map((y) => order.map((at) => numberOf(rows[at][y])))],
  };
}

const COLOURS = ['#3b6fd4', '#d1603d', '#2f8f5b', '#8d5bc0', '#b58900', '#2a98a8'];

function seriesOf(kind, label, at, count) {
  const stroke = COLOURS[at % COLOURS.length];
  const bars = uPlot.paths.bars({ size: [0.8 / count, 60], align: count === 1 ? 0 : at < count / 2 ? -1 : 1 });
  return {
    bar: { label, stroke, fill: stroke, paths: bars, points: { show: false } },
    line: { label, stroke, width: 2 },
    scatter: { label, stroke, paths: () => null, points: { show: true, size: 6, fill: stroke } },
  }[kind];
}

/** Draws a chart into an element. Returns the function that removes it. */
export function draw(element, result, { kind, x, ys }) {
  const { scale, data } = chartData(result, { x, ys });
  const colour = getComputedStyle(element).color;
  const axis = { stroke: colour, grid: { stroke: `color-mix(in srgb, ${colour} 15%, transparent)` } };
  const names = scale.labels && {
    values: (_, places) => places.map((place) => (Number.isInteger(place) ? (scale.labels[place] ?? '') : '')),
  };
  const size = () => ({
    width: Math.max(200, element.clientWidth - 8),
    height: Math.max(200, element.clientHeight - 60),
  });
  const options = {
    ...size(),
    scales: {
      x: { time: scale.isTime === true, range: (_, min, max) => around(min, max, kind === 'bar') },
      y: kind === 'bar' ? { range: (_, min, max) => [Math.min(0, min), Math.max(0, max) * 1.05 || 1] } : {},
    },
    axes: [
      { ...axis, ...names },
      { ...axis, size: widthOfLabels },
    ],
    series: [
      { label: result.columns[x].name, value: scale.labels && ((_, place) => scale.labels[place] ?? '') },
      ...ys.map((y, at) => seriesOf(kind, result.columns[y].name, at, ys.length)),
    ],
  };
  const plot = new uPlot(options, data, element);
  const observer = new ResizeObserver(() => plot.setSize(size()));
  observer.observe(element);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}

/** The room of the labels of the heights, in pixels, which the longest one needs. */
const widthOfLabels = (_, labels) => 20 + 8 * Math.max(3, ...(labels ?? []).map((label) => label.length));

/** A range with room beside its ends: bars are as wide as the step between them, and one place has a range, too. */
function around(min, max, isBar) {
  if (min === null || max === null) return [0, 1];
  if (min === max) return [min - 1, max + 1];
  const room = isBar ? Math.max((max - min) * 0.05, 0.6) : 0;
  return [min - room, max + room];
}
