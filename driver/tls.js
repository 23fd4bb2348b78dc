'use strict';

// The option `tls`: the authorities whose certificates a server over https:// may show.

const fs = require('fs');

const PEM = /-----BEGIN /;

const isText = (value) => (typeof value === 'string' && value !== '') || value instanceof Uint8Array;

/** True for `{ ca }` with a certificate, the path of a file, or a list of them. Node's own `ca` takes no paths. */
function isTls(value) {
  const isObject = typeof value === 'object' && value !== null;
  if (!isObject || Object.keys(value).some((name) => name !== 'ca')) return false;
  const authorities = [].concat(value.ca);
  return authorities.length > 0 && authorities.every(isText);
}

/** The option as the addon takes it, with text in PEM only. Throws a TypeError for a file that cannot be read. */
function wireTls(tls) {
  return tls && { ca: [].concat(tls.ca).map(pemOf) };
}

function pemOf(value) {
  if (typeof value !== 'string') return Buffer.from(value).toString('latin1');
  if (PEM.test(value)) return value;
  try {
    return fs.readFileSync(value, 'latin1');
  } catch (error) {
    throw new TypeError(`The option 'tls.ca' of PhantomDBDialect is a file that cannot be read: ${error.message}`);
  }
}

module.exports = { isTls, wireTls };
