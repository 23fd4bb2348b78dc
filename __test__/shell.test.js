'use strict';

// The commands of `npx phantomdb` that look into databases, through Node. crates/server/tests/shell has the rest, through
// the program without Node.

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

jest.setTimeout(600_000);

const program = path.join(__dirname, '..', 'bin', 'phantomdb.js');
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-shell-'));
const environment = { ...process.env, XDG_STATE_HOME: directory, PHANTOMDB_PAGER: '', TERM: 'xterm' };
delete environment.PHANTOMDB_URL;

function phantomdb(args, input = '') {
  const options = { encoding: 'utf8', input, env: environment };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { status, stdout, stderr };
}

beforeAll(() => {
  expect(phantomdb(['databases', 'create', 'shop', directory])).toEqual({ status: 0, stdout: '', stderr: '' });
  const sql = `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, "userId" INTEGER REFERENCES users (id));
    INSERT INTO users VALUES (1, 'Ada'), (2, '日本')`;
  expect(phantomdb(['sql', directory], sql)).toEqual({ status: 0, stdout: '', stderr: '' });
});

afterAll(() => fs.rmSync(directory, { recursive: true }));

test('a script reads rows as CSV and as JSON', () => {
  const select = ['sql', directory, '-c', 'SELECT * FROM users ORDER BY id', '--format'];
  expect(phantomdb([...select, 'csv']).stdout).toBe('id,name\n1,Ada\n2,日本\n');
  expect(JSON.parse(phantomdb([...select, 'json']).stdout)).toEqual([
    { id: 1, name: 'Ada' },
    { id: 2, name: '日本' },
  ]);
});

test('the exit code says what is wrong', () => {
  const status = (...args) => phantomdb(args).status;
  expect(status('sql', directory, '-c', 'SELECT nothing')).toBe(1);
  expect(status('sql', '--format', 'xml')).toBe(2);
  expect(status('sql', 'http://127.0.0.1:1', '-c', 'SELECT 1')).toBe(3);
});

test('the schema is written as Sequelize models', () => {
  // A migration leaves this database behind.
  phantomdb(['databases', 'create', 'phantomdb_locks', directory]);
  const all = phantomdb(['schema', directory, '--format', 'sequelize']);
  expect(all).toMatchObject({ status: 0, stderr: '' });
  expect(all.stdout).toMatch(/^\/\/ Order\.js$/m);
  expect(all.stdout).toContain("sequelize.define(\n    'User'");
  expect(all.stdout).toMatch(/Order\.belongsTo\(User/);
  const one = phantomdb(['schema', directory, '--format=sequelize', '--table', 'us*', '-d', 'shop']).stdout;
  expect(one).not.toContain("'Order'");
  phantomdb(['databases', 'drop', 'phantomdb_locks', directory, '--yes']);
  expect(phantomdb(['schema', '/nowhere', '--format', 'sequelize', '-d', 'a'])).toMatchObject({ status: 1 });
  expect(phantomdb(['schema', directory, 'more', '--format', 'sequelize'])).toMatchObject({ status: 2 });
});

test('the other formats of the schema are the ones of the server', () => {
  expect(phantomdb(['schema', directory, '--format', 'mermaid']).stdout).toMatch(/^erDiagram\n/);
});

const hasScript = spawnSync('script', ['--version']).status === 0;
const onTerminal = hasScript ? test : test.skip;

/** Runs a command at a pseudo-terminal, which `script` of util-linux makes. */
function atTerminal(args, variables = {}) {
  const words = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
  // A shell that stays would get the Ctrl-C too, and dash ends by it, when the command has ended.
  const child = spawn('script', ['--quiet', '--return', '--command', `exec ${words}`, '/dev/null'], {
    env: { ...environment, SHELL: '/bin/sh', ...variables },
  });
  let shown = '';
  let seen = 0;
  child.stdout.on('data', (chunk) => {
    shown += chunk;
  });
  const exited = once(child, 'exit');
  // The shell may have ended already, and then nobody reads what is typed.
  child.stdin.on('error', () => {});
  return {
    type: (text) => child.stdin.write(text),
    exited,
    /** Waits until the terminal shows a text, after what was waited for before. */
    async shows(text) {
      for (;;) {
        const at = shown.indexOf(text, seen);
        if (at >= 0) {
          seen = at + text.length;
          return;
        }
        await Promise.race([once(child.stdout, 'data'), exited.then(() => Promise.reject(new Error(shown)))]);
      }
    },
  };
}

/** Types the keys again and again, until what is expected happens. */
async function typeUntil(terminal, keys, expected) {
  terminal.type(keys);
  const typing = setInterval(() => terminal.type(keys), 500);
  return expected.finally(() => clearInterval(typing));
}

/** Presses Ctrl-D until the shell has ended, and gives its exit code. */
async function leave(terminal) {
  const [exitCode] = await typeUntil(terminal, '\u0004', terminal.exited);
  return exitCode;
}

onTerminal('a long result goes through the pager, which has the terminal', async () => {
  const terminal = atTerminal(['sql', directory], { PHANTOMDB_PAGER: 'sed s/^/paged:/' });
  await terminal.shows('shop> ');
  terminal.type('SELECT i FROM generate_series(1, 600) AS s(i);\r');
  await terminal.shows('paged: 600');
  await terminal.shows('shop> ');
  expect(await leave(terminal)).toBe(0);
});

onTerminal('Ctrl-C stops the statement, and the prompt goes on', async () => {
  const terminal = atTerminal(['sql', directory]);
  await terminal.shows('shop> ');
  terminal.type('WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\r');
  await terminal.shows('FROM n;');
  // Nothing says when the statement is under way, and before that Ctrl-C only empties the line.
  await typeUntil(terminal, '\u0003', terminal.shows('the statement was cancelled'));
  await terminal.shows('shop> ');
  // A last Ctrl-C may drop what is typed behind it. Ctrl-U empties the line.
  await typeUntil(terminal, '\u0015SELECT 6 * 7 AS answer;\r', terminal.shows('42'));
  await terminal.shows('shop> ');
  expect(await leave(terminal)).toBe(0);
});
