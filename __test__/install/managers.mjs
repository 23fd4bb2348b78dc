// How each package manager installs packages into an empty folder. Each returns the command that starts a program there.

import fs from 'node:fs';
import path from 'node:path';

const PNPM = 'pnpm@10';
const YARN = '@yarnpkg/cli-dist@4';

function writeManifest(folder, fields = {}) {
  const manifest = { name: 'newcomer', version: '1.0.0', private: true, ...fields };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
}

async function npm(run, folder, specs) {
  writeManifest(folder);
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...specs], folder);
  return [process.execPath];
}

async function pnpm(run, folder, specs, registry) {
  writeManifest(folder);
  const store = path.join(folder, 'store');
  const args = [
    'add',
    '--ignore-scripts',
    '--registry',
    registry,
    '--store-dir',
    store,
    '--config.minimumReleaseAge=0',
  ];
  await run('npx', ['--yes', PNPM, ...args, ...specs], folder);
  return [process.execPath];
}

/** Yarn with Plug'n'Play: no node_modules; each package sees only what it depends on. */
async function yarn(run, folder, specs, registry) {
  writeManifest(folder);
  const settings = [
    'nodeLinker: pnp',
    'enableScripts: false',
    'enableTelemetry: false',
    'enableGlobalCache: false',
    // The cache must belong to this registry, because its port is another each time.
    'globalFolder: ./.yarn-global',
    'enableImmutableInstalls: false',
    'pnpEnableEsmLoader: true',
    'npmMinimalAgeGate: 0',
    `npmRegistryServer: '${registry}'`,
    'unsafeHttpWhitelist: [127.0.0.1]',
  ];
  fs.writeFileSync(path.join(folder, '.yarnrc.yml'), `${settings.join('\n')}\n`);
  fs.writeFileSync(path.join(folder, 'yarn.lock'), '');
  const withYarn = ['--yes', '--package', YARN, 'yarn'];
  await run('npx', [...withYarn, 'add', ...specs], folder);
  return ['npx', ...withYarn, 'node'];
}

export const installWith = { npm, pnpm, yarn };
