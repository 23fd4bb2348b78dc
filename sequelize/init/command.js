'use strict';

// `phantomdb init`: writes what a project needs to use PhantomDB through Sequelize and sequelize-cli.

const { promises: fs } = require('fs');
const path = require('path');
const { parseArgs } = require('util');

const { isWholeUrl } = require('../../driver/database-url.js');
const { isModulePackage } = require('../module-package.js');
const { filesOf } = require('./files.js');

const USAGE = `Writes a configuration and a first model into a project. Nothing that is there
is overwritten.

Usage: phantomdb init [OPTIONS]

Options:
      --url <URL>         http://…, https://… or file:… of the configuration
                          "development" [default: file:./data]
  -d, --database <NAME>   The database [default: myapp]
      --typescript        Write the models in TypeScript
  -h, --help              Print help

It writes .sequelizerc, config/config.js, models/index.js, models/user.js and a
migration. The .js files are ECMAScript modules where package.json says
"type": "module".`;

const OPTIONS = {
  url: { type: 'string', default: 'file:./data' },
  database: { type: 'string', short: 'd', default: 'myapp' },
  typescript: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

const FAILED = 1;
const MISUSED = 2;

/** Files in whose place a project may have another one. */
const INSTEAD = [
  ['config/config.js', /^config\.(json|c?js|mjs|ts)$/],
  ['models/index', /^index\.(c?js|mjs|ts)$/],
  ['models/user', /^user\.(c?js|mjs|ts)$/],
  ['migrations/', /-create-users?\.(c?js|ts)$/],
];

/** The file that a project has already in place of one of ours. */
async function presentFor(directory, name) {
  const [, pattern] = INSTEAD.find(([start]) => name.startsWith(start)) ?? [undefined, /^\.sequelizerc$/];
  const folder = path.join(directory, path.dirname(name));
  const names = await fs.readdir(folder).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const present = names.find((candidate) => pattern.test(candidate));
  return present && path.posix.join(path.dirname(name), present);
}

/** What to add to a file of the project's own. */
const ADVICE = {
  '.sequelizerc': "It needs the line require('phantomdb-sequelize');",
  'config/config.js':
    "A configuration for PhantomDB is { dialect: 'phantomdb', url: 'file:./data', database: 'myapp' }.",
};

async function run(directory, { url, database, typescript }) {
  const project = {
    url,
    database,
    isModule: await isModulePackage(directory),
    isTypescript: typescript,
    config: (await presentFor(directory, 'config/config.js')) ?? 'config/config.js',
    stamp: new Date().toISOString().slice(0, 19).replace(/\D/g, ''),
  };
  for (const [name, text] of Object.entries(filesOf(project))) {
    const present = await presentFor(directory, name);
    if (present) {
      const advice = ADVICE[name];
      const isOurs = (await fs.readFile(path.join(directory, present), 'utf8')) === text;
      console.log(`Kept  ${present}, which was there.${isOurs || !advice ? '' : ` ${advice}`}`);
      continue;
    }
    await fs.mkdir(path.dirname(path.join(directory, name)), { recursive: true });
    await fs.writeFile(path.join(directory, name), text, { flag: 'wx' });
    console.log(`Wrote ${name}`);
  }
  console.log(`
Next, with sequelize-cli (npm install --save-dev sequelize-cli):
  npx sequelize-cli db:migrate
${project.isModule || typescript ? '' : '  npx sequelize-cli model:generate --name Post --attributes title:string\n'}Without it, sequelize.sync() makes the tables of the models.`);
}

/** Runs the command and returns the exit code. */
async function init(args) {
  let values;
  try {
    if (!parseArgs) throw new Error('phantomdb init needs Node 18.3 or later.');
    ({ values } = parseArgs({ args, options: OPTIONS }));
    if (!/^(https?:\/\/|file:)/.test(values.url)) {
      const isWhole = isWholeUrl(values.url) ? '; the database goes into --database' : '';
      throw new Error(`--url is http://HOST:PORT, https://HOST or file:DIRECTORY${isWhole}.`);
    }
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    return MISUSED;
  }
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  try {
    await run(process.cwd(), values);
    return 0;
  } catch (error) {
    console.error(error.message);
    return FAILED;
  }
}

module.exports = { init };
