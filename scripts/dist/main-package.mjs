// The main package: JavaScript in few files, types, documentation, and the sources that `phantomdb build-addon` compiles.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { bundle } from './bundle.mjs';
import { targets } from './targets.mjs';

/** What a user of the package has no use for. */
const OF_CLONES = ['scripts', 'devDependencies', 'devEngines', 'jest', 'napi', 'allowScripts', 'files'];

/** What is copied as it is. */
const COPIED = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'docs', 'examples', 'deploy'];

/** What cargo reads. Tests stay out, but for the one that a manifest names. */
const SOURCES = ['Cargo.toml', 'Cargo.lock', 'build.rs', '.cargo', 'src', 'crates'];
/** What is built before it is packed, and what git therefore ignores: the console, which the server holds. */
const BUILT = 'console/dist';
const isTest = (file) =>
  /(^|\/)(tests|proptest-regressions)\//.test(file)
    ? !/\/tests\/contract\.rs$/.test(file)
    : /\.tsv$|answers\.txt$/.test(file);

/** The files under some paths of the clone, without those that git ignores. */
function filesUnder(root, names) {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--', ...names];
  const files = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  return files.filter((name) => name !== '' && fs.existsSync(path.join(root, name)));
}

/** The values of `exports`, however deep. */
function exported(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(exported);
}

/** package.json as it is published: with the addons, and without what serves a clone. */
function published(manifest) {
  const kept = Object.entries(manifest).filter(([name]) => !OF_CLONES.includes(name));
  const addons = targets.map(({ name }) => [`${manifest.name}-${name}`, manifest.version]);
  return { ...Object.fromEntries(kept), optionalDependencies: Object.fromEntries(addons) };
}

/** Writes the package into `folder`. */
export async function writeMainPackage(root, folder) {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const named = [...exported(manifest.exports), ...Object.values(manifest.bin), manifest.types];
  const files = [...new Set(named.map((name) => path.posix.normalize(name)))].filter((name) => name !== 'package.json');
  const scripts = files.filter((name) => name.endsWith('.js'));
  const types = fs.readdirSync(root).filter((name) => /\.d\.m?ts$/.test(name));

  for (const script of scripts) {
    await bundle(root, script, scripts, folder);
  }
  const copied = [...files.filter((name) => !scripts.includes(name)), ...types, ...COPIED];
  const sources = filesUnder(root, SOURCES).filter((name) => !isTest(name));
  const built = fs.readdirSync(path.join(root, BUILT)).map((name) => `${BUILT}/${name}`);
  for (const name of [...filesUnder(root, copied), ...sources, ...built]) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.copyFileSync(path.join(root, name), path.join(folder, name));
  }
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(published(manifest), null, 2)}\n`);
}
