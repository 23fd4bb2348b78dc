// The plan of a statement as a tree: `{ text, notes, children }`. EXPLAIN answers SQLite's rows, each with the number of its
// parent, or PostgreSQL's lines, which are indented.

/** The roots of the plan that EXPLAIN answered. */
export function planTree({ columns, rows }) {
  const at = (name) => columns.findIndex((column) => column.name === name);
  return at('parent') >= 0 && at('detail') >= 0
    ? treeOfRows(rows, at('id'), at('parent'), at('detail'))
    : treeOfLines(rows.map(([line]) => String(line)));
}

function treeOfRows(rows, id, parent, detail) {
  const nodes = new Map(rows.map((row) => [row[id], { text: String(row[detail]), notes: [], children: [] }]));
  const roots = [];
  for (const row of rows) {
    const node = nodes.get(row[id]);
    (nodes.get(row[parent])?.children ?? roots).push(node);
  }
  return roots;
}

function treeOfLines(lines) {
  const roots = [];
  /** The nodes from a root to the last one, with the column where the text of each begins. */
  let path = [];
  for (const line of lines) {
    const [indent, arrow] = /^\s*(->\s*)?/.exec(line);
    const node = { text: line.slice(indent.length), notes: [], children: [], depth: indent.length };
    if (arrow === undefined && path.length > 0 && indent.length > 0) {
      // A line without an arrow says more about the node above it; a sub-plan has a heading of its own.
      path.at(-1).notes.push(node.text);
      continue;
    }
    path = path.filter(({ depth }) => depth < node.depth);
    (path.at(-1)?.children ?? roots).push(node);
    path.push(node);
  }
  return roots;
}
