'use strict';

const { promises: fs } = require('fs');
const path = require('path');

/** True when the `.js` files of a directory's package are ECMAScript modules. */
async function isModulePackage(directory = process.cwd()) {
  let text;
  try {
    text = await fs.readFile(path.join(directory, 'package.json'), 'utf8');
  } catch (error) {
    const parent = path.dirname(directory);
    if (error.code !== 'ENOENT') throw error;
    return parent !== directory && isModulePackage(parent);
  }
  return JSON.parse(text).type === 'module';
}

module.exports = { isModulePackage };
