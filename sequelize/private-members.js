'use strict';

// The private members of Sequelize, and of what it depends on, that the shim repeats or bypasses for speed. Each is
// compared with the source text it is known to have; when one differs, the faster way is off and Sequelize's own code
// runs instead. The hashes are those of Sequelize 6.28 to 6.37, which __test__/private-members.test.js checks.

const { createHash } = require('crypto');

const sourceOf = (value) => (typeof value === 'function' ? Function.prototype.toString.call(value) : String(value));

/** The constructor within the text of a class. */
const constructorOf = (Class) => /^ {2}constructor\([\s\S]*?\n {2}\}$/m.exec(sourceOf(Class))?.[0];

const poolMethods = ['acquire', 'release', '_dispense', '_addResourceToInUseObjects'];

/** By name: where the source text is found, and the SHA-256 hashes of the texts that are known. */
const MEMBERS = {
  'Sequelize.query': {
    source: ({ Sequelize }) => sourceOf(Sequelize.prototype.query),
    hashes: ['0f3242a04099851c1343caa80b346f1eae18856f2c1f378da8c523a648c246f6'],
  },
  'Sequelize.runHooks': {
    source: ({ Sequelize }) => sourceOf(Sequelize.prototype.runHooks),
    hashes: ['856808a087360b15df331e07387e85be6b00716dd2a13fd30e3f252d2d96c890'],
  },
  'ConnectionManager.getConnection': {
    source: ({ AbstractConnectionManager }) => sourceOf(AbstractConnectionManager.prototype.getConnection),
    hashes: [
      '0615f1a349ad5caca2597a6a6aeadacb274f94b277a0acd031b63445be75fdce',
      'ca31cbdb11d44c8158ad49edf70db21af3ddc917f3dec1b586d17d95cccd797e',
    ],
  },
  'ConnectionManager.releaseConnection': {
    source: ({ AbstractConnectionManager }) => sourceOf(AbstractConnectionManager.prototype.releaseConnection),
    hashes: ['5812f3158e57f1ab584e2ed39082fedf28c8c95be841f2fd2317ce8f1fa19900'],
  },
  'the class Pool of sequelize-pool': {
    source: ({ Pool }) => sourceOf(Pool),
    hashes: ['728ff0cf8a304bb7137617b9b7278a1bd5418311360ed79d28a29b9ad398bf63'],
  },
  // A method that was replaced before this package was loaded is not in the text of its class.
  'the methods of Pool': {
    source: ({ Pool }) => poolMethods.map((name) => sourceOf(Pool?.prototype?.[name])).join('\n'),
    hashes: ['1dfbdf48b77ea8d84d38014a6a07bb6562399c2217cb784f648af05e9af8688f'],
  },
  'retry-as-promised': {
    source: ({ retryAsPromised }) => sourceOf(retryAsPromised),
    hashes: [
      // 7.0
      'ad97d41ad74fbdfacad3249fe4f244d1f6f7397f9fd2adb0dacae6e40d50c493',
      // 7.1.0
      'a334e2c0e14378073cd97ab861877bdc3652865bf9b37a61d7b24ee1f31f72c2',
      // 7.1.1
      'bc7a71ac56427117d81d865c40ebb801cc454ca1ab29ec5b8eab080d4353e1e4',
    ],
  },
  'the constructor of AbstractQuery': {
    source: ({ AbstractQuery }) => constructorOf(AbstractQuery),
    hashes: ['39b617edf3ed01e50e6a041248f4f199345e76b6f9a2907c3ccb53b9630a606a'],
  },
};

/** The members that direct-query.js repeats or bypasses. */
const OF_DIRECT_QUERY = Object.keys(MEMBERS).filter((name) => name !== 'the constructor of AbstractQuery');

const hashOf = (text) => createHash('sha256').update(String(text)).digest('hex');

/** Finds the first member whose source text is not known. @returns {string | undefined} its name */
function unknownMember(lib, names) {
  return names.find((name) => !MEMBERS[name].hashes.includes(hashOf(MEMBERS[name].source(lib))));
}

/**
 * Checks the members in one copy of Sequelize, and says in its debug log (`DEBUG=sequelize:phantomdb`) what is off.
 *
 * @returns {{ canQueryDirectly: boolean, canSkipConstructor: boolean }}
 */
function checkPrivateMembers(lib) {
  const debug = lib.logger.debugContext('phantomdb');
  const isKnown = (names, what) => {
    const unknown = unknownMember(lib, names);
    if (unknown !== undefined) {
      debug(`${what} is off: ${unknown} of Sequelize ${lib.Sequelize.version} is not as this package knows it`);
    }
    return unknown === undefined;
  };
  return {
    canQueryDirectly: isKnown(OF_DIRECT_QUERY, 'the direct way of a statement to its connection'),
    canSkipConstructor: isKnown(['the constructor of AbstractQuery'], 'the shorter constructor of a query'),
  };
}

module.exports = { checkPrivateMembers, MEMBERS };
