'use strict';

// The types of bound values as a plan has them: only the part of a type that the SQL text depends on. The reference is
// `BindType` in src/translate/plan.rs.

const NUMBER = 'n';
const BOOLEAN = 'b';
const OTHER = 's';
/** Types of values whose wire form is `{ type, value }`. */
const TAGGED = new Map([
  ['integer', NUMBER],
  ['float', NUMBER],
  ['decimal', 'd'],
  ['timestamp', 't'],
]);

/** @param wire a value in its wire form */
function bindTypeOf(wire) {
  if (wire === null) return OTHER;
  if (typeof wire === 'number') return NUMBER;
  if (typeof wire === 'boolean') return BOOLEAN;
  return typeof wire === 'object' ? (TAGGED.get(wire.type) ?? OTHER) : OTHER;
}

module.exports = { bindTypeOf };
