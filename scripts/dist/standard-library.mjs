// Where Rust's standard library for a target comes from: from the compiler, or from its source, which is then compiled with
// the addon.

import fs from 'node:fs';
import path from 'node:path';

import { outputOf } from './run.mjs';

/** The file by which cargo knows the source of the standard library, in the folder of the compiler. */
const SOURCE = path.join('lib', 'rustlib', 'src', 'rust', 'library', 'Cargo.lock');

const isCompiled = (folder) =>
  fs.existsSync(folder) && fs.readdirSync(folder).some((name) => name.startsWith('libstd-'));

/**
 * The arguments and the environment by which cargo has a standard library for the target `triple`. Fails when `rustc` has
 * neither the library nor its source.
 *
 * @returns {{ args: string[], env: Record<string, string> }}
 */
export function standardLibrary(rustc, triple) {
  const compiled = outputOf(rustc, ['--print', 'target-libdir', '--target', triple])?.trim();
  if (compiled && isCompiled(compiled)) {
    return { args: [], env: {} };
  }
  const home = outputOf(rustc, ['--print', 'sysroot'])?.trim();
  if (compiled && home && fs.existsSync(path.join(home, SOURCE))) {
    // Only a nightly cargo compiles the library, unless it is told to take itself for one.
    return { args: ['-Zbuild-std=std,panic_unwind'], env: { RUSTC_BOOTSTRAP: '1' } };
  }
  throw new Error(
    `${rustc} has no standard library for ${triple}, nor its source. Add the one with \`rustup target add ${triple}\` or the ` +
      'other with `rustup component add rust-src`, or set RUSTC to a compiler that has one of them. docs/releasing.md says ' +
      'how to get one without rustup.',
  );
}
