const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { types, wireTypes } = require('../driver/type-table.js');

const read = (file) => fs.readFileSync(path.join(__dirname, '..', file), 'utf8');

test('index.d.ts compiles with Sequelize, and refuses what is wrong', () => {
  const tsc = require.resolve('typescript/bin/tsc');
  const project = path.join(__dirname, 'types', 'tsconfig.json');
  expect(execFileSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' })).toBe('');
}, 60_000);

test('schema.d.ts has every wire type of the table of data types, and no other', () => {
  const [, union] = /export type PhantomDBWireType =([^;]+);/.exec(read('schema.d.ts'));
  expect(Array.from(union.matchAll(/'(\w+)'/g), ([, name]) => name).sort()).toEqual([...wireTypes].sort());
});

describe('docs/types.md', () => {
  const text = read('docs/types.md').replace(/\s+/g, ' ');
  const rows = read('docs/types.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const hasWord = (cell, word) => new RegExp(`\`${word.replace(/[()]/g, '\\$&')}[\`(]`).test(cell);

  test.each(types.map((type) => [type.name, type]))('has a row for %s', (name, type) => {
    const row = rows.find(([, , sql]) => hasWord(sql, name));
    expect(row).toBeDefined();
    const [, sequelize, , , , postgres] = row;
    expect(type.sequelize.filter((key) => !hasWord(sequelize, key))).toEqual([]);
    expect(hasWord(postgres, type.postgres)).toBe(true);
  });

  test.each(types.map((type) => [type.name, type]))('has the other names of %s', (_name, type) => {
    expect(type.synonyms.filter((synonym) => !text.includes(`\`${synonym}\``))).toEqual([]);
  });
});
