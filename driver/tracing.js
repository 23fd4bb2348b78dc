'use strict';

// The channel on which calls are observed, and the traces that they are a part of. `docs/observing.md` documents both.

const { tracingChannel } = require('./old-node.js');

const queries = tracingChannel('phantomdb:query');

/** The key under which every copy of `@opentelemetry/api` registers the setup of the application. */
const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1');
const setter = {
  set(carrier, key, value) {
    carrier[key] = value;
  },
};

/** The trace that a call is a part of: the one in its options, or the one that is active in OpenTelemetry. */
function traceOf({ traceparent, tracestate }) {
  if (traceparent !== undefined) {
    return { traceparent, tracestate };
  }
  const telemetry = globalThis[OPENTELEMETRY];
  if (!telemetry?.context || !telemetry.propagation) {
    return undefined;
  }
  const carrier = {};
  telemetry.propagation.inject(telemetry.context.active(), carrier, setter);
  return carrier.traceparent === undefined ? undefined : carrier;
}

module.exports = { queries, traceOf };
