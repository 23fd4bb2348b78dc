'use strict';

// Measures contestants side by side: they run in turns, so that a busy machine slows all of them alike, and the median of
// the rounds counts.

const ROUNDS = 7;
const ROUND_MS = Number(process.env.BENCH_ROUND_MS ?? 300);

async function round(work) {
  const start = process.hrtime.bigint();
  const end = start + BigInt(ROUND_MS) * 1_000_000n;
  let calls = 0;
  let now = start;
  do {
    await work();
    calls++;
    now = process.hrtime.bigint();
  } while (now < end);
  return Number(now - start) / calls / 1000;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

/**
 * @param {Record<string, () => unknown>} contestants by name
 * @returns {Promise<Record<string, number>>} the median time of a call, in microseconds
 */
async function compare(contestants) {
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
  for (const work of Object.values(contestants)) await round(work);
  for (let i = 0; i < ROUNDS; i++) {
    for (const [name, work] of Object.entries(contestants)) times[name].push(await round(work));
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]));
}

/** Prints one row for each contestant, with how many times faster it is than `peer`. */
function report(title, results, peer) {
  console.log(`\n${title}`);
  for (const [name, micros] of Object.entries(results)) {
    const ratio = results[peer] / micros;
    const note = name === peer ? 'the peer' : `${ratio.toFixed(2)}x`;
    console.log(`  ${name.padEnd(34)} ${micros.toFixed(1).padStart(10)} us   ${note}`);
  }
}

module.exports = { compare, median, report };
