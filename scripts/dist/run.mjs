import { spawnSync } from 'node:child_process';

/** Runs a program with its output on the terminal. Fails with its name when it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit', ...options });
  if (error || status !== 0) {
    throw new Error(`${[program, ...args].join(' ')}: ${error?.message ?? `exit code ${status}`}`);
  }
}

/** What a program prints, or undefined when it cannot be run. */
export function outputOf(program, args, options = {}) {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8', ...options });
  return status === 0 ? stdout : undefined;
}
