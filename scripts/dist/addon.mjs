// Builds the addon for a target.

import path from 'node:path';

import { checkGlibc } from './glibc.mjs';
import { linking } from './linking.mjs';
import { outputOf, run } from './run.mjs';
import { standardLibrary } from './standard-library.mjs';

const rustc = process.env.RUSTC ?? 'rustc';

/** The target that is this machine. */
export function hostTriple() {
  const version = outputOf(rustc, ['-vV']);
  if (version === undefined) {
    throw new Error(`${rustc} cannot be run. Install Rust 1.89 or later: https://rustup.rs`);
  }
  return /^host: (.+)$/m.exec(version)[1];
}

/** Builds the addon of a target; returns its path. `targetFolder` is cargo's. */
export function buildAddon(root, target, targetFolder) {
  const { triple, glibc, libc, library } = target;
  const std = standardLibrary(rustc, triple);
  const { command, env } = linking(target, targetFolder);
  const RUSTFLAGS =
    // Rust links musl statically unless told otherwise, and then makes no library that can be loaded.
    libc === 'musl' ? { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ''} -C target-feature=-crt-static` } : {};
  const builtFor = glibc ? `${triple}.${glibc}` : triple;
  const args = [command, '--release', '--locked', '--lib', '--target', builtFor, '--target-dir', targetFolder];
  run('cargo', [...args, ...std.args], { cwd: root, env: { ...process.env, ...RUSTFLAGS, ...std.env, ...env } });
  const file = path.join(targetFolder, triple, 'release', library);
  if (glibc) checkGlibc(target, file);
  return file;
}
