'use strict';

// The `dataValues` of an instance: which columns of a row become attributes, in which order, and what their data types make
// of the values, as `Model.prototype.set` does it for values that come from the database.

const { objectMaker } = require('../../driver/row-objects.js');

module.exports = ({ DIALECT_NAME, DataTypes }) => {
  const { BOOLEAN, DATE } = DataTypes;
  const { DATEONLY } = DataTypes[DIALECT_NAME];
  const booleans = BOOLEAN.prototype._sanitize;
  /** What data types do that leave the values of a database as they are. */
  const idle = new Set([DATE.prototype._sanitize, DATEONLY.prototype._sanitize]);

  /** The names of the properties. @returns {string[] | undefined} undefined when an attribute is more than a name */
  function propertiesOf(Model, attributes, columns) {
    if (attributes === undefined) return [...columns.keys()];
    const names = attributes.map((attribute) => (Array.isArray(attribute) ? attribute[1] : attribute));
    if (!names.every((name) => typeof name === 'string' && (columns.has(name) || !(name in Object.prototype)))) {
      return undefined;
    }
    const virtual = Model._hasVirtualAttributes ? Model._virtualAttributes : [];
    return [...new Set([...names, ...virtual])].filter((name) => columns.has(name));
  }

  /** What has to be done to the values of attributes. @returns {[string, Function][] | undefined} */
  function sanitizersOf({ _dataTypeSanitizers: sanitizers }, names, columns) {
    const needed = [];
    for (const name of names) {
      if (!Object.hasOwn(sanitizers, name) || idle.has(sanitizers[name])) continue;
      // A data type of the user's own may look at the rest of the instance.
      if (sanitizers[name] !== booleans) return undefined;
      if (columns.get(name).type !== 'boolean') needed.push([name, booleans]);
    }
    return needed;
  }

  /**
   * The function that makes the `dataValues` of a row.
   *
   * @param {Function} Model
   * @param {(string | [unknown, string])[] | undefined} attributes of the instance; undefined for every column
   * @param {Map<string, { index: number, type: string }>} columns by name, in their order
   * @param {number} count of the rows
   * @returns {{ names: string[], make: (row: unknown[]) => object } | undefined} undefined when Sequelize must do it
   */
  return function dataValuesOf(Model, attributes, columns, count) {
    if (columns.has('__proto__')) return undefined;
    const names = propertiesOf(Model, attributes, columns);
    const sanitizers = names && sanitizersOf(Model, names, columns);
    if (!sanitizers) return undefined;
    const indexes = names.map((name) => columns.get(name).index);
    const makeObject = objectMaker(names, indexes, count);
    if (sanitizers.length === 0) return { names, make: makeObject };
    const make = (row) => {
      const values = makeObject(row);
      for (const [name, sanitize] of sanitizers) values[name] = sanitize(values[name]);
      return values;
    };
    return { names, make };
  };
};
