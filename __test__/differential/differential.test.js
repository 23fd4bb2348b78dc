// The same calls on this dialect and on Sequelize's own, and the same answers. `npm test` runs about two thousand calls
// beside sqlite3 and some hundreds beside a real PostgreSQL, the same each time; PHANTOMDB_DIFF_RUNS=50000 runs so many new
// ones (and a sixth of that beside PostgreSQL), PHANTOMDB_DIFF_SEED repeats a run, PHANTOMDB_DIFF_PEER=postgres runs one peer,
// PHANTOMDB_DIFF_NOTES=1 says what failed on both sides. A difference prints the seed and the smallest schema, rows and
// calls that show it.

const fc = require('fast-check');

const { rows, calls } = require('./calls');
const { Comparison } = require('./compare');
const { peers } = require('./peers');
const { schema } = require('./schema');

const { PHANTOMDB_DIFF_RUNS, PHANTOMDB_DIFF_SEED, PHANTOMDB_DIFF_PEER, PHANTOMDB_DIFF_NOTES } = process.env;

const CALLS_PER_SCHEMA = 20;
const asked = Number(PHANTOMDB_DIFF_RUNS);
const wanted = asked
  ? { sqlite: asked, postgres: asked / 6, unlimited: asked / 6 }
  : { sqlite: 2000, postgres: 700, unlimited: 500 };
const SEED = 6_378;
const seed = PHANTOMDB_DIFF_SEED ? Number(PHANTOMDB_DIFF_SEED) : asked ? undefined : SEED;
const chosen = Object.entries(peers).filter(([name]) => !PHANTOMDB_DIFF_PEER || name === PHANTOMDB_DIFF_PEER);

describe.each(chosen)('the answers of PhantomDB and of its peer: %s', (name, peer) => {
  const count = wanted[name];
  const timeLimit = Math.max(120_000, count * 200);

  beforeAll(() => peer.begin?.());
  afterAll(() => peer.end?.());

  test(
    `are the same, in about ${count} random calls`,
    async () => {
      const comparison = new Comparison(peer);
      const property = fc.asyncProperty(schema, rows, calls(CALLS_PER_SCHEMA), (...all) =>
        comparison.compareAll(...all),
      );
      // What was found so far is said before the time is over: making it smaller takes long.
      const interruptAfterTimeLimit = timeLimit * 0.9;
      await fc.assert(property, {
        numRuns: Math.ceil(count / (CALLS_PER_SCHEMA * 1.5)),
        seed,
        interruptAfterTimeLimit,
      });
      if (PHANTOMDB_DIFF_NOTES) console.log(comparison.failures);
      // A generator that mostly makes mistakes would compare nothing.
      expect(comparison.calls).toBeGreaterThan(count * 0.5);
      expect(comparison.bothFailed / comparison.calls).toBeLessThan(0.2);
      expect(comparison.theirsFailed / comparison.calls).toBeLessThan(0.05);
    },
    timeLimit,
  );
});
