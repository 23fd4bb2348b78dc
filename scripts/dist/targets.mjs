// The platforms that PhantomDB has an addon for. The names of files and packages are those of napi-rs.

/**
 * Each target of Rust, with the fields `os`, `cpu` and `libc` of its package, the file that cargo makes, and the oldest
 * glibc that its addon runs with.
 */
const TARGETS = {
  'x86_64-unknown-linux-gnu': { name: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc', glibc: '2.17' },
  'aarch64-unknown-linux-gnu': { name: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc', glibc: '2.17' },
  'x86_64-unknown-linux-musl': { name: 'linux-x64-musl', os: 'linux', cpu: 'x64', libc: 'musl' },
  'aarch64-unknown-linux-musl': { name: 'linux-arm64-musl', os: 'linux', cpu: 'arm64', libc: 'musl' },
  'x86_64-apple-darwin': { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  'aarch64-apple-darwin': { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  'x86_64-pc-windows-msvc': { name: 'win32-x64-msvc', os: 'win32', cpu: 'x64' },
};

const LIBRARIES = {
  linux: 'libphantomdb_sequelize.so',
  darwin: 'libphantomdb_sequelize.dylib',
  win32: 'phantomdb_sequelize.dll',
};

/** The target with this name, as {@link TARGETS} describes it. */
export function targetOf(triple) {
  const target = TARGETS[triple];
  if (!target) {
    throw new Error(`PhantomDB has no target '${triple}'. The targets are:\n  ${Object.keys(TARGETS).join('\n  ')}`);
  }
  return { triple, ...target, library: LIBRARIES[target.os], addon: `phantomdb.${target.name}.node` };
}

export const targets = Object.keys(TARGETS).map(targetOf);
