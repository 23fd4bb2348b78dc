'use strict';

// Measures one case of one contestant, in a process of its own (sides.mjs starts it). Its argument is `{ contestant, name, size }`
// in JSON. It makes the tables, sends `{}`, and then answers each message: `{ ms }` with a slice of that length, `{ stop }` by
// ending. A slice is `{ calls, wall, cpu, resident, latencies }`: the number of calls, the time and the CPU time that all of
// them took in microseconds, the resident size in bytes, and, if the case notes them, the times of single calls.

const { CASES } = require('./cases');
const { GROWTH_CASES } = require('./growth-cases');
const { open } = require('./open');

const { contestant, name, size } = JSON.parse(process.argv[2]);

async function casesOf(world) {
  if (!world.kysely) return { ...CASES, ...GROWTH_CASES };
  const { KYSELY_CASES } = await import('../peers/kysely-cases.mjs');
  return KYSELY_CASES;
}

/** Runs calls for `ms` of their own time; what a case does between two calls does not count. */
async function slice({ call, check, between, latencies }, ms) {
  const total = { calls: 0, wall: 0, cpu: 0 };
  let answer;
  do {
    await between?.();
    const cpu = process.cpuUsage();
    const begin = process.hrtime.bigint();
    // Reading the CPU time costs some microseconds, so short calls are timed together.
    let end;
    do {
      answer = await call();
      total.calls++;
      end = process.hrtime.bigint();
    } while (!between && Number(end - begin) / 1e6 < ms);
    const used = process.cpuUsage(cpu);
    total.wall += Number(end - begin) / 1e3;
    total.cpu += used.user + used.system;
  } while (total.wall / 1e3 < ms);
  const resident = process.memoryUsage.rss();
  if (!contestant.unchecked) await check(answer);
  return { ...total, resident, latencies: latencies?.() };
}

async function main() {
  const world = await open(contestant);
  const cases = await casesOf(world);
  if (!Object.hasOwn(cases, name)) {
    await world.close();
    process.send({ absent: true });
    return;
  }
  const work = await cases[name](world, size);
  process.on('message', async (message) => {
    try {
      if (message.stop) {
        await world.close();
        process.disconnect();
      } else {
        process.send(await slice(work, message.ms));
      }
    } catch (error) {
      process.send({ error: error.message });
    }
  });
  // Also when the process that asks has gone.
  process.once('disconnect', () => process.exit());
  process.send({});
}

main().catch((error) => process.send({ error: error.message }));
