'use strict';

// A configuration that names PhantomDB in words, as a `config.json`, an environment variable or `--url` must:
// `dialect: 'phantomdb'` with a `url` or a `host`, or one URL for everything. Here it becomes what the constructor of a
// PhantomDBDialect takes, and the name of the database.

const { PORT, isWholeUrl, locate, nameOf, partsOf, serverUrl, wrong } = require('../driver/database-url.js');
const { OPTIONS, checkOptions, checkUrl, defaultUrl } = require('../driver/dialect-options.js');

/** The host that Sequelize fills in when a configuration has none. */
const NO_HOST = 'localhost';

/** Values that come from the query of a URL or from the environment are text. */
function withTypes(options) {
  const typed = {};
  for (const [name, value] of Object.entries(options)) {
    typed[name] = value;
    const isRight = Object.hasOwn(OPTIONS, name) ? OPTIONS[name][1] : () => true;
    if (typeof value !== 'string' || isRight(value)) continue;
    if (/^\d+$/.test(value)) typed[name] = Number(value);
    if (value === 'true' || value === 'false') typed[name] = value === 'true';
  }
  return typed;
}

/** The token, which may stand where users and passwords stand elsewhere. */
function tokenOf(password, { token }) {
  if (password && token !== undefined && token !== password) {
    throw new TypeError('The password and dialectOptions.token are two different tokens; leave one out.');
  }
  return password || token;
}

/**
 * True when Sequelize has taken the configuration from a URL: then it has put the query of the URL, which has no
 * prototype, into `dialectOptions`. When the user gave `dialectOptions` too, nothing tells.
 */
const isOfUrl = ({ dialectOptions }) => Boolean(dialectOptions) && Object.getPrototypeOf(dialectOptions) === null;

/** Where a configuration without the option `url` has its database. */
function locateByHost(given) {
  const { host, port, protocol, ssl } = given;
  const database = given.database && (isOfUrl(given) ? nameOf(given.database) : unlessMalformed(given));
  if (!host) throw wrong('The configuration names no host');
  const isTls = Boolean(ssl) || protocol === 'https';
  if (host === NO_HOST && !port && !isTls && !isOfUrl(given)) return locateByUrl({ url: defaultUrl(), database });
  return { url: serverUrl(isTls ? 'https' : 'http', host, port ?? (isTls ? undefined : PORT)), database };
}

/** The name of a database that was perhaps part of a URL. */
function unlessMalformed({ database, dialectOptions }) {
  try {
    return dialectOptions ? decodeURIComponent(database) : database;
  } catch {
    return database;
  }
}

/** Where a URL says that the database is: one that names the database too, or a connection string of PhantomDBDialect. */
function locateByUrl({ url, host, database }) {
  checkUrl(url, "the option url beside dialect: 'phantomdb'");
  const parts = isWholeUrl(url) ? partsOf(url) : undefined;
  const place = parts ? locate(parts) : { url, database };
  if (host && host !== NO_HOST && host !== hostOf(place.url)) {
    throw new TypeError('The options url and host name two different places; leave host out.');
  }
  if (parts && place.database && database && database !== place.database) {
    throw new TypeError(
      `The URL names the database '${place.database}', and the option database says '${database}'; leave one out.`,
    );
  }
  return { ...parts, ...place, database: place.database ?? database };
}

function hostOf(url) {
  try {
    return new URL(url).hostname;
  } catch {
    return undefined;
  }
}

/**
 * Reads a configuration.
 *
 * @param {{ dialect: string, url?: string, host?: string | null, port?: string | number,
 *   password?: string, database?: string, protocol?: string, ssl?: unknown, storage?: string, dialectOptions?: object }} given
 * @returns {{ url: string, database: string | undefined, options: object }} the arguments of the constructor of a
 *   PhantomDBDialect, and the database
 * @throws {TypeError} for one that is wrong; no message repeats a token
 */
function readConfiguration(given) {
  const { dialect } = given;
  if (given.storage) {
    throw new TypeError("The option storage belongs to sqlite. Write url: 'file:DIRECTORY', or url: 'memory:'.");
  }
  let place;
  if (Object.hasOwn(given, 'url')) place = locateByUrl(given);
  else if (dialect.includes('+')) place = locate({ ...given, scheme: dialect, path: given.database ?? '' });
  else place = locateByHost(given);
  const dialectOptions = { ...given.dialectOptions, ...place.query };
  const token = tokenOf(place.password ?? given.password, dialectOptions);
  const options = withTypes({ ...dialectOptions, token });
  if (options.token === undefined) delete options.token;
  checkOptions(options);
  return { url: place.url, database: place.database, options };
}

/** What takes the place of a connection string's own schemes, which Sequelize takes for names of dialects. */
const SCHEMES = {
  http: 'phantomdb://HOST:PORT/DATABASE',
  https: 'phantomdb+https://HOST/DATABASE',
  memory: 'phantomdb+memory:///DATABASE',
  file: 'phantomdb+file:./DIRECTORY/DATABASE',
};

/** Throws for a dialect that is the scheme of a connection string: of `new Sequelize('http://localhost:8080')`. */
function refuseScheme(dialect) {
  if (typeof dialect === 'string' && Object.hasOwn(SCHEMES, dialect)) {
    throw new TypeError(
      `A URL that is given to new Sequelize decides the dialect, and none is called '${dialect}'. Write ` +
        `new Sequelize('${SCHEMES[dialect]}'), or new Sequelize({ database, dialect: new PhantomDBDialect(url) }).`,
    );
  }
}

module.exports = { readConfiguration, refuseScheme };
