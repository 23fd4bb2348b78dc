'use strict';

// The files of docs/testing.md in a project of its own, run by Jest as a user would.

const fs = require('node:fs');
const path = require('node:path');

const { Project } = require('./helpers/project');

const root = path.join(__dirname, '..');
const jestBin = require.resolve('jest/bin/jest');

/** The code blocks that are named `<!-- file: NAME -->`. */
function filesOf(document) {
  const text = fs.readFileSync(path.join(root, 'docs', document), 'utf8');
  return Object.fromEntries(
    [...text.matchAll(/<!-- file: (\S+) -->\s+```js\n(.*?)```/gs)].map(([, name, code]) => [name, code]),
  );
}

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

async function runJest(files, config) {
  const project = new Project();
  try {
    project.write({
      'package.json': JSON.stringify({ name: 'documented', jest: { testTimeout: 20_000, ...config } }),
      'test/one.test.js': TESTS,
      'test/two.test.js': TESTS,
      'test/three.test.js': TESTS,
      ...files,
    });
    const { code, output } = await project.run([jestBin, '--maxWorkers=2', '--no-cache'], { NODE_ENV: 'test' });
    expect(output).toContain('Tests:       15 passed, 15 total');
    expect(output).not.toContain('did not exit');
    expect(code).toBe(0);
    return output;
  } finally {
    project.remove();
  }
}

const documented = filesOf('testing.md');

test('the set-up of docs/testing.md gives each test the seed', async () => {
  const { 'database.js': database, 'setup.js': setup } = documented;
  await runJest(
    { 'test/database.js': database, 'test/setup.js': setup },
    { setupFilesAfterEnv: ['<rootDir>/test/setup.js'] },
  );
}, 120_000);

test('the set-up of docs/testing.md with one seed for the whole run does so too', async () => {
  const plain = "new PhantomDBDialect('memory:')";
  const templated = "new PhantomDBDialect('memory:', { template: process.env.TEST_TEMPLATE })";
  expect(fs.readFileSync(path.join(root, 'docs', 'testing.md'), 'utf8')).toContain(templated);
  await runJest(
    {
      'test/database.js': documented['database.js'].replace(plain, templated),
      'test/setup.js': documented['setup-with-template.js'],
      'test/global-setup.js': documented['global-setup.js'],
      'test/global-teardown.js': documented['global-teardown.js'],
    },
    {
      globalSetup: '<rootDir>/test/global-setup.js',
      globalTeardown: '<rootDir>/test/global-teardown.js',
      setupFilesAfterEnv: ['<rootDir>/test/setup.js'],
    },
  );
}, 120_000);
