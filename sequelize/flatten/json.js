'use strict';

// Builders for the plans that the translator reads. src/translate/plan.rs documents every key and is the reference;
// this is the only JavaScript file that spells the short keys of expressions.
//
// A plan is written as JSON text directly, not as an object for JSON.stringify. Its text is the key of the translation
// cache, so every call needs it, and with JSON.stringify a primary-key query would take 50 % longer to compile
// (bench/translate.js). Names and strings are encoded as JSON, so two different plans never have the same text.

const { toJson } = require('../../driver/json');
const { tableOf } = require('./tables');

/** Characters that JSON writes unchanged between quotes. A lone surrogate is not one of them. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

function string(text) {
  return typeof text === 'string' && PLAIN.test(text) ? `"${text}"` : toJson(text);
}

const number = (value) => `${value}`;
const boolean = (value) => (value ? 'true' : 'false');

/** @param {string[]} items JSON texts */
function array(items) {
  let text = '';
  for (let i = 0; i < items.length; i++) text += i > 0 ? `,${items[i]}` : items[i];
  return `[${text}]`;
}

/** @param {Iterable<string>} texts */
function strings(texts) {
  let text = '';
  for (const item of texts) text += text ? `,${string(item)}` : string(item);
  return `[${text}]`;
}

/** The number of names that each memo keeps, and the length of the longest name that it keeps. */
const NAMES_MAX = 5000;
const NAME_LENGTH_MAX = 100;

/**
 * Memoizes a builder by name. The parts are joined because V8 keeps concatenated strings as a tree of their parts, which
 * it would have to walk again for each plan.
 *
 * @param {(name: string) => string[]} parts
 */
function memoizedByName(parts) {
  const memo = new Map();
  return (name) => {
    const text = memo.get(name);
    if (text !== undefined) return text;
    const written = parts(string(name)).join('');
    if (typeof name === 'string' && name.length <= NAME_LENGTH_MAX) {
      if (memo.size >= NAMES_MAX) memo.clear();
      memo.set(name, written);
    }
    return written;
  };
}

// Expressions: `Expr` in plan.rs.

const NULL = '{"v":null}';
const STAR = '{"star":null}';
const DEFAULT = '{"default":null}';
/** A condition that is always false. */
const FALSE = '{"or":[]}';

const column = memoizedByName((name) => ['{"c":', name, '}']);
const path = (steps) => `{"p":${strings(steps)}}`;
/** A column by a path in one text, as in `$task.title$`. */
const dottedPath = (text) => path(text.split('.'));
const literal = (text) => `{"l":${string(text)}}`;
/** @param wire a value in its wire form, which is written into the statement */
const constant = (wire) => `{"v":${toJson(wire)}}`;

/** The number of placeholders that are memoized for each type. */
const PLACEHOLDERS_MAX = 1000;
const placeholders = new Map();

/** A bound value, by its index in the plan's values. @param {string} type a `BindType` of plan.rs */
function bound(index, type) {
  const write = (i) => ['{"b":[', i, ',"', type, '"]}'].join('');
  if (index >= PLACEHOLDERS_MAX) return write(index);
  let memo = placeholders.get(type);
  if (memo === undefined) {
    memo = [];
    placeholders.set(type, memo);
  }
  for (let next = memo.length; next <= index; next++) memo.push(write(next));
  return memo[index];
}

/** A list of any length that is one bound value, by its index. @param {string} type a `BindType` of plan.rs */
const boundList = (index, type) => `{"bl":[${index},"${type}"]}`;

const call = (name, args) => `{"f":[${string(name)},${array(args)}]}`;
const cast = (operand, type) => `{"cast":[${operand},${string(type)}]}`;
const list = (items) => `{"list":${array(items)}}`;
/** An array, as an argument of a function or a cast. */
const arrayOf = (items) => `{"array":${array(items)}}`;
const values = (items) => `{"values":${array(items)}}`;
/** @param {'any' | 'all'} quantifier */
const quantified = (quantifier, operand) => `{"${quantifier}":${operand}}`;
/** A path into a JSON document. @param {'text' | 'json'} [result] text if omitted */
const document = (source, steps, result) =>
  result === undefined ? `{"j":[${source},${strings(steps)}]}` : `{"j":[${source},${strings(steps)},"${result}"]}`;
/** @param {'+' | '-'} operator */
const arithmetic = (left, operator, right) => `{"arith":[${left},${string(operator)},${right}]}`;
/** @param {string} operator its name as JSON */
const compare = (left, operator, right) => `{"o":[${left},${operator},${right}]}`;
const and = (conditions) => `{"and":${array(conditions)}}`;
const or = (conditions) => `{"or":${array(conditions)}}`;
const not = (condition) => `{"not":${condition}}`;
/** Combines conditions that must all hold; undefined when there are none. */
const allOf = (conditions) => (conditions.length > 1 ? and(conditions) : conditions[0]);
const whole = (condition) => `{"whole":${condition}}`;

// Parts of statements.

/** A column that is selected under its own name. */
const selectedColumn = memoizedByName((name) => ['{"e":{"c":', name, '}}']);
/** An expression in a select list. */
const selectItem = (expression, alias) =>
  alias === undefined ? `{"e":${expression}}` : `{"e":${expression},"as":${string(alias)}}`;

/** A table in FROM. @param {string} mainTable as JSON */
const fromItem = (mainTable, alias) =>
  alias === undefined ? `{"table":${mainTable}}` : `{"table":${mainTable},"as":${string(alias)}}`;

/** An expression in ORDER BY. @param {boolean} own true when it orders the main table */
function orderItem(expression, own, direction, literalDirection) {
  let text = `{"e":${expression},"own":${own}`;
  if (direction !== undefined) text += `,"dir":${string(direction)}`;
  if (literalDirection !== undefined) text += `,"literalDir":${string(literalDirection)}`;
  return `${text}}`;
}

const tableNamed = memoizedByName((name) => ['{"name":', name, '}']);

/** @param given a table in any of the forms that Sequelize has */
function table(given) {
  const { name, schema } = tableOf(given);
  return schema === undefined ? tableNamed(name) : `{"name":${string(name)},"schema":${string(schema)}}`;
}

/** A JSON object that is written field by field. */
class ObjectText {
  #fields = '';

  /** Adds a field, unless its value is undefined. */
  add(name, json) {
    if (json !== undefined) this.#fields += this.#fields === '' ? `"${name}":${json}` : `,"${name}":${json}`;
    return this;
  }

  get json() {
    return `{${this.#fields}}`;
  }
}

/** The plan of a statement, with the values that it binds. */
class Plan extends ObjectText {
  /** True for a write that returns rows. */
  returns = false;
  /** True for an update without columns. */
  setsNothing = false;
  /** The rows of an insert whose plan has one row, a JSON array of arrays. */
  rows = undefined;

  /**
   * @param {unknown[]} boundValues in their wire form; the plan refers to them by index
   * @param {string} mainTable as JSON
   */
  constructor(boundValues, mainTable) {
    super();
    this.values = boundValues;
    this.table = mainTable;
  }
}

module.exports = {
  ObjectText,
  Plan,
  string,
  number,
  boolean,
  array,
  strings,
  NULL,
  STAR,
  DEFAULT,
  FALSE,
  column,
  path,
  dottedPath,
  literal,
  constant,
  bound,
  boundList,
  call,
  cast,
  list,
  arrayOf,
  values,
  quantified,
  document,
  arithmetic,
  compare,
  and,
  or,
  not,
  allOf,
  whole,
  selectedColumn,
  selectItem,
  fromItem,
  orderItem,
  table,
};
