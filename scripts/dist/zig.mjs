// Zig's C compiler and linker: it links for an old glibc, for musl and for other processors, whatever the machine has.

import fs from 'node:fs';
import path from 'node:path';

import { outputOf, run } from './run.mjs';

const PACKAGES = ['cargo-zigbuild==0.24.1', 'ziglang==0.17.1'];

/** What an environment needs to have `cargo zigbuild`: the machine's own, or one that is installed from PyPI into `folder`. */
export function environmentWithZig(folder) {
  if (outputOf('cargo-zigbuild', ['--version']) !== undefined) {
    return {};
  }
  const bin = path.join(folder, 'bin');
  if (!fs.existsSync(path.join(bin, 'cargo-zigbuild'))) {
    console.log(`Installing ${PACKAGES.join(' and ')} into ${folder}`);
    run('python3', ['-m', 'venv', folder]);
    run(path.join(bin, 'pip'), ['install', '--quiet', '--disable-pip-version-check', ...PACKAGES]);
  }
  return { PATH: `${bin}${path.delimiter}${process.env.PATH}` };
}
