'use strict';

// docs/bundlers.md with esbuild: what works when both packages are external, and what is said when they are not.

const path = require('node:path');

const { build } = require('esbuild');

const { Project } = require('./helpers/project.js');

jest.setTimeout(60_000);

const BOTH = ['sequelize', 'phantomdb-sequelize'];
/** Drivers that Sequelize names and that are not installed. */
const DRIVERS = ['pg-hstore', 'sqlite3', 'tedious', 'mysql2', 'mariadb', 'ibm_db', 'snowflake-sdk', 'oracledb', 'pg'];

let project;
beforeAll(() => {
  project = new Project();
  const run = `
    const sequelize = new Sequelize({ database: 'app', dialect: new PhantomDBDialect('memory:'), logging: false });
    sequelize.query('SELECT 1 AS one').then(([rows]) => console.log(rows[0].one));`;
  project.write({
    // Without the lines of the bundle that Node prints beside an error.
    'app.cjs': `try {
      const { Sequelize } = require('sequelize');
      const { PhantomDBDialect } = require('phantomdb-sequelize');${run}
    } catch (error) {
      console.log(error.message);
      process.exitCode = 1;
    }`,
    'app.mjs': `import { Sequelize } from 'sequelize';
      import { PhantomDBDialect } from 'phantomdb-sequelize';${run}`,
  });
});
afterAll(() => project.remove());

/** Runs a bundle in which everything is but the packages that are external. */
async function runBundle(entry, external, options = {}) {
  const outfile = project.at('dist', 'deep', entry);
  await build({
    entryPoints: [project.at(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: entry.endsWith('.mjs') ? 'esm' : 'cjs',
    external: [...external, ...DRIVERS],
    logLevel: 'silent',
    ...options,
  });
  return project.run([path.join('dist', 'deep', entry)]);
}

test.each(['app.cjs', 'app.mjs'])('%s runs with both packages external', async (entry) => {
  expect(await runBundle(entry, BOTH)).toEqual({ code: 0, output: '1\n' });
});

test.each([false, true])('a bundle with both inside says which setting is missing (minified: %s)', async (minify) => {
  const { code, output } = await runBundle('app.cjs', [], { minify });
  expect(code).toBe(1);
  expect(output).toContain('This code is in a bundle, which cannot hold an addon.');
  expect(output).toContain("serverExternalPackages: ['sequelize', 'phantomdb-sequelize']");
});

test.each([false, true])('a bundle with Sequelize inside says so (minified: %s)', async (minify) => {
  const { code, output } = await runBundle('app.cjs', ['phantomdb-sequelize'], { minify });
  expect(code).toBe(1);
  expect(output).toContain('keep sequelize and phantomdb-sequelize out of bundles, see docs/bundlers.md');
});
