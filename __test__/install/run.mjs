// Packs the packages, installs the tarballs into an empty folder outside of the repository, and runs the README's first
// example and a tour there on each Node.
//
//   npm run test:install -- [--nodes 12,20] [--with npm,pnpm,yarn] [--addon FILE | --packages FOLDER]
//
// `--nodes` takes major versions, and `this` for the running one; without it all of node-versions.mjs are used.
// `--with` names the package managers; all but npm install from a registry that this script serves. `--addon` packs another
// addon than the one that was built in this clone, and `--packages FOLDER` packs nothing but takes the tarballs there.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';

import { installWith } from './managers.mjs';
import { nodeOf, VERSIONS } from './node-versions.mjs';
import { checkPackage } from './package.mjs';
import { programs } from './readme.mjs';
import { startRegistry } from './registry.mjs';

const root = path.join(import.meta.dirname, '..', '..');
const TIMEOUT_MS = 180_000;
const execute = promisify(execFile);

const { values } = parseArgs({
  options: {
    nodes: { type: 'string' },
    with: { type: 'string', default: process.env.PHANTOMDB_TEST_INSTALL_WITH ?? 'npm' },
    addon: { type: 'string' },
    packages: { type: 'string' },
  },
});

const counts = { passed: 0, failed: 0 };

/** Runs a program; resolves to what it prints. Fails with all of it when the program fails. */
async function run(program, args, cwd) {
  try {
    const { stdout } = await execute(program, args, { cwd, timeout: TIMEOUT_MS, shell: onWindows(program) });
    return stdout;
  } catch (error) {
    throw new Error(`${[program, ...args].join(' ')}: ${error.message}\n${error.stdout}${error.stderr}`);
  }
}

/** Windows starts the scripts of npm with a shell only. */
const onWindows = (program) => process.platform === 'win32' && program !== process.execPath;

/** Does `work` as one test. */
async function test(name, work) {
  const started = Date.now();
  try {
    await work();
    counts.passed++;
    console.log(`ok   ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    counts.failed++;
    console.log(`FAIL ${name}\n${error.message}`);
  }
}

function equal(found, expected) {
  if (found !== expected) throw new Error(`expected:\n${expected}\nfound:\n${found}`);
}

/** The folder that cargo builds in, which is not in git. */
const cache = path.join(process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'), 'nodes');

function chosenNodes() {
  const wanted = values.nodes?.split(',') ?? VERSIONS.map((version) => version.split('.')[0]);
  return wanted.map((each) => {
    if (each === 'this') return [process.version.slice(1), process.execPath];
    const version = VERSIONS.find((candidate) => candidate.startsWith(`${each}.`));
    if (!version) throw new Error(`--nodes has the versions ${VERSIONS.join(', ')}, and 'this'; not '${each}'.`);
    return [version, nodeOf(version, cache)];
  });
}

/** The tarballs in a folder: the main one, and one with an addon. */
function tarballsIn(folder) {
  const files = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const [main, addon] = [true, false].map((isMain) => files.find((name) => /sequelize-\d/.test(name) === isMain));
  if (!main || !addon) throw new Error(`${folder} needs two tarballs, but has ${files.join(' and ') || 'none'}.`);
  return { main: path.resolve(folder, main), addon: path.resolve(folder, addon) };
}

/** Packs everything; returns the paths of the tarballs. */
async function pack(out) {
  const built = fs.readdirSync(root).filter((name) => name.endsWith('.node'));
  const addon = values.addon ?? path.join(root, built[0] ?? 'phantomdb.node');
  if (!fs.existsSync(addon)) throw new Error(`${addon} is missing: npm run build`);
  await run(process.execPath, ['scripts/dist.mjs', '--addon', path.resolve(addon), '--out', out], root);
  return tarballsIn(out);
}

function checkPackages(tarballs) {
  const bin = (name) => path.join(root, 'node_modules', '.bin', name);
  return Promise.all([
    test('the package has what it names, and no scripts', () => checkPackage(tarballs.main)),
    test('publint finds nothing wrong', () => run(bin('publint'), [tarballs.main, '--strict'], root)),
    test('attw finds nothing wrong', () => run(bin('attw'), [tarballs.main], root)),
  ]);
}

/** Writes the programs of the README and the tour into a folder in which the package is installed. */
function writePrograms(folder, { files }) {
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  fs.copyFileSync(path.join(import.meta.dirname, 'tour.js'), path.join(folder, 'tour.js'));
}

/** Compiles the TypeScript program for the oldest Node, once as CommonJS and once as an ES module. */
async function compile(folder) {
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const strict = [
    '--strict',
    '--skipLibCheck',
    'false',
    '--types',
    'node',
    '--typeRoots',
    path.join(root, 'node_modules', '@types'),
  ];
  fs.copyFileSync(path.join(folder, 'app.ts'), path.join(folder, 'app-module.mts'));
  const files = ['app.ts', 'app-module.mts'];
  await run(
    process.execPath,
    [tsc, ...strict, '--target', 'es2019', '--module', 'nodenext', '--outDir', 'compiled', ...files],
    folder,
  );
}

async function testOn([version, node], folder, { output }) {
  await test(`Node ${version}: CommonJS, ES modules, TypeScript as both, and the tour`, async () => {
    for (const file of ['app.js', 'app.mjs', 'compiled/app.js', 'compiled/app-module.mjs']) {
      equal(await run(node, [file], folder), output);
    }
    fs.rmSync(path.join(folder, `data-v${version}`), { recursive: true, force: true });
    equal(await run(node, ['tour.js'], folder), 'The tour is over.\n');
  });
}

/** Installs with npm as a user does, and measures how long the first row takes. */
async function testWithNpm(base, tarballs, readme) {
  const folder = path.join(base, 'npm');
  fs.mkdirSync(folder);
  const started = Date.now();
  await test('npm install --ignore-scripts, and the first row', async () => {
    await installWith.npm(run, folder, ['sequelize@6', tarballs.main, tarballs.addon]);
    writePrograms(folder, readme);
    equal(await run(process.execPath, ['app.js'], folder), readme.output);
  });
  console.log(`     ${((Date.now() - started) / 1000).toFixed(1)} s from npm install to the first row`);
  await test('TypeScript accepts the example', () => compile(folder));
  for (const node of chosenNodes()) {
    await testOn(node, folder, readme);
  }
}

/** Installs with another package manager, by name, from a registry that has the tarballs. */
async function testWithAnother(manager, base, tarballs, readme) {
  const folder = path.join(base, manager);
  fs.mkdirSync(folder);
  const registry = await startRegistry(Object.values(tarballs));
  try {
    await test(`${manager}: install, CommonJS and ES modules`, async () => {
      const start = await installWith[manager](run, folder, ['sequelize@6', 'phantomdb-sequelize'], registry.url);
      writePrograms(folder, readme);
      for (const file of ['app.js', 'app.mjs']) {
        equal(await run(start[0], [...start.slice(1), file], folder), readme.output);
      }
    });
  } finally {
    await registry.stop();
  }
}

const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-install-')));
try {
  const readme = programs();
  const out = path.join(base, 'packages');
  fs.mkdirSync(out);
  const tarballs = values.packages ? tarballsIn(values.packages) : await pack(out);
  await checkPackages(tarballs);
  for (const manager of values.with.split(',')) {
    if (manager === 'npm') await testWithNpm(base, tarballs, readme);
    else await testWithAnother(manager, base, tarballs, readme);
  }
} finally {
  fs.rmSync(base, { recursive: true, force: true });
}
console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
