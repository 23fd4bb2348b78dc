const { execFileSync } = require('node:child_process');
const path = require('node:path');

test('index.d.ts compiles with Sequelize, and refuses what is wrong', () => {
  const tsc = require.resolve('typescript/bin/tsc');
  const project = path.join(__dirname, 'types', 'tsconfig.json');
  expect(execFileSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' })).toBe('');
}, 60_000);
