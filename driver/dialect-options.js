'use strict';

// What the constructor of a PhantomDBDialect takes: a connection string, and options.

const { inspect } = require('util');

const { isSnapshot } = require('./snapshot.js');
const { isTls } = require('./tls.js');

const DEFAULT_URL = 'http://localhost:8080';

const MILLISECONDS = ['a whole number of milliseconds above 0', (value) => Number.isInteger(value) && value > 0];
const COUNT = ['a whole number above 0', (value) => Number.isInteger(value) && value > 0];
const BOOLEAN = ['true or false', (value) => typeof value === 'boolean'];

/** The options, each with what it must be: in words and as a check. */
const OPTIONS = {
  token: ['a string', (value) => typeof value === 'string'],
  connectTimeoutMs: MILLISECONDS,
  requestTimeoutMs: MILLISECONDS,
  retries: ['a whole number, 0 or more', (value) => Number.isInteger(value) && value >= 0],
  createDatabase: BOOLEAN,
  template: [
    'a snapshot, or the path of a file that one was saved to',
    (value) => isSnapshot(value) || (typeof value === 'string' && value !== ''),
  ],
  lockIdleTimeoutMs: MILLISECONDS,
  statementTimeoutMs: MILLISECONDS,
  resultRowsMax: COUNT,
  resultBytesMax: COUNT,
  native: BOOLEAN,
  tls: ['{ ca } with certificates in PEM or the path of a file, and nothing else', isTls],
};

/** Options that may hold a secret, even where it does not belong. */
const SECRET = new Set(['token', 'tls']);

/** What to write instead of an option that other dialects have. */
const INSTEAD = {
  ssl: 'For TLS write a URL with https://, and give the certificates of a private authority as tls: { ca }.',
  password: "A server's token is the option token.",
  user: 'PhantomDB has no users; access goes by the option token.',
  username: 'PhantomDB has no users; access goes by the option token.',
  database: 'The database is the first argument of new Sequelize, or its option database.',
  host: 'Write the host into the URL, which is the first argument.',
  port: 'Write the port into the URL, which is the first argument.',
  url: 'The URL is the first argument.',
  logging: 'It is an option of new Sequelize.',
};

function checkOptions(options) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of PhantomDBDialect must be an object, not ${inspect(options)}.`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const instead = Object.hasOwn(INSTEAD, name) ? ` ${INSTEAD[name]}` : '';
      const names = Object.keys(OPTIONS).join(', ');
      throw new TypeError(`PhantomDBDialect has no option '${name}'.${instead} The options are: ${names}.`);
    }
    const [words, isRight] = OPTIONS[name];
    if (value !== undefined && !isRight(value)) {
      const shown = SECRET.has(name) ? typeof value : inspect(value);
      throw new TypeError(`The option '${name}' of PhantomDBDialect must be ${words}, not ${shown}.`);
    }
  }
}

/** The connection string of a dialect that was made without one. */
function defaultUrl() {
  const url = process.env.PHANTOMDB_URL ?? DEFAULT_URL;
  if (url === '') {
    throw new TypeError('No URL was given: the environment variable PHANTOMDB_URL is empty.');
  }
  return url;
}

/** Throws a TypeError unless a connection string was given. `what` names it in the message. */
function checkUrl(url, what) {
  if (url === undefined || url === null || url === '') {
    const shown = url === '' ? 'an empty string' : String(url);
    throw new TypeError(
      `No URL was given: ${what} is ${shown}. Is an environment variable not set? Leave it out to use ` +
        `PHANTOMDB_URL, or else ${DEFAULT_URL}.`,
    );
  }
  if (typeof url !== 'string') {
    throw new TypeError(`No URL was given: ${what} must be a string, not ${inspect(url)}.`);
  }
}

module.exports = { OPTIONS, checkOptions, checkUrl, defaultUrl };
