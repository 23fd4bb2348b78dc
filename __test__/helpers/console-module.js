'use strict';

// Loads a module of the console, which is made for browsers, into Node.

const path = require('node:path');

const { buildSync } = require('esbuild');

/** The exports of a file of `console/src`. */
function consoleModule(file) {
  const entry = path.join(__dirname, '../../console/src', file);
  const [{ text }] = buildSync({ entryPoints: [entry], bundle: true, format: 'cjs', write: false }).outputFiles;
  const module = { exports: {} };
  new Function('module', 'exports', 'require', text)(module, module.exports, require);
  return module.exports;
}

module.exports = { consoleModule };
