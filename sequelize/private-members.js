'use strict';

// The private members of Sequelize, and of what it depends on, that the shim repeats or bypasses for speed. Each is
// compared with the source text it is known to have; when one differs, the faster way is off and Sequelize's own code
// runs instead. The hashes are those of Sequelize 6.28 to 6.37, which __test__/private-members.test.js checks.

const { createHash } = require('crypto');

const sourceOf = (value) => (typeof value === 'function' ? Function.prototype.toString.call(value) : String(value));

/** The constructor within the text of a class. */
const constructorOf = (Class) => /^ {2}constructor\([\s\S]*?\n {2}\}$/m.exec(sourceOf(Class))?.[0];

/** The texts of several methods together. */
const methodsOf = (owner, names) => names.map((name) => sourceOf(owner?.[name])).join('\n');

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
    source: ({ Pool }) => methodsOf(Pool?.prototype, poolMethods),
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
  'the constructor of Model': {
    source: ({ Model }) => constructorOf(Model),
    hashes: ['2dd2b3ed365a2e9543d5f3c6965f6423366d25c35efa0d3629ee752be458d2df'],
  },
  'the methods of Model that build': {
    source: ({ Model, Utils }) =>
      methodsOf(Model?.prototype, ['set', 'changed', '_initValues', '_setInclude']) +
      methodsOf(Model, ['build', 'bulkBuild']) +
      methodsOf(Utils, ['toDefaultValue']),
    hashes: ['ca8fd56946f6b1bec598327af03b7db8268216478a4c799715e21e720df12cb4'],
  },
  'the methods of AbstractQuery that build': {
    source: ({ AbstractQuery }) =>
      methodsOf(AbstractQuery?.prototype, ['handleSelectQuery']) + methodsOf(AbstractQuery, ['_groupJoinData']),
    hashes: [
      // 6.28 to 6.33
      '8c0fd958c20004b7bb6302e95949b0a523f859c80f77e349a30eb7673f503997',
      'c4841e8c0de48f55c2780221e037699936fa597527b537b858fd3af7fe65f194',
    ],
  },
  'the finders of Model': {
    source: ({ Model }) => methodsOf(Model, ['findByPk', 'findOne', 'findAll']),
    hashes: [
      // 6.28
      'f05644cc1e342a3a62be4d03ae9a0324cb46e1d30925e9d40e44d761e728369d',
      'af59abf730994f9d6bc03f3a6c4af2ffaae59ec04d8bd8ac2f6634193929739f',
    ],
  },
  'the counts of Model': {
    source: ({ Model }) => methodsOf(Model, ['count', 'aggregate']),
    hashes: [
      // 6.28
      '00036f9d654f9c4c15b5f3887063861d29bf9e9c4e8063ced723a2588f445429',
      '755feb336cb0975733dec463ec007c1a48c24dcbf77217df005623a1292c93bb',
    ],
  },
  'how Model saves': {
    source: ({ Model }) =>
      methodsOf(Model?.prototype, ['save', 'validate', 'changed', 'get', 'where']) +
      methodsOf(Model, ['create', 'runHooks', '_getDefaultTimestamp']),
    hashes: [
      // 6.28
      '79eeef37eb98bf0da2bc7debad4e9d935df070286d208403224d6f68ef788c4e',
      '3e67f33c4927de8e15085279b6a86eabc84e20867c4536f638d1bc98151a35b4',
    ],
  },
  'how Model updates': {
    source: ({ Model }) => methodsOf(Model, ['update']) + methodsOf(Model?.prototype, ['update', 'set']),
    hashes: [
      // 6.28
      '11d5289c02f2670fc92fd5370d5f07fae60ecc619e52d7cf3e1b78aee318ce4a',
      '400c4d08a2242b28758d694a2523c86c325533f96bb207bcf5ca7aee0ce83ee0',
    ],
  },
  'how Model creates many rows': {
    source: ({ Model, Utils }) => methodsOf(Model, ['bulkCreate']) + methodsOf(Utils, ['mapValueFieldNames']),
    hashes: [
      // 6.28
      'd7e90e4684e31ac3122fef10a032bf88e2fec63ce8b2b16ad51cde92d806d1aa',
      '6286c3dd89fb914628ab8499bafbe350630961ac934c169a99d4bb36e660892d',
    ],
  },
  'how Model upserts': {
    source: ({ Model }) => methodsOf(Model, ['upsert']),
    hashes: [
      // 6.28
      '0aa8cd9d92ff290f5186bccce123afa3b91e3efa32b9df509976ddb3ae005c58',
      '34a9ccd305d742ae534400aa900a5e31db4c34c08dda1186f5a094d6a5acc2e3',
    ],
  },
  'the class InstanceValidator': {
    source: ({ InstanceValidator }) => sourceOf(InstanceValidator),
    hashes: ['fab528dc8da5a01d24984ad2a2fc900908b7b1ae8d53aceb8be0aa83195dcf7f'],
  },
  'what the finders of Model call': {
    source: ({ Model, Utils }) =>
      methodsOf(Model, [
        'runHooks',
        'getTableName',
        'warnOnInvalidOptions',
        '_injectScope',
        '_defaultsOptions',
        '_baseMerge',
        '_conformIncludes',
        '_expandAttributes',
        '_expandIncludeAll',
        '_findSeparate',
        '_injectDependentVirtualAttributes',
        '_paranoidClause',
      ]) + methodsOf(Utils, ['cloneDeep', 'mapFinderOptions', 'mapOptionFieldNames', 'mapWhereFieldNames']),
    hashes: ['a9908b97e52a409e9a7f05f985cbb3d593b616aa9a872158b685876f93b404f6'],
  },
};

/** By shortcut: its name in the debug log, and the members that it repeats or bypasses. */
const SHORTCUTS = {
  canQueryDirectly: {
    what: 'the direct way of a statement to its connection',
    members: [
      'Sequelize.query',
      'Sequelize.runHooks',
      'ConnectionManager.getConnection',
      'ConnectionManager.releaseConnection',
      'the class Pool of sequelize-pool',
      'the methods of Pool',
      'retry-as-promised',
    ],
  },
  canSkipConstructor: {
    what: 'the shorter constructor of a query',
    members: ['the constructor of AbstractQuery'],
  },
  canBuildInstances: {
    what: 'the shorter way from rows to instances',
    members: ['the constructor of Model', 'the methods of Model that build', 'the methods of AbstractQuery that build'],
  },
  canFindDirectly: {
    what: 'the shorter way of a finder',
    members: ['the finders of Model', 'what the finders of Model call'],
  },
  canCountDirectly: {
    what: 'the shorter way of a count',
    members: ['the counts of Model', 'what the finders of Model call'],
  },
  canSaveDirectly: {
    what: 'the shorter way of saving an instance',
    members: ['how Model saves', 'the class InstanceValidator'],
  },
  canUpdateDirectly: {
    what: 'the shorter way of an update',
    members: ['how Model updates', 'how Model saves', 'what the finders of Model call', 'the class InstanceValidator'],
  },
  canCreateManyDirectly: {
    what: 'the shorter way of creating many rows',
    members: [
      'how Model creates many rows',
      'the constructor of Model',
      'the methods of Model that build',
      'how Model saves',
    ],
  },
  canUpsertDirectly: {
    what: 'the shorter way of an upsert',
    members: ['how Model upserts', 'how Model saves', 'the class InstanceValidator'],
  },
};

const hashOf = (text) => createHash('sha256').update(String(text)).digest('hex');

/** Finds the first member whose source text is not known. @returns {string | undefined} its name */
function unknownMember(lib, names) {
  return names.find((name) => !MEMBERS[name].hashes.includes(hashOf(MEMBERS[name].source(lib))));
}

/**
 * Checks the members in one copy of Sequelize, and says in its debug log (`DEBUG=sequelize:phantomdb`) what is off.
 *
 * @returns {Record<keyof SHORTCUTS, boolean>} which shortcuts may be taken
 */
function checkPrivateMembers(lib) {
  const debug = lib.logger.debugContext('phantomdb');
  const isKnown = ({ what, members }) => {
    const unknown = unknownMember(lib, members);
    if (unknown !== undefined) {
      debug(`${what} is off: ${unknown} of Sequelize ${lib.Sequelize.version} is not as this package knows it`);
    }
    return unknown === undefined;
  };
  return Object.fromEntries(Object.entries(SHORTCUTS).map(([name, shortcut]) => [name, isKnown(shortcut)]));
}

module.exports = { checkPrivateMembers, MEMBERS, SHORTCUTS };
