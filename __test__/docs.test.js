'use strict';

// The README and the guides, page by page: each page is followed in an empty project, as a reader would. The words after
// the language of a code block say what is done with it (docs/contributing.md, "Code in the docs").

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { promisify } = require('node:util');

const { applyDiff, codeBlocks } = require('./helpers/markdown');
const { Project } = require('./helpers/project');

const root = path.join(__dirname, '..');
/** The addon that was built in this clone. */
const addon = () =>
  path.join(
    root,
    fs.readdirSync(root).find((name) => name.endsWith('.node')),
  );
const read = (page) => fs.readFileSync(path.join(root, page), 'utf8');

const PAGES = [
  'README.md',
  'docs/getting-started.md',
  'docs/typescript.md',
  'docs/express.md',
  'docs/testing.md',
  'docs/serverless.md',
  'docs/docker.md',
  'docs/best-practices.md',
  'docs/troubleshooting.md',
];
/** Pages about frameworks that this repository does not install: PHANTOMDB_TEST_FRAMEWORKS=1 installs them. */
const ON_DEMAND = ['docs/nestjs.md', 'docs/nextjs.md'];
const testFramework = process.env.PHANTOMDB_TEST_FRAMEWORKS === '1' ? test : test.skip;
/** The addresses of the pages; the tests use free ports. */
const ADDRESSES = ['localhost:3000', 'localhost:8080'];

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const accepts = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** The package as users get it, packed by `npm pack` into a folder. */
async function pack(folder) {
  const args = ['pack', root, '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder });
  return path.join(folder, stdout.trim().split('\n').at(-1));
}

const isInstall = (line) => line.startsWith('npm install ');

/** The packages that a line `npm install …` names. */
const installed = (line) =>
  line
    .split(/\s+/)
    .slice(2)
    .filter((word) => !word.startsWith('-'))
    .map((word) => word.replace(/(?<=.)@[^/]*$/, ''));

class Reader {
  /** @param {{ installs?: boolean }} options whether packages are installed, and not taken from this repository */
  constructor(page, { installs = false } = {}) {
    this.page = page;
    this.installs = installs;
    this.project = new Project([]);
    this.output = undefined;
  }

  async open() {
    this.ports = await Promise.all(ADDRESSES.map(freePort));
    this.env = {
      PORT: String(this.ports[0]),
      PHANTOMDB_LISTEN: `127.0.0.1:${this.ports[1]}`,
      // A reader has none of these; Jest has.
      NODE_ENV: undefined,
      PHANTOMDB_URL: undefined,
      NEXT_TELEMETRY_DISABLED: '1',
    };
    if (!this.installs) return;
    this.project.remove();
    fs.mkdirSync(this.project.directory);
    this.tarball = await pack(this.project.directory);
    this.env.PHANTOMDB_NATIVE_LIBRARY = addon();
  }

  #addressed(text) {
    let result = text;
    for (const [i, address] of ADDRESSES.entries()) result = result.replaceAll(address, `localhost:${this.ports[i]}`);
    return result;
  }

  /** The lines to run. Unless it installs packages, the project gets those of this repository. */
  #script(code) {
    if (this.installs) {
      return code
        .replace(/^npm install /gm, '$&--ignore-scripts ')
        .replace(/ phantomdb-sequelize\b/g, ` ${this.tarball}`);
    }
    const lines = code.split('\n');
    for (const line of lines.filter(isInstall)) this.project.linkPackages(installed(line));
    return lines.filter((line) => !isInstall(line)).join('\n');
  }

  async #run(code, isFailure) {
    const { code: exitCode, output } = await this.project.startShell(this.#script(code), this.env).ended;
    this.output = output;
    expect({ output, failed: exitCode !== 0 }).toEqual({ output, failed: isFailure });
  }

  /** Starts what serves until the page ends, and waits until it does. */
  async #serve(code) {
    const before = await Promise.all(this.ports.map(accepts));
    const { ended } = this.project.startShell(this.#script(code), this.env);
    let isOver = false;
    ended.then(() => (isOver = true));
    const isServing = async () => (await Promise.all(this.ports.map(accepts))).some((is, i) => is && !before[i]);
    while (!(await isServing())) {
      if (isOver) throw new Error(`it ended: ${(await ended).output}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** In an expected output `…` stands for anything. */
  #compare(expected) {
    const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = this.#addressed(expected.trim()).split('…').map(literal).join('[^]*?');
    expect(this.output.trim()).toMatch(new RegExp(`^${pattern}$`));
  }

  #patch(file, diff) {
    const text = fs.readFileSync(this.project.at(file), 'utf8');
    this.project.write({ [file]: applyDiff(text, diff) });
  }

  async follow({ language, file, patch, words, code, line }) {
    try {
      if (file) this.project.write({ [file]: this.#addressed(code) });
      else if (patch) this.#patch(patch, this.#addressed(code));
      else if (words.includes('run')) await this.#run(this.#addressed(code), false);
      else if (words.includes('fails')) await this.#run(this.#addressed(code), true);
      else if (words.includes('serve')) await this.#serve(this.#addressed(code));
      else if (words.includes('output')) this.#compare(code);
      else if (!words.includes('fragment')) throw new Error(`a block of ${language} that no word describes`);
    } catch (error) {
      error.message = `${this.page}:${line}: ${error.message}`;
      throw error;
    }
  }

  async close() {
    await this.project.stop();
    this.project.remove();
  }
}

async function follow(page, options) {
  const blocks = codeBlocks(read(page));
  expect(blocks.length).toBeGreaterThan(0);
  const reader = new Reader(page, options);
  try {
    await reader.open();
    for (const block of blocks) await reader.follow(block);
  } finally {
    await reader.close();
  }
}

test.each(PAGES)('%s works as it is printed', (page) => follow(page), 120_000);

testFramework.each(ON_DEMAND)('%s works as it is printed', (page) => follow(page, { installs: true }), 600_000);
