// The same raw SQL on `memory:` and on PostgreSQL, and the same answers: values with their types, and the codes of errors.
// The statements are made from the table of functions and operators, so each of its rows is tried. `npm test` runs a few
// thousand statements, the same each time; PHANTOMDB_DIFF_RUNS=100000 runs so many new ones, PHANTOMDB_DIFF_SEED repeats a run,
// PHANTOMDB_DIFF_NOTES=1 says how often each rule of left-out.js explained a difference. A difference prints the seed and the
// smallest statement that shows it.

const { Connection } = require('../../driver/connection.js');
const { startOverPostgres } = require('../helpers/engines.js');
const { Engines, Side } = require('./sql/engines');
const { explain } = require('./sql/left-out');
const { Random } = require('./sql/random');
const { shrink } = require('./sql/shrink');
const { signatures } = require('./sql/signatures');
const { Statements } = require('./sql/statements');
const tables = require('./sql/tables');

const { PHANTOMDB_DIFF_RUNS, PHANTOMDB_DIFF_SEED, PHANTOMDB_DIFF_NOTES } = process.env;

const asked = Number(PHANTOMDB_DIFF_RUNS);
const count = asked || 2500;
const SEED = 13;
const seed = PHANTOMDB_DIFF_SEED ? Number(PHANTOMDB_DIFF_SEED) : asked ? Date.now() % 1_000_000 : SEED;
/** So many statements travel together. */
const TOGETHER = 100;
/** So many differences are made small and shown. */
const SHOWN = 10;
/** From so many on, each row of the table has had an answer that is no error. */
const COVERS_ALL = 50_000;

const DIFFERENT = ['codes', 'fails', 'lax', 'wrong', 'types'];
const shown = ({ code, message, text, types }) => (code ? `${code}: ${message}` : `${text.slice(0, 500)} (${types})`);

function report({ sql, verdict, mine, theirs }) {
  return [`${verdict}: ${sql}`, `  memory:     ${shown(mine)}`, `  PostgreSQL: ${shown(theirs)}`].join('\n');
}

/** Runs statements, and notes what came of them. */
class Run {
  counts = {};
  explained = new Map();
  differences = [];
  answered = new Set();

  constructor(engines, statements) {
    this.engines = engines;
    this.statements = statements;
  }

  async all() {
    for (let first = 0; first < count && this.differences.length < SHOWN; first += TOGETHER) {
      const list = Array.from({ length: TOGETHER }, (_, index) => this.statements.next(first + index));
      const answers = await Promise.all(list.map((statement) => this.engines.ask(statement)));
      for (const answer of answers) await this.#note(answer);
    }
  }

  async #note(answer) {
    const { verdict, mine, signature } = answer;
    const kind = verdict === 'same' && mine.code ? 'both failed' : verdict;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (kind === 'same' && signature) this.answered.add(signature.row);
    if (!DIFFERENT.includes(verdict)) return;
    const rule = await explain(this.engines, answer);
    if (rule) this.explained.set(rule, (this.explained.get(rule) ?? 0) + 1);
    else {
      const isExplained = async (other) => (await explain(this.engines, other)) !== undefined;
      this.differences.push(report(await shrink(this.engines, answer, isExplained)));
    }
  }
}

test(
  `${count} statements answer alike on memory: and on PostgreSQL`,
  async () => {
    const server = await startOverPostgres();
    const connections = [new Connection('memory:', '{}'), new Connection(server.url, '{}')];
    const [mine, theirs] = connections.map((connection, index) => {
      return new Side(index ? 'PostgreSQL' : 'memory:', connection, `statements_${process.pid}`);
    });
    const engines = new Engines(mine, theirs);
    const random = new Random(seed);
    const rows = signatures();
    try {
      await engines.setUp(tables.statements(random));
      const run = new Run(engines, new Statements(random, rows));
      await run.all();
      if (PHANTOMDB_DIFF_NOTES) console.log(run.counts, run.explained);
      const found = run.differences.length ? `with PHANTOMDB_DIFF_SEED=${seed}\n${run.differences.join('\n')}` : '';
      expect(found).toBe('');
      // A generator that mostly makes mistakes would compare nothing.
      expect(run.counts.same).toBeGreaterThan(count * 0.6);
      expect(run.counts.unsupported).toBeLessThan(count * 0.02);
      if (count >= COVERS_ALL) {
        expect(rows.map(({ row }) => row).filter((row) => !run.answered.has(row))).toEqual([]);
      }
    } finally {
      await engines.tearDown();
      await Promise.all(connections.map((connection) => connection.close()));
      await server.stop();
    }
  },
  Math.max(120_000, count * 100),
);
