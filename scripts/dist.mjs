// Makes the packages that are published, as tarballs in `dist`: the main one, and one with the addon for each target.
// docs/releasing.md says how to use it.

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { buildAddon, hostTriple } from './dist/addon.mjs';
import { writeMainPackage } from './dist/main-package.mjs';
import { writePlatformPackage } from './dist/platform-package.mjs';
import { outputOf, run } from './dist/run.mjs';
import { targetOf } from './dist/targets.mjs';

const USAGE = `Usage: npm run dist -- [options]

  --target T    a target of Rust to build the addon for; may be given several times (this machine's)
  --addon FILE  packs this addon, which was built for the target, instead of building one
  --only WHAT   'main' packs the main package alone, 'addons' only those with an addon
  --out FOLDER  where to write the tarballs (dist)
`;

const root = path.join(import.meta.dirname, '..');

function readArguments() {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      addon: { type: 'string' },
      only: { type: 'string' },
      out: { type: 'string', default: path.join(root, 'dist') },
      help: { type: 'boolean' },
    },
  });
  if (values.only !== undefined && !['main', 'addons'].includes(values.only)) {
    throw new Error(`--only is 'main' or 'addons', not '${values.only}'.`);
  }
  if (values.addon !== undefined && (values.target?.length ?? 0) > 1) {
    throw new Error('--addon is for one target.');
  }
  return values;
}

/** Packs a folder into a tarball in `out`. */
function pack(folder, out) {
  const printed = outputOf('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', out], {
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (printed === undefined) throw new Error(`npm pack ${folder} failed.`);
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(printed);
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`${path.join(out, filename)}: ${megabytes(size)}, ${megabytes(unpackedSize)} in ${entryCount} files`);
}

async function main({ target, addon, only, out }) {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const targets = only === 'main' ? [] : (target ?? [hostTriple()]).map(targetOf);
  const cargoTarget = process.env.CARGO_TARGET_DIR ?? path.join(root, 'target');
  // The addon holds the console, and the main package has it for those who build the addon.
  run(process.execPath, [path.join(root, 'scripts/build-console.mjs')], { cwd: root });
  fs.mkdirSync(out, { recursive: true });
  const stage = fs.mkdtempSync(path.join(out, 'stage-'));
  try {
    for (const each of targets) {
      const folder = path.join(stage, each.name);
      writePlatformPackage(manifest, each, addon ?? buildAddon(root, each, cargoTarget), folder);
      pack(folder, out);
    }
    if (only !== 'addons') {
      const folder = path.join(stage, 'main');
      await writeMainPackage(root, folder);
      pack(folder, out);
    }
  } finally {
    fs.rmSync(stage, { recursive: true });
  }
}

try {
  const values = readArguments();
  if (values.help) console.log(USAGE);
  else await main(values);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
