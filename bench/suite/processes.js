'use strict';

// The CPU time and the memory of other processes. Linux only; elsewhere both are 0.

const fs = require('node:fs');

/** The process and all that descend from it. */
function familyOf(pid) {
  if (!fs.existsSync('/proc/self/stat')) return [];
  const parents = new Map();
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      // The name of the program, in parentheses, may hold spaces.
      const [, parent] = fs
        .readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(entry), Number(parent));
    } catch {
      // It has ended meanwhile.
    }
  }
  const family = [pid];
  for (const one of family) {
    for (const [child, parent] of parents) if (parent === one) family.push(child);
  }
  return family;
}

/** A figure of each process of a family; one that has ended meanwhile has none. */
function figuresOf(family, figureOf) {
  const figures = [];
  for (const pid of family) {
    try {
      figures.push(figureOf(pid));
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error;
    }
  }
  return figures;
}

const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);

function cpuOfThreads(pid) {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = fs
    .readdirSync(tasks)
    .map((task) => Number(fs.readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]));
  return sum(nanoseconds) / 1000;
}

/** The CPU time of a process and its descendants so far, in microseconds. */
const cpuTimeOf = (pid) => sum(figuresOf(familyOf(pid), cpuOfThreads));

function kilobytesOf(pid, field) {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)[1]);
}

/** The resident size of a process and its descendants in bytes. A page that several of them share counts once. */
function residentOf(pid) {
  const family = familyOf(pid);
  // The proportional size divides a page among all processes that share it, so for one process alone it would be too small.
  const field = family.length > 1 ? 'Pss' : 'Rss';
  return sum(figuresOf(family, (one) => kilobytesOf(one, field))) * 1024;
}

module.exports = { cpuTimeOf, residentOf };
