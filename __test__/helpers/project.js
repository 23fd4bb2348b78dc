'use strict';

// A project in a temporary directory, as a user has it, with tools that run as processes of their own.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const PACKAGES = ['sequelize', 'sequelize-cli', 'umzug'];
const TIMEOUT_MS = 60_000;

class Project {
  constructor() {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-project-'));
    fs.mkdirSync(this.at('node_modules'));
    for (const name of PACKAGES) {
      fs.symlinkSync(path.join(root, 'node_modules', name), this.at('node_modules', name));
    }
    fs.symlinkSync(root, this.at('node_modules', 'phantomdb-sequelize'));
  }

  at(...names) {
    return path.join(this.directory, ...names);
  }

  /** @param {Record<string, string>} files their text by their path */
  write(files) {
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(this.at(name)), { recursive: true });
      fs.writeFileSync(this.at(name), text);
    }
  }

  /** Starts `node` in the project. `ended` answers `{ code, output }`. */
  start(args, env = {}) {
    const child = spawn(process.execPath, args, {
      cwd: this.directory,
      env: { ...process.env, NODE_ENV: 'development', NO_COLOR: '1', ...env },
      timeout: TIMEOUT_MS,
    });
    let output = '';
    const collect = (chunk) => {
      output += chunk;
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const ended = once(child, 'close').then(([code]) => ({ code, output }));
    return { child, ended };
  }

  run(args, env) {
    return this.start(args, env).ended;
  }

  /** Runs `sequelize-cli`. */
  cli(command, env) {
    const bin = path.join('node_modules', 'sequelize-cli', 'lib', 'sequelize');
    return this.run([bin, ...command.split(' ')], env);
  }

  remove() {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

module.exports = { Project };
