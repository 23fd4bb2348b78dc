'use strict';

// A configuration that names PhantomDB in words, as a `config.json`, an environment variable or `--url` must:
// `dialect: 'phantomdb'` with a `url` or a `host`, or one URL for everything. Here it becomes what the constructor of a
// PhantomDBDialect takes, and the name of the database.

const { OPTIONS, checkOptions, checkUrl, defaultUrl } = require('../driver/dialect-options.js');

const SCHEME = /^phantomdb(?:\+[a-z0-9]*)?$/i;
const FORMS =
  'phantomdb://HOST:PORT/DATABASE, phantomdb+https://HOST/DATABASE, phantomdb+memory:///DATABASE, ' +
  'phantomdb+file:///DIRECTORY/DATABASE and phantomdb+file:./DIRECTORY/DATABASE';
const URL_PARTS = /^([^:]+):(?:\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/;
const AUTHORITY = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

/** The port of `phantomdb serve`. */
const PORT = 8080;
/** The host that Sequelize fills in when a configuration has none. */
const NO_HOST = 'localhost';

/** True for the name of the dialect and for the schemes of its URLs, which Sequelize takes for names of dialects. */
function isPhantomDB(dialect) {
  return typeof dialect === 'string' && SCHEME.test(dialect);
}

/** True for a URL that names the database too. */
function isWholeUrl(url) {
  return typeof url === 'string' && url.includes(':') && isPhantomDB(url.slice(0, url.indexOf(':')));
}

// No message repeats a URL, which may hold a token.
const wrong = (why) => new TypeError(`${why}. The URLs of PhantomDB are ${FORMS}.`);

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('The URL has a % that is not followed by two hexadecimal digits');
  }
}

/** The parts of a URL that names the database too, as the parser that Sequelize uses finds them. */
function partsOf(url) {
  const [, scheme, authority, path, query, fragment] = URL_PARTS.exec(url) ?? [];
  const parts = authority === undefined ? undefined : AUTHORITY.exec(authority);
  if (!parts || fragment !== undefined) throw wrong('The URL cannot be read');
  const [, auth = '', host, port] = parts;
  const [, password] = /^[^:]*:(.*)$/.exec(auth) ?? [];
  return {
    scheme,
    host: host.toLowerCase(),
    port: port || undefined,
    path: path.replace(/^\//, ''),
    password: password && decoded(password),
    query: Object.fromEntries(new URLSearchParams(query ?? '')),
  };
}

/** The connection string and the database that the parts of a URL name. */
function locate(parts) {
  const scheme = parts.scheme.toLowerCase();
  if (scheme === 'phantomdb') return server('http', parts, PORT);
  if (scheme === 'phantomdb+https') return server('https', parts);
  if (scheme === 'phantomdb+memory') return { url: `memory:${parts.host ?? ''}`, database: nameOf(parts.path) };
  if (scheme === 'phantomdb+file') return file(parts);
  throw wrong(`PhantomDB has no URLs that begin with ${scheme}:`);
}

function nameOf(path) {
  if (path.includes('/')) throw wrong('The URL has a path of several parts, where the name of the database stands');
  return decoded(path) || undefined;
}

function server(protocol, { host, port, path }, defaultPort) {
  if (!host) throw wrong('The URL names no host');
  return { url: serverUrl(protocol, host, port ?? defaultPort), database: nameOf(path) };
}

function serverUrl(protocol, host, port) {
  // An address of IPv6 has colons of its own.
  const name = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  return `${protocol}://${name}${port === undefined ? '' : `:${port}`}`;
}

function file({ host, path }) {
  // What stands before the first slash is the host, here . or .. of a relative path.
  if (host && host !== '.' && host !== '..') {
    throw wrong('A path in a URL begins with ./ or ../, or, from the root, with three slashes');
  }
  // On Windows a path from the root begins with its drive.
  const from = !host && /^[a-z]:\//i.test(path) ? '' : `${host ?? ''}/`;
  const whole = decoded(from + path);
  const slash = whole.lastIndexOf('/');
  if (slash === whole.length - 1) throw wrong('The URL names no database after its directory');
  return { url: `file:${whole.slice(0, slash) || '/'}`, database: whole.slice(slash + 1) };
}

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

module.exports = { isPhantomDB, isWholeUrl, readConfiguration, refuseScheme };
