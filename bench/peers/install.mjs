// Installs the packages of bench/peers/package.json when the benchmark first needs them. They are no development dependencies
// of the project, because better-sqlite3 downloads or compiles its addon when it is installed.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = path.dirname(fileURLToPath(import.meta.url));
const MODULES = path.join(FOLDER, 'node_modules');
export const PGLITE_SERVER = path.join(MODULES, '@electric-sql/pglite-socket/dist/scripts/server.js');

const manifest = (folder) => JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));

/** The packages with their versions, as `name@version`. */
export const PEERS = Object.entries(manifest(FOLDER).dependencies).map(([name, version]) => `${name}@${version}`);

function isInstalled([name, version]) {
  const folder = path.join(MODULES, name);
  return fs.existsSync(path.join(folder, 'package.json')) && manifest(folder).version === version;
}

/** Whether the addon of better-sqlite3 can be loaded: npm may have blocked the script that makes it. */
function opensSqlite() {
  const Database = createRequire(path.join(FOLDER, 'package.json'))('better-sqlite3');
  new Database(':memory:').close();
}

/** Installs what is missing. Throws when npm fails, or when an addon cannot be loaded afterwards. */
export function installPeers() {
  if (!Object.entries(manifest(FOLDER).dependencies).every(isInstalled)) {
    console.error(`Installing ${PEERS.join(', ')} into ${path.relative('', MODULES)}. This is done once.`);
    // PGlite's socket server lists extensions of PGlite as peers, which it does not need.
    const args = ['install', '--omit=peer', '--no-package-lock', '--no-audit', '--no-fund'];
    const { status } = spawnSync('npm', args, { cwd: FOLDER, stdio: 'inherit', shell: process.platform === 'win32' });
    if (status !== 0) {
      throw new Error(
        `npm could not install the packages in ${FOLDER}. Name columns (such as \`memory http\`) to measure without them.`,
      );
    }
  }
  opensSqlite();
}
