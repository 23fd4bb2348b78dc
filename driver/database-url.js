'use strict';

// The URLs that name a database and its place in one, such as phantomdb://HOST:PORT/DATABASE. The client's connection strings
// name a place alone.

const SCHEME = /^phantomdb(?:\+[a-z0-9]*)?$/i;
const FORMS =
  'phantomdb://HOST:PORT/DATABASE, phantomdb+https://HOST/DATABASE, phantomdb+memory:///DATABASE, ' +
  'phantomdb+file:///DIRECTORY/DATABASE and phantomdb+file:./DIRECTORY/DATABASE';
const URL_PARTS = /^([^:]+):(?:\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/;
const AUTHORITY = /^(?:(.*)@)?(\[[^\]]*\]|[^:]*)(?::(\d*))?$/;

/** The port of `phantomdb serve`. */
const PORT = 8080;
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
  // The host is the part before the first slash: it is . or .. in a relative path.
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

module.exports = { PORT, isPhantomDB, isWholeUrl, locate, nameOf, partsOf, serverUrl, wrong };
