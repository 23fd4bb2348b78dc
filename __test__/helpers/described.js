'use strict';

// Everything that can be told about an object, to compare what two ways of making it made.

const identities = new WeakMap();
let identityCount = 0;

/** A text for an object that both sides share. */
function identityOf(object) {
  if (object === null) return null;
  if (!identities.has(object)) identities.set(object, `identity ${identityCount++}`);
  return identities.get(object);
}

/**
 * Every own property of a value, with its order, its descriptor and its prototype, to the end of it.
 *
 * @param {unknown} value
 * @param {(object: object) => boolean} isShared true for an object that is the same on both sides; functions are
 */
function described(value, isShared, seen = new Map()) {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
  if (typeof value === 'function' || isShared(value)) return identityOf(value);
  if (seen.has(value)) return seen.get(value);
  const text = `object ${seen.size}`;
  seen.set(value, text);
  const properties = Reflect.ownKeys(value).map((name) => {
    const { value: own, ...flags } = Object.getOwnPropertyDescriptor(value, name);
    return [name, described(own, isShared, seen), flags];
  });
  return {
    text,
    prototype: identityOf(Object.getPrototypeOf(value)),
    time: value instanceof Date ? value.getTime() : undefined,
    members: value instanceof Set ? [...value] : undefined,
    properties,
  };
}

module.exports = { described };
