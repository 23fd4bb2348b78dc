'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { buildSync } = require('esbuild');

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
