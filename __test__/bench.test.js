'use strict';

// The benchmark of the calls beside other databases (bench/run.mjs): it measures what it says, finds wrong answers, and its
// tables and charts show its figures.

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { promisify } = require('node:util');

const { CONTESTANTS, COLUMNS } = require('../bench/suite/contestants');
const { chartsOf } = require('../bench/suite/charts');
const { fill, fillReadme } = require('../bench/suite/pages');
const { ROWS } = require('../bench/suite/rows');
const { CASES } = require('../bench/suite/cases');
const { GROWTH_CASES, SERIES } = require('../bench/suite/growth-cases');
const { select } = require('../bench/suite/selection');
const { cellsOf, failuresOf, microsOf, missesOf, tablesOf } = require('../bench/suite/tables');

const root = path.join(__dirname, '..');
const run = promisify(execFile);

jest.setTimeout(120_000);

let folder;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-bench-test-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe('a run', () => {
  test('measures the rows and columns that were named, and writes them down', async () => {
    const options = ['--round-ms', '2', '--rounds', '1', '--out', folder];
    const { stdout } = await run(process.execPath, ['bench/run.mjs', 'memory', 'update', 'upsert', ...options], {
      cwd: root,
    });
    const { rows, growth, isWhole } = JSON.parse(fs.readFileSync(path.join(folder, 'results.json'), 'utf8'));
    expect(Object.keys(rows)).toEqual(['update', 'upsert']);
    for (const row of Object.values(rows)) {
      expect(Object.keys(row).sort()).toEqual(['PhantomDB memory:', 'sqlite3 in memory']);
      for (const figures of Object.values(row)) {
        expect(figures).toEqual({ wall: expect.any(Number), cpu: expect.any(Number) });
        expect(figures.wall).toBeGreaterThan(0);
      }
    }
    expect({ growth, isWhole }).toEqual({ growth: {}, isWhole: false });
    expect(stdout).toMatch(/^\| update +\|/m);
    expect(fs.readFileSync(path.join(folder, 'ratios.svg'), 'utf8')).toContain('upsert');
  });

  test('of a part is refused by the documentation', async () => {
    fs.writeFileSync(path.join(folder, 'results.json'), '{"isRelease":true,"isWhole":false}');
    const docs = run(process.execPath, ['bench/docs.mjs', folder], { cwd: root });
    await expect(docs).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('figures of a part') });
  });

  test('ends with 2 when a word names nothing', async () => {
    const wrong = run(process.execPath, ['bench/run.mjs', 'findByFk'], { cwd: root });
    await expect(wrong).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('"findByFk" names no part') });
  });
});

describe('a contestant', () => {
  // Node's own `import()`, because Jest would need a flag for its own.
  const measure = (contestant, name, size) => {
    const script =
      `import(${JSON.stringify(path.join(root, 'bench/suite/sides.mjs'))}).then(async ({ startSide }) => {` +
      `const side = await startSide(${JSON.stringify(contestant)}, ${JSON.stringify(name)}, ${size});` +
      `try { await side.slice(5); console.log(JSON.stringify(await side.slice(5))); await side.stop(); } catch (error) { console.log(error.message); await side.kill(); } })`;
    return run(process.execPath, ['-e', script]);
  };

  test('that answers wrong fails', async () => {
    // The driver that answers at once stores the first row only.
    const { stdout } = await measure({ ...CONTESTANTS['a driver that answers at once'], unchecked: false }, 'create');
    expect(stdout).toMatch(/Expected values to be strictly equal/);
  });

  test('that needs no database for its answers is measured when nobody checks them', async () => {
    const { stdout } = await measure(CONTESTANTS['a driver that answers at once'], 'create');
    expect(JSON.parse(stdout)).toMatchObject({ wall: expect.any(Number), cpu: expect.any(Number) });
  });

  test.each(Object.keys(GROWTH_CASES))('gives right answers while %s grow', async (series) => {
    const { stdout } = await measure(CONTESTANTS['PhantomDB memory:'], series, SERIES[series].sizes[0]);
    const { calls, resident, latencies } = JSON.parse(stdout);
    expect(calls).toBeGreaterThan(0);
    expect(resident).toBeGreaterThan(1_000_000);
    expect(Array.isArray(latencies)).toBe(series === 'callers');
  });
});

test('each row and each series has a case', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(ROWS).sort());
  expect(Object.keys(GROWTH_CASES)).toEqual(Object.keys(SERIES));
});

describe('words', () => {
  test('name columns and rows', () => {
    const { rows, series, starts, contestants, growing } = select(['http', 'findByPk']);
    expect(rows).toEqual(['findByPk']);
    expect({ series, starts }).toEqual({ series: [], starts: false });
    expect(contestants).toEqual(['PhantomDB http://, SQLite', 'pg']);
    expect(growing).toEqual(contestants);
  });

  test('name a row by a part of its name', () => {
    expect(select(['include']).rows).toEqual(Object.keys(ROWS).filter((name) => name.includes('include')));
  });

  test('name a growth', () => {
    expect(select(['growth-rows'])).toMatchObject({ rows: [], series: ['rows'], starts: false });
  });

  test('that are missing mean everything', () => {
    const everything = select([]);
    expect(everything.rows).toEqual(Object.keys(ROWS));
    expect(everything.contestants).toEqual(Object.keys(CONTESTANTS));
    expect(everything.starts).toBe(true);
  });
});

describe('tables', () => {
  const result = (wall) => ({ wall, cpu: wall / 2 });
  const point = (size, wall, figures) => ({
    size,
    wall,
    cpu: wall,
    perUnit: wall / size,
    client: 2 ** 20,
    server: 0,
    ...figures,
  });
  const results = {
    rows: {
      create: { 'PhantomDB memory:': result(100), 'sqlite3 in memory': result(500) },
      update: { 'PhantomDB memory:': result(1_500), 'sqlite3 in memory': result(3_000) },
      findByPk: { 'PhantomDB memory:': { error: 'the answer is wrong' }, 'sqlite3 in memory': result(1) },
      'count of 10,000 rows': { 'PhantomDB memory:': result(2_000_000), 'sqlite3 in memory': result(1_000_000) },
    },
    growth: {
      rows: { 'PhantomDB memory:': [point(1_000, 1_000), point(10_000, 9_000), point(100_000, 180_000)] },
      callers: { 'PhantomDB memory:': [point(64, 640, { median: 10, p999: 250 })] },
    },
  };
  const tables = tablesOf(results);

  test('show the ratio beside its target, and a target that is met in bold', () => {
    expect(cellsOf(tables.ratios)).toEqual([
      ['times as fast as the peer', COLUMNS.memory.title],
      ['create', '**5** of 5'],
      ['update', '2 of 6'],
      ['findByPk', 'fails'],
      ['count of 10,000 rows', '0.5'],
    ]);
  });

  test('show times with their unit', () => {
    expect(
      cellsOf(tables.times)
        .slice(1)
        .map(([, ours]) => ours),
    ).toEqual(['100 us', '1.5 ms', 'fails', '2 s']);
    expect(['100 us', '1.5 ms', '2 s', 'fails'].map(microsOf)).toEqual([100, 1_500, 2_000_000, undefined]);
  });

  test('show the worst growth beside proportion', () => {
    expect(cellsOf(tables.proportion)[1]).toEqual(['rows of an answer', '2']);
  });

  test('name what was missed and what failed', () => {
    expect(missesOf(results)).toEqual([
      'update, memory: 2 of 6',
      '64 callers (PhantomDB memory:): one call in a thousand takes 25 times the median, not under 20',
      'rows of an answer (PhantomDB memory:): 2 times as long as in proportion',
    ]);
    expect(failuresOf(results)).toEqual([
      { name: 'PhantomDB memory:', text: 'findByPk, PhantomDB memory:: the answer is wrong' },
    ]);
  });

  test('become charts, with a point for each figure', () => {
    const charts = chartsOf(tables);
    expect(Object.keys(charts)).toEqual(['ratios', 'rows', 'callers']);
    expect(charts.rows.match(/<polyline/g)).toHaveLength(2);
    expect(charts.rows.match(/points="([^"]*)"/)[1].split(' ')).toHaveLength(3);
    expect(charts.ratios.match(/class="target"/g)).toHaveLength(2);
  });

  test('fill the marks of a page, and refuse a page that lacks one', () => {
    const page = 'a\n\n<!-- figures: ratios -->\n\nold\n\n<!-- end -->\n\nb\n';
    const filled = fill(page, { ratios: tables.ratios });
    expect(filled).toBe(`a\n\n<!-- figures: ratios -->\n\n${tables.ratios}\n\n<!-- end -->\n\nb\n`);
    expect(fill(filled, { ratios: tables.ratios })).toBe(filled);
    expect(() => fill(page, {})).toThrow('no figures for ratios');
    expect(() => fill(page, { ratios: 'x', times: 'y' })).toThrow('no marks for times');
  });

  test('fill the rows of the README, and leave the others', () => {
    const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8');
    const filled = fillReadme(readme, { '`create`': ['1 us', '2 us', '3 us', '4 us'] });
    expect(filled).toMatch(/^\| `create` +\| 1 us +\| 2 us +\| 3 us +\| 4 us +\|$/m);
    expect(filled.split('\n')).toHaveLength(readme.split('\n').length);
    expect(filled).toContain("PostgreSQL's");
  });
});

test('docs/performance.md has a mark for each table of a whole run', () => {
  const page = fs.readFileSync(path.join(root, 'docs/performance.md'), 'utf8');
  const marks = Array.from(page.matchAll(/<!-- figures: ([\w-]+) -->/g), ([, name]) => name);
  const row = Object.fromEntries(Object.keys(CONTESTANTS).map((name) => [name, { wall: 1, cpu: 1 }]));
  const point = { size: 1, wall: 1, cpu: 1, perUnit: 1, client: 1, server: 1, median: 1, p999: 1 };
  const whole = {
    rows: Object.fromEntries(Object.keys(ROWS).map((name) => [name, row])),
    growth: Object.fromEntries(Object.keys(SERIES).map((series) => [series, { pg: [point] }])),
    starts: { pg: { wall: 1, cpu: 1 } },
  };
  const tables = tablesOf(whole);
  const charts = Object.keys(chartsOf(tables)).map((name) => `${name}-chart`);
  expect(marks.sort()).toEqual([...Object.keys(tables), ...charts, 'machine', 'misses', 'failures'].sort());
});
