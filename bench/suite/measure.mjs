// Measures the rows of the table, the growth and the starts. Contestants take turns, so that a busy machine slows all of them
// alike, and the median of the rounds counts.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import harness from '../harness.js';
import contestants from './contestants.js';
import growth from './growth-cases.js';
import processes from './processes.js';
import rows from './rows.js';
import { startSide } from './sides.mjs';

const { median } = harness;
const { CONTESTANTS } = contestants;
const { ROWS } = rows;
const { SERIES } = growth;
const { residentOf } = processes;

const START = path.join(path.dirname(fileURLToPath(import.meta.url)), 'start.js');
const GROWTH_ROUNDS = 3;
/** Callers are measured for longer, because the slowest of a thousand calls is looked for. */
const CALLERS_SLICE = 3;

/** A contestant with the address of its server. */
async function ready(name, servers) {
  const { server, ...contestant } = CONTESTANTS[name];
  if (!server) return contestant;
  const { url, pids } = await servers.get(server);
  return { ...contestant, url, pids };
}

const figuresOf = (slices) => ({
  wall: median(slices.map(({ wall }) => wall)),
  cpu: median(slices.map(({ cpu }) => cpu)),
});

/**
 * Measures one row. Answers, by contestant, with `{ wall, cpu }`: the time and the CPU time of a call in microseconds, the
 * medians of the rounds; or with `{ error }`, why the contestant failed. One without such a case is left out.
 */
export async function measureRow(row, names, servers, { rounds, roundMs, warmUpMs }) {
  const results = {};
  const sides = new Map();
  const attempt = async (name, work) => {
    try {
      await work();
    } catch (error) {
      results[name] = { error: error.message };
      await sides.get(name)?.kill();
      sides.delete(name);
    }
  };
  const started = names.filter((one) => ROWS[row].only?.includes(one) ?? true);
  await Promise.all(
    started.map((name) =>
      attempt(name, async () => {
        const side = await startSide(await ready(name, servers), row);
        if (side) sides.set(name, side);
      }),
    ),
  );
  for (const [name, side] of [...sides]) await attempt(name, () => side.slice(warmUpMs));
  const slices = new Map([...sides.keys()].map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    // Each round another one begins, so that nobody always follows the same one.
    const order = [...sides];
    order.push(...order.splice(0, round % Math.max(1, order.length)));
    for (const [name, side] of order) {
      await attempt(name, async () => slices.get(name).push(await side.slice(roundMs)));
    }
  }
  for (const [name, side] of [...sides]) {
    await attempt(name, async () => {
      await side.stop();
      results[name] = figuresOf(slices.get(name));
    });
  }
  return results;
}

/** The value that this share of all values does not exceed. */
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

const residentOfAll = (pids = []) => pids.reduce((sum, pid) => sum + residentOf(pid), 0);

/**
 * Measures one contestant at one size. Answers with the time and the CPU time of a call and of a unit of it in microseconds,
 * the resident size of client and server in bytes, and for `callers` the median and the 99.9th percentile of a single call.
 */
async function measurePoint(series, size, name, servers, { roundMs, warmUpMs }) {
  const { server } = CONTESTANTS[name];
  // PostgreSQL keeps running, because it takes seconds to start.
  if (server && server !== 'postgres') await servers.restart(server);
  const contestant = await ready(name, servers);
  const side = await startSide(contestant, series, size);
  const length = series === 'callers' ? roundMs * CALLERS_SLICE : roundMs;
  try {
    await side.slice(warmUpMs);
    const slices = [];
    for (let round = 0; round < GROWTH_ROUNDS; round++) slices.push(await side.slice(length));
    const { wall, cpu } = figuresOf(slices);
    const times = slices.flatMap(({ latencies }) => latencies ?? []);
    const point = {
      size,
      wall,
      cpu,
      perUnit: wall / SERIES[series].units(size),
      client: slices.at(-1).resident,
      server: residentOfAll(contestant.pids),
      ...(times.length > 0 && { calls: times.length, median: quantile(times, 0.5), p999: quantile(times, 0.999) }),
    };
    await side.stop();
    return point;
  } catch (error) {
    await side.kill();
    throw error;
  }
}

/** Measures a series: by contestant its points, or `{ error }` in place of a point that failed. */
export async function measureGrowth(series, names, servers, options) {
  const results = {};
  for (const name of names) {
    results[name] = [];
    for (const size of SERIES[series].sizes.filter((one) => one <= options.most)) {
      try {
        results[name].push(await measurePoint(series, size, name, servers, options));
      } catch (error) {
        results[name].push({ size, error: error.message });
      }
    }
  }
  return results;
}

/** From the start of a process to its first row: `{ wall, cpu }` in microseconds. The work of a server is not counted. */
export async function measureStarts(names, servers, times) {
  const slices = Object.fromEntries(names.map((name) => [name, []]));
  for (let i = 0; i < times; i++) {
    for (const name of names) {
      const contestant = JSON.stringify(await ready(name, servers));
      const { stdout } = await promisify(execFile)(process.execPath, [START, contestant]);
      slices[name].push(JSON.parse(stdout));
    }
  }
  return Object.fromEntries(names.map((name) => [name, figuresOf(slices[name])]));
}
