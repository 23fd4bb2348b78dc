// Builds the addon for a target.

import fs from 'node:fs';
import path from 'node:path';

import { outputOf, run } from './run.mjs';
import { environmentWithZig } from './zig.mjs';

const rustc = process.env.RUSTC ?? 'rustc';

/** The target that is this machine. */
export function hostTriple() {
  const version = outputOf(rustc, ['-vV']);
  if (version === undefined) {
    throw new Error(`${rustc} cannot be run. Install Rust 1.89 or later: https://rustup.rs`);
  }
  return /^host: (.+)$/m.exec(version)[1];
}

/** Refuses a target that cannot be built here, and says what it needs. */
function checkToolchain({ triple, os }) {
  if (os !== process.platform && os !== 'linux') {
    throw new Error(`${triple} needs the linker and libraries of its own system: build it there.`);
  }
  const library = outputOf(rustc, ['--print', 'target-libdir', '--target', triple])?.trim();
  if (!library || !fs.existsSync(library)) {
    throw new Error(
      `${rustc} has no standard library for ${triple}. Add it with \`rustup target add ${triple}\`, or set RUSTC to a ` +
        'compiler that has it.',
    );
  }
}

/** The versions of glibc that a library asks for, newest first. */
export function glibcVersions(file) {
  const text = fs.readFileSync(file, 'latin1');
  const versions = new Set([...text.matchAll(/GLIBC_(\d+\.\d+)/g)].map(([, version]) => version));
  const key = (version) => version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);
  return [...versions].sort((a, b) => key(b) - key(a));
}

function checkGlibc({ glibc }, file) {
  const [newest] = glibcVersions(file);
  if (newest.localeCompare(glibc, 'en', { numeric: true }) > 0) {
    throw new Error(`${file} needs glibc ${newest}, not ${glibc} at most.`);
  }
}

/** Builds the addon of a target; returns its path. `targetFolder` is cargo's. */
export function buildAddon(root, target, targetFolder) {
  checkToolchain(target);
  const { triple, os, glibc, libc, library } = target;
  const env = os === 'linux' ? { ...environmentWithZig(path.join(targetFolder, 'zig')) } : { ...process.env };
  if (libc === 'musl') {
    // Rust links musl statically unless told otherwise, and then makes no library that can be loaded.
    env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
  }
  const command = os === 'linux' ? 'zigbuild' : 'build';
  const builtFor = glibc ? `${triple}.${glibc}` : triple;
  const args = [command, '--release', '--locked', '--lib', '--target', builtFor, '--target-dir', targetFolder];
  run('cargo', args, { cwd: root, env });
  const file = path.join(targetFolder, triple, 'release', library);
  if (glibc) checkGlibc(target, file);
  return file;
}
