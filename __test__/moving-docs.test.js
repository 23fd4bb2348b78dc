// The application of docs/moving-from.md prints the same with sqlite3 and with PhantomDB.

const fs = require('node:fs');
const path = require('node:path');

const { filesOf } = require('./helpers/markdown');
const { Project } = require('./helpers/project');

const root = path.join(__dirname, '..');
const text = fs.readFileSync(path.join(root, 'docs', 'moving-from.md'), 'utf8');
const { 'app.js': app } = filesOf(text);
const [, before, after] = text.match(/^-(const sequelize = new Sequelize\(\{ dialect: 'sqlite'.*)\n\+(.*)$/m);

const EXPECTED = `[ { year: '2025', total: 30 }, { year: '2026', total: 21 } ]
[
  { what: 'placed', orderId: 2 },
  { what: 'placed', orderId: 3 },
  { what: 'doubled', orderId: 3 }
]
[ 'Ann 2025-12-31T23:00:00.000Z', 'Cid 2026-03-01T00:00:00.000Z' ]
[ 'what TEXT', 'orderId INTEGER' ]
`;

async function run(code) {
  const project = new Project();
  try {
    project.write({ 'app.js': code });
    return await project.run(['app.js']);
  } finally {
    project.remove();
  }
}

test('the application that moved works', async () => {
  expect(app).toContain(after);
  expect(await run(app)).toEqual({ code: 0, output: EXPECTED });
  const inMemory = app.replace('file:./data', 'memory:');
  expect(await run(inMemory)).toEqual({ code: 0, output: EXPECTED });
}, 60_000);

test('the application did the same before', async () => {
  const driver = JSON.stringify(require.resolve('sqlite3'));
  const original = before.replace("dialect: 'sqlite'", `dialect: 'sqlite', dialectModule: require(${driver})`);
  expect(await run(app.replace(after, original))).toEqual({ code: 0, output: EXPECTED });
}, 60_000);

test('without the option it fails, and the message names it', async () => {
  const { code, output } = await run(app.replace(', { native: true }', ''));
  expect(code).not.toBe(0);
  expect(output).toMatch(/send it with the option \{ native: true \}\n/);
  expect(output).toContain('CREATE TRIGGER');
}, 60_000);
