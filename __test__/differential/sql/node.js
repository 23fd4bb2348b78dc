// An expression as a tree, so that a difference can be looked for in its parts.

/** A part of a statement: texts and parts, in order, and the type of its value. */
class Node {
  constructor(type, parts) {
    this.type = type;
    this.parts = parts;
  }

  get text() {
    return this.written([]);
  }

  /** The text, with the number of each bound part, which is added to `bound` when it is not there yet. */
  written(bound) {
    return this.parts.map((part) => (part instanceof Node ? part.written(bound) : part)).join('');
  }

  get children() {
    return this.parts.filter((part) => part instanceof Node);
  }

  /** The node with another one in the place of a child. */
  with(child, other) {
    return new Node(
      this.type,
      this.parts.map((part) => (part === child ? other : part)),
    );
  }
}

/** A value that travels beside the statement. */
class Bound extends Node {
  constructor(type, value) {
    super(type, []);
    this.value = value;
  }

  written(bound) {
    if (!bound.includes(this)) bound.push(this);
    return `$${bound.indexOf(this) + 1}`;
  }
}

/** A node from a template: node(type)`CAST(${child} AS TEXT)`. */
const node =
  (type) =>
  (texts, ...parts) =>
    new Node(
      type,
      texts.flatMap((text, index) => (index < parts.length ? [text, parts[index]] : [text])),
    );

/** Nodes with a text between them. */
const joined = (items, between = ', ') => items.flatMap((item, index) => (index ? [between, item] : [item]));

/** Part and parts of parts, the smallest first. */
function within(part) {
  return part.children.flatMap((child) => [...within(child), child]);
}

/** The tree with another node in the place of one of its nodes. */
function replaced(root, target, other) {
  if (root === target) return other;
  if (!root.children.length) return root;
  return new Node(
    root.type,
    root.parts.map((part) => (part instanceof Node ? replaced(part, target, other) : part)),
  );
}

/** A value of each of these types that no function refuses. */
const SIMPLE = {
  bool: 'TRUE',
  int4: '1',
  int8: "CAST('1' AS BIGINT)",
  numeric: '1.5',
  text: "'a'",
  float8: "CAST('1' AS DOUBLE PRECISION)",
};

module.exports = { Bound, Node, SIMPLE, joined, node, replaced, within };
