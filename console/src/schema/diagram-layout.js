// The places of tables and foreign keys in the entity diagram.

import dagre from '@dagrejs/dagre';

import { foreignKeys } from '../rows/references.js';
import { isSameTable, markedLabel, tableKey } from '../sql-text.js';

/** The columns that a table shows. */
const COLUMNS = 12;
const LINE = 18;
const HEAD = 28;
const WIDTH_OF_CHARACTER = 7.3;
/** The room for the mark of a column, and beside the texts. */
const MARGIN = 36;

/** How far a foreign key of a table to itself goes beside it. */
const LOOP = 20;

/** What a table shows: its columns, those of keys first to be there when there are too many. */
function linesOf(schema) {
  const references = new Set(foreignKeys(schema).flatMap(({ columns }) => columns));
  const kindOf = ({ name }) =>
    schema.primaryKey.includes(name) ? 'key' : references.has(name) ? 'reference' : undefined;
  const lines = schema.columns.map((column) => ({ name: column.name, type: column.type, kind: kindOf(column) }));
  if (lines.length <= COLUMNS) return { lines, hidden: 0 };
  const shown = [...lines.filter(({ kind }) => kind), ...lines.filter(({ kind }) => !kind)].slice(0, COLUMNS);
  return { lines: lines.filter((line) => shown.includes(line)), hidden: lines.length - COLUMNS };
}

const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** @returns {{ nodes: object[], edges: object[], width: number, height: number }} */
export function layout(schemas) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 30, ranksep: 70, marginx: 20, marginy: 20 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const schema of schemas) {
    const { lines, hidden } = linesOf(schema);
    const shown = lines.map((line) => ({ ...line, name: shortened(line.name, 28), type: shortened(line.type, 18) }));
    const label = shortened(markedLabel(schema.table), 36);
    const longest = Math.max(label.length + 2, ...shown.map(({ name, type }) => name.length + type.length + 2));
    graph.setNode(tableKey(schema.table), {
      table: schema.table,
      label,
      names: lines.map(({ name }) => name),
      lines: shown,
      hidden,
      width: Math.max(120, MARGIN + longest * WIDTH_OF_CHARACTER),
      height: HEAD + LINE * (lines.length + (hidden > 0 ? 1 : 0)) + 8,
    });
  }
  for (const schema of schemas) {
    foreignKeys(schema).forEach(({ columns, references }, at) => {
      const [from, to] = [tableKey(schema.table), tableKey(references.table)];
      if (from !== to && graph.hasNode(to)) {
        graph.setEdge(from, to, { columns }, String(at));
      }
    });
  }
  dagre.layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const loops = schemas.flatMap((schema) => loopsOf(schema, graph.node(tableKey(schema.table))));
  const edges = graph.edges().map((edge) => ({ key: `${edge.v} ${edge.w} ${edge.name}`, ...graph.edge(edge) }));
  return {
    nodes: graph.nodes().map((key) => ({ key, ...graph.node(key) })),
    edges: [...edges, ...loops],
    width: Math.max(width, ...loops.flatMap(({ points }) => points.map(({ x }) => x + LOOP))),
    height,
  };
}

/** The foreign keys of a table to itself: lines beside it, from the column to the one that it references. */
function loopsOf(schema, node) {
  const right = node.x + node.width / 2;
  const placeOf = (name) => {
    const line = Math.max(0, node.names.indexOf(name));
    return node.y - node.height / 2 + HEAD + line * LINE + 8;
  };
  return foreignKeys(schema)
    .filter(({ references }) => isSameTable(references.table, schema.table))
    .map(({ columns, references }, at) => {
      const x = right + LOOP + at * 8;
      const from = placeOf(columns[0]);
      const to = placeOf(references.columns[0] ?? schema.primaryKey[0]);
      const points = [
        { x: right, y: from },
        { x, y: from },
        { x, y: to },
        { x: right, y: to },
      ];
      return { key: `${tableKey(schema.table)} itself ${columns}`, columns, points };
    });
}

export const SIZES = { LINE, HEAD };
