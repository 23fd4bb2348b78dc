'use strict';

/** True for an object made by `{}` or `Object.create(null)` in any realm: Jest runs each test file in its own. */
function isPlainObject(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

module.exports = { isPlainObject };
