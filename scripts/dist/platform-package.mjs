// The package of one platform: the addon, and a package.json by which npm installs it on that platform alone.

import fs from 'node:fs';
import path from 'node:path';

/** The package.json of a target, made from the main one. */
export function platformManifest(manifest, target) {
  const { name, version, license, author, repository, homepage, bugs, engines } = manifest;
  return {
    name: `${name}-${target.name}`,
    version,
    description: `The addon of ${name} for ${target.triple}`,
    license,
    author,
    homepage,
    repository,
    bugs,
    main: target.addon,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc && { libc: [target.libc] }),
    engines,
  };
}

/** Writes the package of the target into `folder`. */
export function writePlatformPackage(manifest, target, addon, folder) {
  const { name } = manifest;
  const packed = platformManifest(manifest, target);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`);
  fs.writeFileSync(
    path.join(folder, 'README.md'),
    `# ${packed.name}\n\nThe addon of [${name}](https://www.npmjs.com/package/${name}) for \`${target.triple}\`. ` +
      `Install ${name}, which depends on this package.\n`,
  );
  fs.copyFileSync(addon, path.join(folder, target.addon));
}
