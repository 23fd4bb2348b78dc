// An expression as a tree, so that a difference can be looked for in its parts.

/** A part of a statement: texts and parts, in order, and the type of its value. */
class Node {
  constructor(type, parts) {
    this.type = type;
    this.parts = parts;
  }

  get text() {
    return this.parts.map((part) => (part instanceof Node ? part.text : part)).join('');
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

module.exports = { Node, joined, node, within };
