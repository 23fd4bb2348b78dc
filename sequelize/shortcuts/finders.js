'use strict';

// A shorter way for `findAll` without hooks, and for `findOne` and `findByPk`, which call it. Sequelize's finders copy their
// options deeply, each of them once more, merge them with a scope that may be empty, look for hooks, and wait for each.
// Where there are none, nothing but that is left out. Every other call goes to Sequelize's own finder.

const { conditionOf, functionsOf, hasRenamedAttributes, isEmpty, isPlain } = require('./conditions.js');
const { conformIncludes, hasSeparate } = require('./includes.js');
const { addTransaction } = require('./transaction.js');

const HOOKS = ['beforeFind', 'beforeFindAfterExpandIncludeAll', 'beforeFindAfterOptions', 'afterFind'];

/** What Sequelize's finders call and the shorter way leaves out. */
const LEFT_OUT = [
  'runHooks',
  'warnOnInvalidOptions',
  '_injectScope',
  '_defaultsOptions',
  '_baseMerge',
  '_findSeparate',
];

function isKey(value) {
  const type = typeof value;
  return type === 'number' || type === 'string' || type === 'bigint' || Buffer.isBuffer(value);
}

/** True for options that ask for nothing that is left out, alone and with those of the scope. */
function isSimple(options, Model) {
  if (options.groupedLimit || Model._scope?.groupedLimit || Model._scope?.rejectOnEmpty) return false;
  const { attributes } = options;
  if (attributes && !Array.isArray(attributes) && !isPlain(attributes)) return false;
  return !(Object.hasOwn(options, 'rejectOnEmpty') ? options.rejectOnEmpty : Model.options.rejectOnEmpty);
}

const NO_OPTIONS = Object.freeze({});

/**
 * The finders that take the place of those of `lib.Model`.
 *
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ statics: Record<'findAll' | 'findOne' | 'findByPk', Function> }}
 */
module.exports = (lib) => {
  const { Model: Base, Sequelize, Utils } = lib;
  const { findAll, findOne, findByPk } = Base;

  /** Joins what is included, each with its key, so that the rows can be told apart. */
  function join(Model, options, tableNames) {
    options.hasJoin = true;
    Model._validateIncludedElements(options, tableNames);
    const { attributes, raw, group, hasSingleAssociation, hasMultiAssociation } = options;
    const { primaryKeyAttribute: key } = Model;
    if (!attributes || raw || !key || attributes.includes(key)) return;
    if (!group || !hasSingleAssociation || hasMultiAssociation) options.attributes = [key, ...attributes];
  }

  /** Gives attributes the names of their columns. Where no name differs, a condition need not be copied for it. */
  function mapNames(Model, options) {
    if (hasRenamedAttributes(Model)) Utils.mapFinderOptions(options, Model);
    else if (Model._hasVirtualAttributes) {
      options.attributes = Model._injectDependentVirtualAttributes(options.attributes).filter(
        (name) => !Model._virtualAttributes.has(name),
      );
    }
  }

  function complete(Model, options, tableNames) {
    conformIncludes(Model, options);
    Model._expandAttributes(options);
    options.originalAttributes = Model._injectDependentVirtualAttributes(options.attributes);
    if (options.include) join(Model, options, tableNames);
    if (!options.attributes) {
      options.attributes = Object.keys(Model.rawAttributes);
      options.originalAttributes = Model._injectDependentVirtualAttributes(options.attributes);
    }
    Model.options.whereCollection = options.where || null;
    mapNames(Model, options);
    Model._paranoidClause(Model, options);
  }

  /**
   * @param {object} options a copy that nobody else has, and a deep one when there is a scope, which is merged into it
   * @param {boolean} isScoped
   */
  async function find(Model, options, isScoped) {
    // With a condition there is nothing to warn about.
    if (!options.where) Model.warnOnInvalidOptions(options, Object.keys(Model.rawAttributes));
    const tableName = Model.getTableName(options);
    const tableNames = { [tableName]: true };
    addTransaction(Sequelize, options);
    if (options.hooks === undefined) options.hooks = true;
    if (!Object.hasOwn(options, 'rejectOnEmpty')) options.rejectOnEmpty = Model.options.rejectOnEmpty;
    if (isScoped) Model._injectScope(options);
    complete(Model, options, tableNames);
    // Includes refer to the options as they were without the names.
    const selected = options.include ? Object.assign({}, options) : options;
    selected.tableNames = Object.keys(tableNames);
    const results = await Model.queryInterface.select(Model, tableName, selected);
    return hasSeparate(options) ? Base._findSeparate(results, options) : results;
  }

  /** True when a condition gives the primary key or a unique column one value, so that it finds one row at most. */
  function findsOne({ primaryKeyAttribute, uniqueKeys }, where) {
    const unique = Object.values(uniqueKeys).filter(({ fields }) => fields.length === 1);
    return Object.entries(where ?? NO_OPTIONS).some(
      ([name, value]) =>
        (name === primaryKeyAttribute || unique.some(({ column }) => column === name)) &&
        (Utils.isPrimitive(value) || Buffer.isBuffer(value)),
    );
  }

  const isOptions = (options) => options === undefined || isPlain(options);
  let hasFinders;
  let canFind;

  const finders = {
    findAll(options) {
      const isShort = isOptions(options) && canFind(this) && isSimple(options ?? NO_OPTIONS, this);
      if (!isShort) return findAll.call(this, options);
      const isScoped = !isEmpty(this._scope);
      // Includes are changed, and what is in them too.
      const own = isScoped || options?.include ? Utils.cloneDeep(options) : Object.assign({}, options);
      return find(this, own, isScoped);
    },

    findOne(options) {
      const where = options?.where;
      const isKnown = isOptions(options) && (!where || isPlain(where)) && hasFinders(this);
      if (!isKnown) return findOne.call(this, options);
      const own = Object.assign({}, options);
      if (own.limit === undefined && !findsOne(this, where)) own.limit = 1;
      if (own.plain === undefined) own.plain = true;
      return this.findAll(own);
    },

    findByPk(param, options) {
      const isKnown = isKey(param) && isOptions(options ?? undefined) && hasFinders(this);
      if (!isKnown) return findByPk.call(this, param, options);
      const own = Object.assign({}, options);
      own.where = { [this.primaryKeyAttribute]: param };
      if (own.limit === undefined && typeof param === 'bigint') own.limit = 1;
      if (own.plain === undefined) own.plain = true;
      return this.findAll(own);
    },
  };
  hasFinders = conditionOf(lib, [], finders);
  canFind = conditionOf(lib, HOOKS, { findAll: finders.findAll, ...functionsOf(Base, LEFT_OUT) });
  return { statics: finders };
};
