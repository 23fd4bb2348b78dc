// Two builds of this package beside each other in one run, to show that no path became slower.
//
//   node bench/compare.mjs OLD_CHECKOUT NEW_CHECKOUT [--rounds 7] [--only WORDS] [--over memory,http] [--json FILE]
//
// Both must be built (`npm run build`). In each round each case runs in two fresh processes, one a checkout; after a warm-up
// they take turns in slices of 100 ms, so that a busy machine slows both alike. `http` uses a `phantomdb serve --memory` of the
// same checkout, also fresh in each round. It prints the medians over the rounds of the time of a call, with the ratio new to
// old (its median, least and greatest of a round), the ratio of the fastest slices, and the CPU time that client and server
// took, with its ratio. On a machine that other programs use too, the last two say more than the first.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import cases from './compare-cases.js';
import harness from './harness.js';

const SLICE_MS = 100;
const SLICES = 12;
const WARM_UP_MS = 600;
/** A path is marked as slower when all three ratios are above this. */
const TOLERANCE = 1.03;
const SIDES = ['old', 'new'];

const here = path.dirname(fileURLToPath(import.meta.url));
const { median } = harness;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    only: { type: 'string', default: '' },
    over: { type: 'string', default: 'memory,http' },
    json: { type: 'string' },
  },
});

/** `phantomdb serve --memory` of a checkout. */
async function startServer(checkout) {
  const cli = path.join(checkout, 'bin', 'phantomdb.js');
  const child = spawn(process.execPath, [cli, 'serve', '--listen', '127.0.0.1:0', '--memory'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const url = /listening on (\S+)/.exec(output)?.[1];
    if (!url) continue;
    const stop = async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    };
    return { url, pid: child.pid, stop };
  }
  throw new Error(`phantomdb serve of ${checkout} did not start`);
}

/** The CPU time of a process so far in microseconds; 0 where the system does not say. */
function cpuOf(pid) {
  const tasks = `/proc/${pid}/task`;
  if (pid === undefined || !fs.existsSync(tasks)) return 0;
  const nanoseconds = fs
    .readdirSync(tasks)
    .map((task) => Number(fs.readFileSync(path.join(tasks, task, 'schedstat'), 'utf8').split(' ')[0]));
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1000;
}

/** A process that runs one case of one checkout. */
async function startSide(checkout, name, server) {
  const child = fork(path.join(here, 'compare-child.js'), [checkout, server?.url ?? 'memory:', name]);
  let settle;
  child.on('message', (value) => settle.resolve(value));
  child.on('exit', (code) => settle.reject(new Error(`${name} of ${checkout} ended with ${code}`)));
  const answer = (message) => {
    const promise = new Promise((resolve, reject) => (settle = { resolve, reject }));
    if (message) child.send(message);
    return promise;
  };
  await answer();
  return {
    async slice(ms) {
      const before = cpuOf(server?.pid);
      const { calls, wall, cpu } = await answer({ ms });
      return { wall: wall / calls, cpu: (cpu + cpuOf(server?.pid) - before) / calls };
    },
    async stop() {
      answer({ stop: true }).catch(() => {});
      await once(child, 'exit');
    },
  };
}

/** One round of one case: the medians over its slices, by side. */
async function round(checkouts, name, servers, number) {
  const sides = {};
  for (const side of SIDES) sides[side] = await startSide(checkouts[side], name, servers?.[side]);
  for (const side of SIDES) await sides[side].slice(WARM_UP_MS);
  const slices = { old: [], new: [] };
  for (let i = 0; i < SLICES; i++) {
    // Whoever comes first changes, so that neither always follows the other.
    const order = (i + number) % 2 === 0 ? SIDES : SIDES.toReversed();
    for (const side of order) slices[side].push(await sides[side].slice(SLICE_MS));
  }
  for (const side of SIDES) await sides[side].stop();
  const figures = (side) => {
    const of = (what) => slices[side].map((one) => one[what]);
    return { wall: median(of('wall')), fastest: Math.min(...of('wall')), cpu: median(of('cpu')) };
  };
  return { old: figures('old'), new: figures('new') };
}

function summary(rounds) {
  const figure = (side, what) => median(rounds.map((one) => one[side][what]));
  const ratios = (what) => rounds.map((one) => one.new[what] / one.old[what]);
  const wall = ratios('wall');
  return {
    old: figure('old', 'wall'),
    new: figure('new', 'wall'),
    ratio: median(wall),
    least: Math.min(...wall),
    greatest: Math.max(...wall),
    fastestRatio: median(ratios('fastest')),
    oldCpu: figure('old', 'cpu'),
    newCpu: figure('new', 'cpu'),
    cpuRatio: median(ratios('cpu')),
  };
}

function print(title, result) {
  const micros = (value) => value.toFixed(1).padStart(10);
  const ratio = (value) => value.toFixed(3);
  const isSlower = Math.min(result.ratio, result.fastestRatio, result.cpuRatio) > TOLERANCE;
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
  const names = Object.keys(cases.CASES).filter((name) => name.includes(options.only));
  const over = options.over.split(',');
  const measured = new Map(over.flatMap((way) => names.map((name) => [`${way}: ${name}`, { way, name, rounds: [] }])));
  for (let number = 0; number < Number(options.rounds); number++) {
    const servers = {};
    if (over.includes('http')) for (const side of SIDES) servers[side] = await startServer(checkouts[side]);
    for (const { way, name, rounds } of measured.values()) {
      rounds.push(await round(checkouts, name, way === 'http' ? servers : undefined, number));
    }
    await Promise.all(Object.values(servers).map((server) => server.stop()));
    console.error(`round ${number + 1} of ${options.rounds}`);
  }
  const results = Object.fromEntries([...measured].map(([title, { rounds }]) => [title, summary(rounds)]));
  if (options.json) fs.writeFileSync(options.json, JSON.stringify(results, undefined, 2));
  const head = 'us a call: old        new   new/old (of rounds)       fastest   CPU us: old        new   new/old';
  console.log(`${''.padEnd(46)} ${head}`);
  const slower = Object.entries(results).filter(([title, result]) => print(title, result));
  process.exitCode = slower.length > 0 ? 1 : 0;
}

await main();
