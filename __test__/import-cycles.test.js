'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { buildSync } = require('esbuild');

const { rustImports } = require('./helpers/rust-imports');

const root = path.join(__dirname, '..');

/** The files of JavaScript below a folder. */
function filesBelow(folder) {
  const entries = fs.readdirSync(path.join(root, folder), { recursive: true });
  return entries.filter((name) => /\.jsx?$/.test(name)).map((name) => path.join(folder, name));
}

/** The files that each of these files, and of those below them, imports. */
function importsOf(folder, files) {
  const { metafile } = buildSync({
    absWorkingDir: folder,
    bundle: true,
    entryPoints: files,
    external: ['*.node'],
    loader: { '.css': 'empty' },
    logLevel: 'silent',
    metafile: true,
    outdir: 'unused',
    packages: 'external',
    platform: 'node',
    write: false,
  });
  const entries = Object.entries(metafile.inputs);
  return new Map(
    entries.map(([file, { imports }]) => [file, imports.filter((one) => !one.external).map((one) => one.path)]),
  );
}

/** The circles that a walk along the imports meets, each as the files from one to itself. */
function circlesIn(imports) {
  const circles = [];
  const done = new Set();
  const walk = (file, way) => {
    if (way.includes(file)) circles.push([...way.slice(way.indexOf(file)), file]);
    if (done.has(file)) return;
    done.add(file);
    for (const other of imports.get(file) ?? []) walk(other, [...way, file]);
  };
  for (const file of imports.keys()) walk(file, []);
  return circles;
}

test('no files of the package and of the console import each other in a circle', () => {
  const files = ['bin', 'driver', 'sequelize', 'console/src'].flatMap(filesBelow);
  expect(files.length).toBeGreaterThan(100);
  expect(circlesIn(importsOf(root, files))).toEqual([]);
});

test('a circle is found', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-circle-'));
  const write = (name, other) => fs.writeFileSync(path.join(folder, name), `require('./${other}');`);
  write('a.js', 'b.js');
  write('b.js', 'c.js');
  write('c.js', 'b.js');
  const circles = circlesIn(importsOf(folder, ['a.js']));
  fs.rmSync(folder, { recursive: true });
  expect(circles.map((circle) => [...new Set(circle)].sort())).toEqual([['b.js', 'c.js']]);
});

/** The folders with the source of each crate. */
const crates = () =>
  ['src', 'python/src', ...fs.readdirSync(path.join(root, 'crates')).map((name) => `crates/${name}/src`)].filter(
    (folder) => fs.existsSync(path.join(root, folder, 'lib.rs')),
  );

test.each(crates())('no files of the crate in %s name each other in a circle', (folder) => {
  const imports = rustImports(path.join(root, folder));
  expect(imports.size).toBeGreaterThan(1);
  expect(circlesIn(imports)).toEqual([]);
});

test('a circle of a crate is found, also through names that another module hands on', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-circle-'));
  const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);
  write('lib.rs', '//! `crate::b`\nmod a;\nmod b;\nmod c;\npub use a::Made;\n');
  write('a.rs', 'use super::{b::{self, other}, c};\npub struct Made;\nfn make() { b::other(); }\n');
  write('b.rs', "pub fn other() -> char { let _ = crate::Made; '\"' }\n");
  write('c.rs', 'pub const TEXT: &str = "crate::a::Made";\n#[cfg(test)]\nmod tests {\n    use crate::a;\n}\n');
  const circles = circlesIn(rustImports(folder));
  fs.rmSync(folder, { recursive: true });
  expect(circles.map((circle) => [...new Set(circle)].map((file) => path.basename(file)).sort())).toEqual([
    ['a.rs', 'b.rs'],
  ]);
});
