'use strict';

// sequelize-auto knows its dialects by name, and reads a catalog of PhantomDB's as little as it does another's that it
// does not know. Patched from outside, it says what to use in its place.

const path = require('path');

const DIALECTS = path.join('sequelize-auto', 'lib', 'dialects', 'dialects.js');

/** Patches every loaded copy. */
function patchSequelizeAuto() {
  for (const file of Object.keys(require.cache).filter((name) => name.endsWith(path.sep + DIALECTS))) {
    const dialects = require.cache[file].exports?.dialects;
    if (dialects && !Object.hasOwn(dialects, 'phantomdb')) {
      Object.defineProperty(dialects, 'phantomdb', {
        get() {
          throw new Error(
            'sequelize-auto does not know PhantomDB. `npx phantomdb models --url URL --database NAME` writes the models.',
          );
        },
      });
    }
  }
}

module.exports = { patchSequelizeAuto };
