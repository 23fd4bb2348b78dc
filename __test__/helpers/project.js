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
/** A shell may install packages, or serve while others run. */
const SHELL_TIMEOUT_MS = 300_000;

class Project {
  #started = [];

  /** @param {string[]} packages the packages of this repository that the project has, besides this one */
  constructor(packages = PACKAGES) {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'phantomdb-project-'));
    this.linkPackages([...packages, 'phantomdb-sequelize']);
  }

  /** Gives the project packages of this repository, with their commands. Those that it has already stay. */
  linkPackages(names) {
    for (const name of names) {
      const target = name === 'phantomdb-sequelize' ? root : path.join(root, 'node_modules', name);
      this.#link(target, 'node_modules', name);
      const { bin = {} } = JSON.parse(fs.readFileSync(path.join(target, 'package.json'), 'utf8'));
      const commands = typeof bin === 'string' ? { [name]: bin } : bin;
      for (const [command, script] of Object.entries(commands)) {
        this.#link(path.join(target, script), 'node_modules', '.bin', command);
      }
    }
  }

  #link(target, ...names) {
    fs.mkdirSync(path.dirname(this.at(...names)), { recursive: true });
    if (!fs.existsSync(this.at(...names))) fs.symlinkSync(target, this.at(...names));
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
    return this.#spawn(process.execPath, args, env);
  }

  /** Starts the lines of a shell in a process group of its own, which {@link stop} ends. */
  startShell(script, env = {}) {
    const started = this.#spawn('sh', ['-ec', script], env, { detached: true, timeout: SHELL_TIMEOUT_MS });
    this.#started.push(started);
    return started;
  }

  #spawn(program, args, env, options = {}) {
    const child = spawn(program, args, {
      cwd: this.directory,
      env: { ...process.env, NODE_ENV: 'development', NO_COLOR: '1', ...env },
      timeout: TIMEOUT_MS,
      ...options,
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

  /** Ends what {@link startShell} started and is still running. */
  async stop() {
    for (const { child, ended } of this.#started) {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
      await ended;
    }
    this.#started = [];
  }

  remove() {
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

module.exports = { Project };
