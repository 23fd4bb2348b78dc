'use strict';

// Functions that old versions of Node lack, made of what these versions have. docs/platforms.md lists what they do without.

const crypto = require('crypto');
const { setTimeout } = require('timers');
const { promisify } = require('util');

/** `crypto.randomUUID`, which Node has since 14.17. */
const randomUUID =
  crypto.randomUUID ??
  (() => {
    const bytes = crypto.randomBytes(16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  });

/** `timers/promises`, which Node has since 15. */
const sleep = promisify(setTimeout);

/** A tracing channel. Before Node 18.19 there are none, and nobody subscribes. */
function tracingChannel(name) {
  try {
    return require('diagnostics_channel').tracingChannel(name);
  } catch {
    return { hasSubscribers: false, tracePromise: (work) => work() };
  }
}

module.exports = { randomUUID, sleep, tracingChannel };
