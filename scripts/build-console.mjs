// Builds the console, the page that the server shows at /console/, from `console/` into `console/dist`. The server holds
// these files. Each is packed with gzip, and has the hash of its content in its name, except the page itself.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'console');

/** What a browser loads for the whole console, in bytes. */
const LARGEST = 300_000;

/** The browsers that know the CSS and JavaScript in use: all of the last two years. */
const BROWSERS = ['chrome123', 'edge123', 'firefox128', 'safari17.5'];

/** What the console uses of the package (`sequelize/models`) imports these, which a browser has not. */
const STAND_INS = [
  [/^util$/, 'src/schema/node-util.js'],
  [/^sequelize$/, 'src/schema/sequelize-utils.js'],
  [/\/driver\/type-table\.js$/, 'src/schema/type-table.js'],
];

const standIns = {
  name: 'stand-ins for what a browser has not',
  setup({ onResolve }) {
    for (const [filter, file] of STAND_INS) {
      onResolve({ filter }, () => ({ path: path.join(folder, file) }));
    }
    // The version that Sequelize itself uses.
    const ofSequelize = createRequire(createRequire(import.meta.url).resolve('sequelize'));
    onResolve({ filter: /^inflection$/ }, () => ({ path: ofSequelize.resolve('inflection') }));
  },
};

/** Bundles the sources. Returns the files with their names. */
async function bundle() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder,
    entryPoints: ['src/main.jsx'],
    outdir: 'dist',
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    metafile: true,
    write: false,
    target: BROWSERS,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    plugins: [standIns],
  });
  const entry = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === 'src/main.jsx');
  const nameOf = (file) => path.basename(file);
  return {
    files: outputFiles.map((file) => ({ name: nameOf(file.path), bytes: file.contents })),
    script: nameOf(entry[0]),
    style: nameOf(entry[1].cssBundle),
  };
}

const { files, script, style } = await bundle();
const page = fs
  .readFileSync(path.join(folder, 'index.html'), 'utf8')
  .replace('{{script}}', script)
  .replace('{{style}}', style);
const written = [...files, { name: 'index.html', bytes: Buffer.from(page) }];
const dist = path.join(folder, 'dist');
fs.mkdirSync(dist, { recursive: true });
let total = 0;
for (const { name, bytes } of written) {
  const packed = gzipSync(bytes, { level: 9 });
  total += packed.length;
  fs.writeFileSync(path.join(dist, `${name}.gz`), packed);
}
const kept = new Set(written.map(({ name }) => `${name}.gz`));
for (const name of fs.readdirSync(dist).filter((name) => !kept.has(name))) {
  fs.rmSync(path.join(dist, name));
}
console.log(`console/dist: ${written.length} files, ${(total / 1000).toFixed(0)} kB packed`);
if (total > LARGEST) {
  console.error(`The console may have ${LARGEST / 1000} kB at most.`);
  process.exitCode = 1;
}
