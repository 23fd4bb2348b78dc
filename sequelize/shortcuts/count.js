'use strict';

// A shorter way for `count` without hooks and groups: see finders.js.

const { conditionOf, functionsOf, hasOnly, hasRenamedAttributes, isEmpty, isPlain } = require('./conditions.js');
const { conformIncludes } = require('./includes.js');
const { addTransaction } = require('./transaction.js');

/** What Sequelize's `count` calls and the shorter way leaves out. */
const LEFT_OUT = ['aggregate', 'runHooks', '_injectScope', '_defaultsOptions', '_baseMerge'];

/** What a scope may have that changes nothing of a count but its rows. */
const OF_SCOPE = ['where', 'include', 'attributes', 'order', 'limit', 'offset', 'paranoid'];

const isSimple = (options) => isPlain(options) && !options.group && !options.attributes;

const NO_OPTIONS = Object.freeze({});

/**
 * The method that takes the place of that of `lib.Model`.
 *
 * @param {object} lib the parts of one copy of Sequelize
 * @returns {{ statics: { count: Function } }}
 */
module.exports = (lib) => {
  const { DataTypes, Sequelize, Utils } = lib;
  const { count } = lib.Model;

  /** What is counted: a column by its attribute, or each row. */
  function counted(Model, { col, distinct, include }) {
    let name = col || '*';
    if (include) name = `${Model.name}.${col || Model.primaryKeyField}`;
    if (distinct && name === '*') name = Model.primaryKeyField;
    const column = Sequelize.col(Model.rawAttributes[name]?.field || name);
    return Sequelize.fn('count', distinct ? Sequelize.fn('DISTINCT', column) : column);
  }

  /**
   * @param {object} options a copy that nobody else has, and a deep one when there is a scope, which is merged into it
   * @param {boolean} isScoped
   */
  async function countRows(Model, options, isScoped) {
    addTransaction(Sequelize, options);
    if (options.hooks === undefined) options.hooks = true;
    Object.assign(options, {
      raw: true,
      plain: true,
      dataType: Model.sequelize.normalizeDataType(new DataTypes.INTEGER()),
      includeIgnoreAttributes: false,
      limit: null,
      offset: null,
      order: null,
    });
    const column = counted(Model, options);
    if (isScoped) Model._injectScope(options);
    conformIncludes(Model, options);
    if (options.include) Model._validateIncludedElements(options);
    options.attributes = [[column, 'count']];
    if (hasRenamedAttributes(Model)) Utils.mapOptionFieldNames(options, Model);
    Model._paranoidClause(Model, options);
    return Model.queryInterface.rawSelect(Model.getTableName(options), options, 'count', Model);
  }

  let hasMethods;
  const methods = {
    count(options) {
      const isShort = isSimple(options ?? NO_OPTIONS) && hasMethods(this) && hasOnly(this._scope, OF_SCOPE);
      if (!isShort) return count.call(this, options);
      const isScoped = !isEmpty(this._scope);
      // Includes are changed, and what is in them too.
      const own = isScoped || options?.include ? Utils.cloneDeep(options) : Object.assign({}, options);
      return countRows(this, own, isScoped);
    },
  };
  hasMethods = conditionOf(lib, ['beforeCount'], { ...methods, ...functionsOf(lib.Model, LEFT_OUT) });
  return { statics: methods };
};
