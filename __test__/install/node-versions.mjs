// The versions of Node that the package is tested with. Their programs are in packages of npm.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

/** One of each line that the field `engines` allows, the oldest first. */
export const VERSIONS = ['12.22.12', '14.21.3', '16.20.2', '18.20.8', '20.20.2', '22.23.3', '24.22.3', '26.12.1'];

/** The program of a version, which is kept in `folder`. Undefined where npm has none for this machine. */
export function nodeOf(version, folder) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const home = path.join(folder, version);
  const program = path.join(home, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!fs.existsSync(program)) {
    fs.mkdirSync(home, { recursive: true });
    const args = ['install', '--prefix', home, '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', [...args, `${name}@${version}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
  }
  return program;
}
