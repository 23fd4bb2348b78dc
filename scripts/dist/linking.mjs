// How the addon of a target is linked: for Linux by Zig, on any machine; for other systems by their own linker.

import path from 'node:path';

import { environmentWithZig } from './zig.mjs';

/**
 * The command of cargo that builds for a target, and the environment that it needs. Fails when this machine cannot link for
 * the target.
 *
 * @returns {{ command: string, env: Record<string, string> }}
 */
export function linking({ triple, os }, targetFolder) {
  if (os === 'linux') {
    return { command: 'zigbuild', env: environmentWithZig(path.join(targetFolder, 'zig')) };
  }
  if (os !== process.platform) {
    throw new Error(`${triple} needs the linker and libraries of its own system: build it there.`);
  }
  return { command: 'build', env: {} };
}
