'use strict';

// Tells whether the benchmark measures a release build, which is the addon that users get.

const fs = require('node:fs');

const { addonFile } = require('../../driver/addon-file.js');

const ELF = Buffer.from('\x7fELF\x02\x01', 'latin1');
/** The type of the section of an ELF file that has the symbols. */
const SYMBOLS = 2;

/** Whether an ELF file of 64 bits still has its symbols. */
function hasSymbols(file) {
  const start = Number(file.readBigUInt64LE(0x28));
  const [size, count] = [file.readUInt16LE(0x3a), file.readUInt16LE(0x3c)];
  return Array.from({ length: count }, (_, i) => file.readUInt32LE(start + i * size + 4)).includes(SYMBOLS);
}

/** False if the addon is a debug build or a clone's: only the release build is stripped of its symbols. Linux only. */
function isRelease() {
  const file = fs.readFileSync(addonFile());
  return !file.subarray(0, ELF.length).equals(ELF) || !hasSymbols(file);
}

module.exports = { isRelease };
