// Starts the processes that measure (side.js), and asks them for slices.

import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import processes from './processes.js';

const SIDE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'side.js');
/** A process that gives no answer for so long has hung. */
const PATIENCE_MS = 180_000;

const { cpuTimeOf } = processes;

/** Whether processes can be bound to a core: on Linux with `taskset`, and more than one core. */
export const canPin = () => os.availableParallelism() > 1 && !spawnSync('taskset', ['--version']).error;

/** Binds a process, with its threads, to cores such as `0` or `1-3`. */
export function pin(pid, cores) {
  const { status, stderr } = spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`taskset: ${stderr}`);
}

/**
 * Starts one case of one contestant. `size` is for the cases of growth-cases.js.
 *
 * Answers with undefined when the contestant has no such case. Otherwise `slice(ms)` measures, and `stop()` ends the process
 * when it has deleted its tables. Both fail with the message of whatever failed there.
 */
export async function startSide(contestant, name, size) {
  const child = fork(SIDE, [JSON.stringify({ contestant, name, size })]);
  const ended = once(child, 'exit');
  let settle;
  let patience;
  const settled = (outcome) => {
    clearTimeout(patience);
    const { resolve, reject } = settle;
    if (outcome.error) reject(new Error(outcome.error));
    else resolve(outcome);
  };
  child.on('message', settled);
  child.on('exit', (code, signal) => settled({ error: `the process ended with ${signal ?? code}` }));
  const next = (message) => {
    const answer = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    if (message) child.send(message);
    return answer;
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const servers = contestant.pids ?? [];
  const serverTime = () => servers.reduce((sum, pid) => sum + cpuTimeOf(pid), 0);

  try {
    const { absent } = await next();
    if (absent) {
      await ended;
      return undefined;
    }
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    pid: child.pid,
    async slice(ms) {
      const before = serverTime();
      const { calls, wall, cpu, resident, latencies } = await next({ ms });
      // The system drops the CPU time of a connection's process when the connection is closed.
      const serverCpu = Math.max(0, serverTime() - before);
      return { calls, wall: wall / calls, cpu: (cpu + serverCpu) / calls, resident, latencies };
    },
    async stop() {
      settle = { resolve() {}, reject() {} };
      const failed = new Promise((_, reject) => {
        child.on('message', ({ error }) => error && reject(new Error(error)));
      });
      child.send({ stop: true });
      try {
        await Promise.race([ended, failed]);
      } finally {
        await kill();
      }
    },
    kill,
  };
}
