'use strict';

// `bind` and `replacements` in finder options, which belong to the literals in these options. Both are put in before the
// plan's own values, which are data whatever `:name` or `$1` they hold (CVE-2023-25813).

const { Binds, placeBinds } = require('./bind.js');
const { toJson } = require('../driver/json.js');
const { toWire } = require('../driver/values.js');

/** A plan with every text that the user wrote as SQL changed by `change`, in the order of the statement's parts. */
function withLiterals(node, change) {
  if (Array.isArray(node)) return node.map((item) => withLiterals(item, change));
  if (typeof node !== 'object' || node === null) return node;
  const result = {};
  for (const [key, value] of Object.entries(node)) {
    const isText = (key === 'l' || key === 'literalDir') && typeof value === 'string';
    result[key] = isText ? change(value) : withLiterals(value, change);
  }
  return result;
}

/** A plan (JSON) with the user's binds placed in its literals, and their values, as the wire carries them. */
function placeUserBinds(json, bind) {
  const binds = new Binds(bind);
  const placed = withLiterals(JSON.parse(json), (text) => placeBinds(text, binds));
  return { json: toJson(placed), parameters: binds.parameters().map(toWire) };
}

module.exports = { placeUserBinds };
