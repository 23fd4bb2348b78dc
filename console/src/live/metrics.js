// The metrics of the server: the text of OpenMetrics, and what lies between two readings of it.

/** Writes a number as people read it. */
export const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples of a text: `{ name, labels, value }`. */
export function samples(text) {
  const found = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : LINE.exec(line);
    if (!match) continue;
    const labels = Object.fromEntries([...(match[2] ?? '').matchAll(LABEL)].map(([, name, value]) => [name, value]));
    found.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return found;
}

const PREFIX = 'phantomdb_request_duration_seconds';

/** The durations of requests by route: `{ count, sum, buckets }`, the buckets by their upper ends in seconds. */
function durations(all) {
  const routes = new Map();
  for (const { name, labels, value } of all) {
    if (!name.startsWith(PREFIX)) continue;
    const route = routes.get(labels.route) ?? { count: 0, sum: 0, buckets: new Map() };
    routes.set(labels.route, route);
    const what = name.slice(PREFIX.length);
    if (what === '_count') route.count += value;
    if (what === '_sum') route.sum += value;
    if (what === '_bucket') {
      const end = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
      route.buckets.set(end, (route.buckets.get(end) ?? 0) + value);
    }
  }
  return routes;
}

/** The value of a metric that has no labels. */
const single = (all, name) => all.find((sample) => sample.name === `phantomdb_${name}`)?.value;

/** What the console reads out of a text. */
export function reading(text, at) {
  const all = samples(text);
  return {
    at,
    routes: durations(all),
    statements: single(all, 'statements_total') ?? 0,
    transactions: single(all, 'open_transactions') ?? 0,
    bytes: single(all, 'data_bytes'),
    lockWaits: single(all, 'lock_waits_total'),
  };
}

/** The time in milliseconds in which a share of the requests were answered, as far as the buckets tell. */
function quantile(buckets, count, share) {
  const ends = [...buckets.keys()].sort((a, b) => a - b);
  const end = ends.find((end) => buckets.get(end) >= count * share);
  return end === undefined ? undefined : end * 1000;
}

/**
 * Compares two readings. The result has the requests, the statements and the waits for write locks in a second, and for each
 * route its requests in a second, its mean time, and the times below which half and 95 of 100 requests were answered, in
 * milliseconds.
 */
export function between(before, after) {
  const seconds = (after.at - before.at) / 1000;
  const routes = [...after.routes].map(([route, { count, sum, buckets }]) => {
    const old = before.routes.get(route) ?? { count: 0, sum: 0, buckets: new Map() };
    const requests = count - old.count;
    const own = new Map([...buckets].map(([end, value]) => [end, value - (old.buckets.get(end) ?? 0)]));
    return {
      route,
      count,
      rate: requests / seconds,
      mean: requests > 0 ? ((sum - old.sum) / requests) * 1000 : undefined,
      half: requests > 0 ? quantile(own, requests, 0.5) : undefined,
      most: requests > 0 ? quantile(own, requests, 0.95) : undefined,
    };
  });
  return {
    requests: routes.reduce((sum, { rate }) => sum + rate, 0),
    statements: (after.statements - before.statements) / seconds,
    lockWaits: after.lockWaits === undefined ? undefined : (after.lockWaits - (before.lockWaits ?? 0)) / seconds,
    routes: routes.sort((a, b) => b.count - a.count),
  };
}
