'use strict';

// Charts as SVG, drawn from tables in Markdown (tables.js).

const { COLUMNS } = require('./contestants');
const { cellsOf, microsOf } = require('./tables');

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .small { font-size: 11px; }
  rect { fill: #8c959f; }
  .ours { fill: #0969da; }
  .grid { stroke: #d0d7de; }
  .target { stroke: #cf222e; stroke-width: 2; }
  polyline { fill: none; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } rect { fill: #6e7681; } .ours { fill: #58a6ff; } .grid { stroke: #30363d; } .target { stroke: #ff7b72; }
  }
`;
/** Colours that can be told apart on white and on black, and by most people who see few colours. */
const COLOURS = ['#0072b2', '#56b4e9', '#009e73', '#cc79a7', '#d55e00', '#e69f00'];

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const text = (x, y, content, attributes = '') => `<text ${attributes} x="${x}" y="${y}">${escaped(content)}</text>`;

function svg(width, height, title, shapes) {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${escaped(title)}">`;
  return [open, `<style>${STYLE}</style>`, `<title>${escaped(title)}</title>`, ...shapes, '</svg>', ''].join('\n');
}

const bare = (cell) => cell.replaceAll(/[`*]/g, '');

/** The README's table as bars: one group for each row that has only times. */
function readmeChart(table) {
  const [WIDTH, LABEL, BAR, GAP, TITLE] = [760, 150, 18, 6, 26];
  const [head, ...rows] = cellsOf(table).map((row) => row.map(bare));
  const shapes = [];
  let y = 0;
  for (const [title, ...cells] of rows.filter((row) => row.slice(1).every(microsOf))) {
    const longest = Math.max(...cells.map(microsOf));
    y += TITLE;
    shapes.push(text(0, y - 8, title, 'class="title"'));
    for (const [i, cell] of cells.entries()) {
      const length = Math.max(1, Math.round((microsOf(cell) / longest) * (WIDTH - LABEL - 70)));
      shapes.push(
        text(0, y + 14, head[i + 1]),
        `<rect${i === 0 ? ' class="ours"' : ''} x="${LABEL}" y="${y}" width="${length}" height="${BAR}" rx="2"/>`,
        text(LABEL + length + 8, y + 14, cell),
      );
      y += BAR + GAP;
    }
    y += GAP;
  }
  return svg(WIDTH, y, 'CPU time in Sequelize 6; less is better', shapes);
}

/** A cell of the table of ratios: `**5.3** of 5`, `2.1 of 3` or `1.4`. */
function ratioIn(cell) {
  const [, ratio, target] = /^([\d.,]+)(?: of ([\d.]+))?$/.exec(bare(cell)) ?? [];
  return ratio && { ratio: Number(ratio.replaceAll(',', '')), target: target && Number(target), label: bare(cell) };
}

/** The table of ratios as bars, with a line where the target is. */
function ratioChart(table) {
  const [WIDTH, LABEL, BAR, TITLE, GAP] = [760, 210, 12, 24, 8];
  const [head, ...rows] = cellsOf(table);
  const values = rows.flatMap((row) => row.slice(1).map(ratioIn)).filter(Boolean);
  const most = Math.max(1, ...values.flatMap(({ ratio, target }) => [ratio, target ?? 0]));
  const scale = (value) => Math.round((value / most) * (WIDTH - LABEL - 90));
  const shapes = [];
  let y = 0;
  for (const [title, ...cells] of rows) {
    y += TITLE;
    shapes.push(text(0, y - 7, title, 'class="title"'));
    for (const [i, cell] of cells.entries()) {
      const found = ratioIn(cell);
      shapes.push(text(0, y + 10, bare(head[i + 1]), 'class="small"'));
      if (found) {
        const { ratio, target, label } = found;
        shapes.push(
          `<rect class="ours" x="${LABEL}" y="${y}" width="${Math.max(1, scale(ratio))}" height="${BAR}" rx="2"/>`,
        );
        const mark = LABEL + scale(target ?? 0);
        if (target) shapes.push(`<line class="target" x1="${mark}" x2="${mark}" y1="${y - 1}" y2="${y + BAR + 1}"/>`);
        shapes.push(text(LABEL + Math.max(scale(ratio), scale(target ?? 0)) + 8, y + 10, label, 'class="small"'));
      } else {
        shapes.push(text(LABEL, y + 10, cell, 'class="small"'));
      }
      y += BAR + 4;
    }
    y += GAP;
  }
  return svg(WIDTH, y, `Times as fast as the peer: ${Object.keys(COLUMNS).join(', ')}; the line is the target`, shapes);
}

/** The powers of ten, and the halves between them, from the least to the greatest value. */
function decades(values) {
  const [least, greatest] = [Math.min(...values), Math.max(...values)].map(Math.log10);
  const from = Math.floor(least);
  const to = Math.max(from + 1, Math.ceil(greatest));
  return { from, to, ticks: Array.from({ length: to - from + 1 }, (_, i) => 10 ** (from + i)) };
}

const durationTick = (micros) => {
  if (micros < 1_000) return `${micros} us`;
  return micros < 1_000_000 ? `${micros / 1_000} ms` : `${micros / 1_000_000} s`;
};

/** `60 + 25 MB`: the client and the server together. */
const megabytesOf = (cell) => {
  const [, client, server = '0'] = /^([\d,]+)(?: \+ ([\d,]+))? MB$/.exec(cell) ?? [];
  return client && Number(client.replaceAll(',', '')) + Number(server.replaceAll(',', ''));
};

/** One diagram whose axes are both logarithmic: a line for each column of the table. */
function panel(table, { left, width, height, title, valueIn, tickOf }) {
  const [[, ...names], ...rows] = cellsOf(table);
  const sizes = rows.map(([size]) => Number(size.replaceAll(',', '')));
  const values = rows.map(([, ...cells]) => cells.map(valueIn));
  const known = values.flat().filter(Boolean);
  if (known.length === 0) return [];
  const [TOP, AXIS] = [28, 56];
  const { from, to, ticks } = decades(known);
  const [first, last] = [Math.log10(sizes[0]), Math.log10(Math.max(sizes.at(-1), sizes[0] + 1))];
  const x = (size) => Math.round(left + AXIS + ((Math.log10(size) - first) / (last - first)) * (width - AXIS - 20));
  const y = (value) => Math.round(TOP + (1 - (Math.log10(value) - from) / (to - from)) * height);
  const shapes = [text(left, 14, title, 'class="title"')];
  for (const tick of ticks) {
    shapes.push(`<line class="grid" x1="${left + AXIS}" x2="${left + width - 20}" y1="${y(tick)}" y2="${y(tick)}"/>`);
    shapes.push(text(left + AXIS - 6, y(tick) + 4, tickOf(tick), 'class="small" text-anchor="end"'));
  }
  for (const [i, size] of sizes.entries()) {
    shapes.push(text(x(size), TOP + height + 18, rows[i][0], 'class="small" text-anchor="middle"'));
  }
  for (const column of names.keys()) {
    const points = sizes.map((size, i) => [size, values[i][column]]).filter(([, value]) => value);
    const places = points.map(([size, value]) => `${x(size)},${y(value)}`).join(' ');
    shapes.push(`<polyline style="stroke: ${COLOURS[column % COLOURS.length]}" points="${places}"/>`);
  }
  return shapes;
}

/** The growth of the time (left) and of the resident size (right), from the two tables of a series. */
function growthChart(times, memory, title) {
  const [WIDTH, HEIGHT, LEGEND] = [760, 260, 20];
  const [[, ...names]] = cellsOf(times);
  const half = WIDTH / 2;
  const shapes = [
    ...panel(times, {
      left: 0,
      width: half,
      height: HEIGHT,
      title: 'time of a call',
      valueIn: microsOf,
      tickOf: durationTick,
    }),
    ...panel(memory, {
      left: half,
      width: half,
      height: HEIGHT,
      title: 'resident size, client and server',
      valueIn: megabytesOf,
      tickOf: (megabytes) => `${megabytes.toLocaleString('en')} MB`,
    }),
  ];
  for (const [i, name] of names.entries()) {
    const [x, y] = [(i % 3) * 250, HEIGHT + 66 + Math.floor(i / 3) * LEGEND];
    shapes.push(`<rect style="fill: ${COLOURS[i % COLOURS.length]}" x="${x}" y="${y - 10}" width="14" height="10"/>`);
    shapes.push(text(x + 20, y, name, 'class="small"'));
  }
  return svg(WIDTH, HEIGHT + 70 + Math.ceil(names.length / 3) * LEGEND, title, shapes);
}

/** The charts of a set of tables, by name. */
function chartsOf(tables) {
  const charts = {};
  if (tables.ratios) charts.ratios = ratioChart(tables.ratios);
  for (const name of Object.keys(tables).filter((one) => one.endsWith('-time'))) {
    const series = name.slice(0, -'-time'.length);
    const [[title]] = cellsOf(tables[name]);
    charts[series] = growthChart(tables[name], tables[`${series}-memory`], `The ${title} grow`);
  }
  return charts;
}

module.exports = { chartsOf, readmeChart };
