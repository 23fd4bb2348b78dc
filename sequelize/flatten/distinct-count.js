'use strict';

// A count of different keys with includes, as `findAndCountAll` with `distinct` asks for it. A LEFT JOIN removes no row of the
// main table, and it cannot make a key more than one: where nothing else looks at the joined tables, they need not be read.

module.exports = (lib) => {
  const { Op, Utils } = lib;
  const { Fn, Col, SequelizeMethod } = Utils;

  const isFunction = (value, name) => value instanceof Fn && value.fn === name && value.args.length === 1;

  /** The column of the main table whose different values are counted, by its text. */
  function countedColumn(attributes, { name }) {
    if (attributes?.length !== 1 || !Array.isArray(attributes[0])) return undefined;
    const [count] = attributes[0];
    if (!isFunction(count, 'count') || !isFunction(count.args[0], 'DISTINCT')) return undefined;
    const [column] = count.args[0].args;
    const prefix = `${name}.`;
    const isOfMain = column instanceof Col && typeof column.col === 'string' && column.col.startsWith(prefix);
    return isOfMain ? column.col.slice(prefix.length) : undefined;
  }

  /** True for a join that keeps each row of the table on its left, with all joins below it. */
  const keepsRows = ({ required, right, include }) => !required && !right && !(include ?? []).some(addsRows);
  const addsRows = ({ right, include }) => !!right || (include ?? []).some(addsRows);

  /** True for a condition that can only be about columns of the main table. */
  function isOfMainTable(where) {
    if (where === null || where === undefined || typeof where !== 'object') return true;
    if (where instanceof SequelizeMethod) return false;
    if (Array.isArray(where)) return where.every(isOfMainTable);
    return Reflect.ownKeys(where).every((key) => {
      if (key === Op.col || (typeof key === 'string' && /[.$]/.test(key))) return false;
      return isOfMainTable(where[key]);
    });
  }

  /**
   * The options of a select without the includes that do not matter to it.
   *
   * @param {object} options of the select; they are not changed
   * @param {Function | undefined} model
   */
  function withoutIdleIncludes(options, model) {
    const { attributes, include, where, includeIgnoreAttributes, group, having, groupedLimit } = options;
    if (includeIgnoreAttributes !== false || !include?.length || !model) return options;
    const column = countedColumn(attributes, model);
    if (column === undefined || group || having || groupedLimit) return options;
    if (!include.every(keepsRows) || !isOfMainTable(where)) return options;
    const own = Object.assign({}, options, { include: undefined, hasJoin: false, hasMultiAssociation: false });
    const [[count, alias]] = attributes;
    // The values of a key are different as they are.
    const isKey = model.primaryKeyAttributes.length === 1 && column === model.primaryKeyField;
    if (isKey) own.attributes = [[new Fn('count', count.args[0].args), alias]];
    return own;
  }

  return { withoutIdleIncludes };
};
