'use strict';

// What stands for a bound value in a plan: its place among the values, and what of it decides the text around it.

/** So many placeholders of a kind are remembered. */
const PLACEHOLDERS_MAX = 1000;

/** A kind of values: their types decide the text around them. See `Kind` in src/translate/plan.rs. */
class Kind {
  #placeholders = [];

  constructor(letter) {
    this.letter = letter;
  }

  /** What stands for a value in a plan. */
  placeholder(place) {
    if (place >= PLACEHOLDERS_MAX) return this.write(place);
    for (let next = this.#placeholders.length; next <= place; next++) this.#placeholders.push(this.write(next));
    return this.#placeholders[place];
  }

  write(place) {
    return ['{"b":[', place, ',"', this.letter, '"]}'].join('');
  }
}

const NUMBER = new Kind('n');
const BOOLEAN = new Kind('b');
const OTHER = new Kind('s');
const TAGGED = new Map([
  ['integer', NUMBER],
  ['float', NUMBER],
  ['decimal', new Kind('d')],
  ['timestamp', new Kind('t')],
]);

function kindOf(wire) {
  if (typeof wire === 'number') return NUMBER;
  if (typeof wire === 'boolean') return BOOLEAN;
  return typeof wire === 'object' ? (TAGGED.get(wire.type) ?? OTHER) : OTHER;
}

module.exports = { kindOf };
