'use strict';

// JSON as the addon, the contract and both engines read it.

/** An escape in JSON text. `JSON.stringify` escapes half a surrogate pair and no other character above the space. */
const ESCAPE = /\\(?:u(d[89a-f][0-9a-f]{2})|.)/g;

/**
 * The JSON text of a value. Half a surrogate pair, as in `'🎉'.slice(0, 1)`, is no character: it becomes U+FFFD, as it
 * does wherever JavaScript writes a string as UTF-8.
 *
 * @returns {string | undefined} undefined for what JSON does not have, as from `JSON.stringify`
 */
function toJson(value) {
  const text = JSON.stringify(value);
  if (text === undefined || !text.includes('\\ud')) return text;
  return text.replace(ESCAPE, (whole, half) => (half === undefined ? whole : '\ufffd'));
}

module.exports = { toJson };
