// A registry of npm packages that has some tarballs, knows of the packages for other platforms without having them, and
// passes every other question on to the registry in npm's settings.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

import { platformManifest } from '../../scripts/dist/platform-package.mjs';
import { targets } from '../../scripts/dist/targets.mjs';

const manifestOf = (tarball) =>
  JSON.parse(execFileSync('tar', ['xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }));
const integrityOf = (content) => `sha512-${createHash('sha512').update(content).digest('base64')}`;

/** A package, as a registry describes it. */
function describe(manifest, tarball, integrity) {
  const { name, version } = manifest;
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist: { tarball, integrity } } },
    time: { [version]: '2020-01-01T00:00:00.000Z' },
  };
}

/** Starts it. */
export async function startRegistry(tarballs) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');
  const packages = new Map();
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const tarball = tarballs.find((file) => name === `-/${path.basename(file)}`);
    if (tarball) {
      fs.createReadStream(tarball).pipe(response);
    } else if (packages.has(name)) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(packages.get(name)));
    } else if (name.startsWith('-/')) {
      response.writeHead(404).end();
    } else {
      response.writeHead(302, { location: upstream + request.url }).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  const manifests = tarballs.map(manifestOf);
  const main = manifests.find(({ optionalDependencies }) => optionalDependencies);
  for (const target of targets) {
    const manifest = platformManifest(main, target);
    packages.set(manifest.name, describe(manifest, `${url}/-/missing.tgz`, integrityOf('')));
  }
  for (const [index, manifest] of manifests.entries()) {
    const tarball = `${url}/-/${path.basename(tarballs[index])}`;
    packages.set(manifest.name, describe(manifest, tarball, integrityOf(fs.readFileSync(tarballs[index]))));
  }
  const stop = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url, stop };
}
