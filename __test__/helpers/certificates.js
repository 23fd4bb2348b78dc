// Certificates for one test, in a directory that goes with it.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const selfsigned = require('selfsigned');

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' };
const named = (value) => [{ name: 'commonName', value }];

/** One who signs certificates. */
async function authority(name) {
  const extensions = [{ name: 'basicConstraints', cA: true, critical: true }];
  const { cert, private: key } = await selfsigned.generate(named(name), { ...EC, extensions });
  return { cert, key };
}

/** A certificate and its key, signed by the authority, for `localhost` and 127.0.0.1 unless other names are given. */
async function signed(
  by,
  altNames = [
    { type: 2, value: 'localhost' },
    { type: 7, ip: '127.0.0.1' },
  ],
) {
  const extensions = [
    { name: 'basicConstraints', cA: false },
    { name: 'subjectAltName', altNames },
  ];
  const { cert, private: key } = await selfsigned.generate(named('server'), { ...EC, extensions, ca: by });
  return { cert, key };
}

/** Files for as long as a suite runs. */
class Files {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-certificates-'));

  write(name, text) {
    const file = path.join(this.directory, name);
    fs.writeFileSync(file, text);
    return file;
  }

  remove() {
    fs.rmSync(this.directory, { recursive: true });
  }
}

module.exports = { Files, authority, signed };
