// The JavaScript of the published package: one file for each entry, in syntax that the oldest supported Node reads.

import fs from 'node:fs';
import path from 'node:path';

import { build } from 'esbuild';

/** The oldest Node, of which the field `engines` speaks. */
export const OLDEST_NODE = '12.22';

/** Functions that this Node lacks, and what to write instead. */
const TOO_NEW = [
  [/\.at\(-/, 'list[list.length - 1]'],
  [/\.replaceAll\(['"/]/, 'replace with a global pattern'],
  [/\bstructuredClone\(/, 'a copy by hand'],
  [/\.(?:findLast|findLastIndex|toSorted|toReversed|toSpliced)\(/, 'a copy and an older function'],
  [
    /require\("(?:fs|stream|timers)\/promises"\)/,
    'the promises of the module without /promises, or driver/old-node.js',
  ],
  [/require\("node:/, 'the name without node:'],
  [/\{[^}]*\brandomUUID\b[^}]*\} = require\("crypto"\)/, 'driver/old-node.js'],
];

/** Takes the place of `Object.hasOwn`, which Node has since 16.9. */
const HAS_OWN = 'var hasOwn = Object.hasOwn || ((object, key) => Object.prototype.hasOwnProperty.call(object, key));';

/** Resolves what is an entry itself to the file that it becomes, so that it is loaded and not copied. */
function keepApart(root, entry, entries) {
  const others = new Set(entries.filter((name) => name !== entry).map((name) => path.join(root, name)));
  return {
    name: 'keep entries apart',
    setup({ onResolve }) {
      onResolve({ filter: /^\.{1,2}\// }, ({ path: wanted, resolveDir }) => {
        const file = path.join(resolveDir, wanted);
        if (!others.has(file)) return undefined;
        const relative = path
          .relative(path.join(root, path.dirname(entry)), file)
          .split(path.sep)
          .join('/');
        return { path: relative.startsWith('.') ? relative : `./${relative}`, external: true };
      });
    },
  };
}

/** Writes one of the `entries`, which are paths in `root`, into `folder` with everything that it requires. */
export async function bundle(root, entry, entries, folder) {
  const outfile = path.join(folder, entry);
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: `node${OLDEST_NODE}`,
    // Node 12 has all fields of classes; it lacks private methods only.
    supported: { 'class-field': true, 'class-private-field': true, 'class-static-field': true },
    external: ['sequelize'],
    define: { 'Object.hasOwn': 'hasOwn' },
    banner: { js: HAS_OWN },
    plugins: [keepApart(root, entry, entries)],
    logLevel: 'warning',
  });
  refuseTooNew(outfile);
}

function refuseTooNew(file) {
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const found = TOO_NEW.flatMap(([pattern, instead]) =>
    lines.filter((line) => pattern.test(line)).map((line) => `  ${line.trim()}\n    write instead: ${instead}`),
  );
  if (found.length > 0) {
    throw new Error(`Node ${OLDEST_NODE} cannot run ${path.basename(file)}:\n${found.join('\n')}`);
  }
}
