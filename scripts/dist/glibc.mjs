// The versions of glibc that an addon needs.

import fs from 'node:fs';

/** The versions of glibc that a library asks for, newest first. */
export function glibcVersions(file) {
  const text = fs.readFileSync(file, 'latin1');
  const versions = new Set([...text.matchAll(/GLIBC_(\d+\.\d+)/g)].map(([, version]) => version));
  const key = (version) => version.split('.').reduce((sum, part) => sum * 1000 + Number(part), 0);
  return [...versions].sort((a, b) => key(b) - key(a));
}

/** Refuses an addon that needs a newer glibc than its package promises. */
export function checkGlibc({ glibc }, file) {
  const [newest] = glibcVersions(file);
  if (newest.localeCompare(glibc, 'en', { numeric: true }) > 0) {
    throw new Error(`${file} needs glibc ${newest}, not ${glibc} at most.`);
  }
}
