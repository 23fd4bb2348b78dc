'use strict';

// npm runs this in a clone of the repository (`npm install`, `npm pack`), never for users of the package: the
// published package has neither this file nor the Rust sources. Builds the addon when it is older than its sources, with the
// profile `clone`, which compiles faster than the published build.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');

/** When the newest file under `target` was changed, in milliseconds; 0 when there is none. */
function newestChange(target) {
  const stat = fs.statSync(target, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) {
    return stat ? stat.mtimeMs : 0;
  }
  const changes = fs.readdirSync(target).map((name) => newestChange(path.join(target, name)));
  return Math.max(0, ...changes);
}

function isBuilt() {
  const addons = fs.readdirSync(root).filter((name) => name.endsWith('.node'));
  const sources = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src', 'crates'];
  const newestSource = Math.max(...sources.map((name) => newestChange(path.join(root, name))));
  return addons.some((name) => newestChange(path.join(root, name)) > newestSource);
}

if (fs.existsSync(path.join(root, 'Cargo.toml')) && !isBuilt()) {
  execFileSync('npm', ['run', 'build:clone'], { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}
