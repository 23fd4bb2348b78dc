// Checks the tarball of the main package.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { targets } from '../../scripts/dist/targets.mjs';

const read = (tarball, name) => execFileSync('tar', ['xzOf', tarball, `package/${name}`], { encoding: 'utf8' });

/** The links of a page to files, as paths in the package. */
function linksOf(tarball, page) {
  const links = [...read(tarball, page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link]) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link)).map((link) => path.posix.join(path.posix.dirname(page), link));
}

/** Throws what is wrong with the fields of package.json. */
function checkManifest(manifest) {
  const { name, version, optionalDependencies } = manifest;
  const expected = Object.fromEntries(targets.map((target) => [`${name}-${target.name}`, version]));
  if (JSON.stringify(optionalDependencies) !== JSON.stringify(expected)) {
    throw new Error(`optionalDependencies are ${JSON.stringify(optionalDependencies)}`);
  }
  // npm would run scripts of these names at a user's, or ask for leave to.
  const present = ['scripts', 'devDependencies', 'dependencies'].filter((field) => field in manifest);
  if (present.length > 0) throw new Error(`package.json has ${present.join(' and ')}`);
  const missing = ['repository', 'homepage', 'bugs', 'keywords', 'author', 'engines', 'license'].filter(
    (field) => !(field in manifest),
  );
  if (missing.length > 0) throw new Error(`package.json has no ${missing.join(' and no ')}`);
}

/** Throws what is wrong with the tarball. */
export function checkPackage(tarball) {
  const list = execFileSync('tar', ['tzf', tarball], { encoding: 'utf8' }).split('\n');
  const files = new Set(list.map((name) => name.replace(/^package\//, '')));
  checkManifest(JSON.parse(read(tarball, 'package.json')));
  const sources = [
    ...['Cargo.toml', 'Cargo.lock', '.cargo/config.toml', 'build.rs', 'src/lib.rs', 'crates/sql/Cargo.toml'],
    ...['crates/server/build.rs', 'console/dist/index.html.gz'],
  ];
  const pages = [...files].filter((name) => name.endsWith('.md') && !name.startsWith('crates/'));
  const wanted = ['LICENSE', 'CHANGELOG.md', ...sources, ...pages.flatMap((page) => linksOf(tarball, page))];
  const missing = wanted.filter((name) => !files.has(name));
  if (missing.length > 0) throw new Error(`not in the package: ${[...new Set(missing)].join(', ')}`);
}
