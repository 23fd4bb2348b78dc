// The same calls on this dialect and on Sequelize's own for SQLite, and the same answers. `npm test` runs about two
// thousand calls; PHANTOMDB_DIFF_RUNS=50000 runs so many, PHANTOMDB_DIFF_SEED repeats a run. A failure prints the seed
// and the smallest schema, rows and calls that show the difference.

const fc = require('fast-check');

const { rows, calls } = require('./calls');
const { compareAll, counts } = require('./compare');
const { schema } = require('./schema');

const CALLS_PER_SCHEMA = 20;
const wanted = Number(process.env.PHANTOMDB_DIFF_RUNS ?? 2000);
const seed = process.env.PHANTOMDB_DIFF_SEED ? Number(process.env.PHANTOMDB_DIFF_SEED) : undefined;

describe('the answers of PhantomDB and of Sequelize on SQLite', () => {
  test(
    `are the same, in about ${wanted} random calls`,
    async () => {
      const property = fc.asyncProperty(schema, rows, calls(CALLS_PER_SCHEMA), compareAll);
      await fc.assert(property, { numRuns: Math.ceil(wanted / (CALLS_PER_SCHEMA * 1.5)), seed });
      // A generator that mostly makes mistakes would compare nothing.
      expect(counts.calls).toBeGreaterThan(wanted * 0.5);
      expect(counts.bothFailed / counts.calls).toBeLessThan(0.2);
      expect(counts.theirsFailed / counts.calls).toBeLessThan(0.05);
    },
    Math.max(120_000, wanted * 100),
  );
});
