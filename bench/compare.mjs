// Two builds of this package beside each other in one run, to show that no path became slower.
//
//   node bench/compare.mjs OLD_CHECKOUT NEW_CHECKOUT [--rounds 7] [--processes 2] [--only WORDS] [--over memory,http] [--json FILE]
//
// Both must be built (`npm run build`). In each round each case runs in fresh processes, several of each checkout. After a warm-up
// they take turns in slices of 50 ms, in pairs of an old and a new one, so that a busy machine slows both alike. `http` uses a
// `phantomdb serve --memory` of the same checkout, also fresh in each round. It prints the median time of a call; the ratio new
// to old, which is the median over the pairs of all rounds (and its least and greatest of a round); the ratio of the fastest
// slices; and the CPU time that client and server took, with its ratio. On a machine that other programs use too, the last two
// say more than the first. bench/README.md describes the options.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import harness from './harness.js';
import phantomdbServer from './server.js';
import cases from './suite/cases.js';
import selection from './suite/selection.js';
import { canPin, pin, startSide } from './suite/sides.mjs';

const SLICE_MS = 50;
const SLICES = 24;
const WARM_UP_MS = 600;
/**
 * A path is marked as slower when all three ratios are above this, and it took more CPU time in all rounds but one in seven: a
 * machine that does other work makes a path look slower in some of them.
 */
const TOLERANCE = 1.03;
const EXCEPTION = 1 / 7;
const SIDES = ['old', 'new'];

const { median } = harness;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    processes: { type: 'string', default: '2' },
    only: { type: 'string', default: '' },
    over: { type: 'string', default: 'memory,http' },
    json: { type: 'string' },
    pinned: { type: 'boolean', default: false },
  },
});

const ROUNDS = selection.wholeNumber('rounds', options.rounds);
const PROCESSES = selection.wholeNumber('processes', options.processes);
const WAYS = ['memory', 'http'];
const over = options.over.split(',');
const unknown = over.find((way) => !WAYS.includes(way));
if (unknown !== undefined) throw new Error(`--over takes ${WAYS.join(' and ')}, not "${unknown}"`);
const names = Object.keys(cases.CASES).filter((name) => name.includes(options.only));
if (names.length === 0) throw new Error(`no case is named "${options.only}": ${Object.keys(cases.CASES).join(', ')}`);
if (options.pinned && !canPin()) throw new Error('--pinned needs `taskset` and more than one core');
/** The client gets one core and the servers the others, so that they never share one. */
const cores = options.pinned ? { client: '0', server: `1-${os.availableParallelism() - 1}` } : undefined;

async function startServer(checkout) {
  const server = await phantomdbServer.startServerOf(checkout, ['--memory']);
  if (cores) pin(server.pid, cores.server);
  return server;
}

/** A process that runs one case of one checkout. */
async function start(checkout, name, server) {
  const over = server ? { url: server.url, pids: [server.pid] } : { url: 'memory:' };
  const side = await startSide({ opener: 'phantomdb', checkout, ...over }, name);
  if (cores && server) pin(side.pid, cores.client);
  return side;
}

/** Slices of both sides as pairs `{ old, new }` that were measured one right after the other. */
async function measure(sides, number) {
  const pairs = [];
  for (let i = 0; i < SLICES; i++) {
    // Whoever comes first changes, so that neither always follows the other.
    const order = (i + number) % 2 === 0 ? SIDES : SIDES.toReversed();
    const pair = {};
    for (const side of order) pair[side] = await sides[side][Math.floor(i / 2) % sides[side].length].slice(SLICE_MS);
    pairs.push(pair);
  }
  return pairs;
}

/** One round of one case: its pairs of slices. */
async function round(checkouts, name, servers, number) {
  const sides = { old: [], new: [] };
  try {
    for (let i = 0; i < PROCESSES; i++) {
      for (const side of SIDES) sides[side].push(await start(checkouts[side], name, servers?.[side]));
    }
    const all = SIDES.flatMap((side) => sides[side]);
    for (const one of all) await one.slice(WARM_UP_MS);
    const pairs = await measure(sides, number);
    for (const one of all) await one.stop();
    return pairs;
  } catch (error) {
    for (const one of SIDES.flatMap((side) => sides[side])) await one.kill();
    throw error;
  }
}

/** The medians over the pairs of all rounds. The ratio within a pair is hardly touched by what else the machine does. */
function summary(rounds) {
  const pairs = rounds.flat();
  const figure = (side, what) => median(pairs.map((pair) => pair[side][what]));
  const ratio = (list, what) => median(list.map((pair) => pair.new[what] / pair.old[what]));
  const wall = rounds.map((list) => ratio(list, 'wall'));
  const fastest = (list, side) => Math.min(...list.map((pair) => pair[side].wall));
  return {
    old: figure('old', 'wall'),
    new: figure('new', 'wall'),
    ratio: ratio(pairs, 'wall'),
    least: Math.min(...wall),
    greatest: Math.max(...wall),
    fastestRatio: median(rounds.map((list) => fastest(list, 'new') / fastest(list, 'old'))),
    oldCpu: figure('old', 'cpu'),
    newCpu: figure('new', 'cpu'),
    cpuRatio: ratio(pairs, 'cpu'),
    roundsWithMoreCpu: rounds.filter((list) => ratio(list, 'cpu') > 1).length / rounds.length,
  };
}

function print(title, result) {
  const micros = (value) => value.toFixed(1).padStart(10);
  const ratio = (value) => value.toFixed(3);
  const isAbove = Math.min(result.ratio, result.fastestRatio, result.cpuRatio) > TOLERANCE;
  const isSlower = isAbove && result.roundsWithMoreCpu >= 1 - EXCEPTION;
  console.log(
    `${title.padEnd(46)} ${micros(result.old)} ${micros(result.new)}   ${ratio(result.ratio)} ` +
      `(${ratio(result.least)} to ${ratio(result.greatest)})   ${ratio(result.fastestRatio)}   ${micros(result.oldCpu)} ${micros(result.newCpu)}   ` +
      `${ratio(result.cpuRatio)}${isSlower ? '   SLOWER' : ''}`,
  );
  return isSlower;
}

async function main() {
  const [old, now] = positionals;
  if (!old || !now) throw new Error('usage: node bench/compare.mjs OLD_CHECKOUT NEW_CHECKOUT [--rounds N]');
  const checkouts = { old: path.resolve(old), new: path.resolve(now) };
  const measured = new Map(over.flatMap((way) => names.map((name) => [`${way}: ${name}`, { way, name, rounds: [] }])));
  /** A case that failed is not measured again: an old checkout may lack what it needs. */
  const failures = new Map();
  for (let number = 0; number < ROUNDS; number++) {
    const servers = {};
    if (over.includes('http')) for (const side of SIDES) servers[side] = await startServer(checkouts[side]);
    for (const [title, { way, name, rounds }] of measured) {
      if (failures.has(title)) continue;
      try {
        rounds.push(await round(checkouts, name, way === 'http' ? servers : undefined, number));
      } catch (error) {
        failures.set(title, error.message);
      }
    }
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    console.error(`round ${number + 1} of ${ROUNDS}`);
  }
  for (const title of failures.keys()) measured.delete(title);
  const results = Object.fromEntries([...measured].map(([title, { rounds }]) => [title, summary(rounds)]));
  if (options.json) fs.writeFileSync(options.json, JSON.stringify(results, undefined, 2));
  const head = 'us a call: old        new   new/old (of rounds)       fastest   CPU us: old        new   new/old';
  console.log(`${''.padEnd(46)} ${head}`);
  const slower = Object.entries(results).filter(([title, result]) => print(title, result));
  for (const [title, message] of failures) console.log(`${title.padEnd(46)} failed: ${message}`);
  process.exitCode = slower.length + failures.size > 0 ? 1 : 0;
}

await main();
