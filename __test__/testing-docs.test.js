'use strict';

// The files of docs/testing.md in a project of its own, run by Jest as a user would.

const fs = require('node:fs');
const path = require('node:path');

const { applyDiff, codeBlocks } = require('./helpers/markdown');
const { Project } = require('./helpers/project');

const root = path.join(__dirname, '..');
const jestBin = require.resolve('jest/bin/jest');

/** Tests that fail when one meets what another has done. */
const TESTS = `
const { sequelize, User } = require('./database');
const names = async () => (await User.findAll({ order: ['id'] })).map(({ name }) => name);
for (let i = 0; i < 3; i++) {
  test('begins with the seed ' + i, async () => {
    expect(await names()).toEqual(['Ada', 'Grace']);
    expect(await User.create({ name: 'Alan' })).toMatchObject({ id: 3 });
    await User.destroy({ where: { name: 'Ada' } });
    await sequelize.getQueryInterface().dropTable('Users');
  });
}
test('leaves a transaction open', async () => {
  const transaction = await sequelize.transaction();
  await User.create({ name: 'Alan' }, { transaction });
});
test('is not held up by it', async () => {
  await User.create({ name: 'Alan' });
  expect(await names()).toEqual(['Ada', 'Grace', 'Alan']);
});
`;

async function runJest(files) {
  const project = new Project();
  try {
    project.write({
      'package.json': JSON.stringify({ name: 'documented' }),
      'test/one.test.js': TESTS,
      'test/two.test.js': TESTS,
      'test/three.test.js': TESTS,
      ...files,
    });
    const { code, output } = await project.run([jestBin, '--maxWorkers=2', '--no-cache', '--testTimeout=20000'], {
      NODE_ENV: 'test',
    });
    expect(output).toContain('Tests:       15 passed, 15 total');
    expect(output).not.toContain('did not exit');
    expect(code).toBe(0);
    return output;
  } finally {
    project.remove();
  }
}

const blocks = codeBlocks(fs.readFileSync(path.join(root, 'docs', 'testing.md'), 'utf8'));
const first = (name) => blocks.find(({ file }) => file === name).code;
const last = (name) => blocks.findLast(({ file }) => file === name).code;

test('the set-up of docs/testing.md gives each test the seed', async () => {
  await runJest(
    Object.fromEntries(['jest.config.js', 'test/database.js', 'test/setup.js'].map((name) => [name, first(name)])),
  );
}, 120_000);

test('the set-up of docs/testing.md with one seed for the whole run does so too', async () => {
  const names = ['jest.config.js', 'test/setup.js', 'test/global-setup.js', 'test/global-teardown.js'];
  const { code: diff } = blocks.find(({ patch }) => patch === 'test/database.js');
  await runJest({
    ...Object.fromEntries(names.map((name) => [name, last(name)])),
    'test/database.js': applyDiff(first('test/database.js'), diff),
  });
}, 120_000);
