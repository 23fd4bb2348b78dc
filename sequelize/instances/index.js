'use strict';

// The instances of a select: built here from the rows, the same objects as Sequelize's, where that is possible.

module.exports = (lib) => {
  const { instanceClassOf } = lib;
  const dataValuesOf = require('./data-values.js')(lib);
  const instancesWithIncludes = require('./includes.js')(instanceClassOf, dataValuesOf);

  function instancesOfModel({ columns, rows }, { model, originalAttributes, attributes: all }) {
    const Instance = instanceClassOf(model);
    if (!Instance) return undefined;
    const given = originalAttributes || all;
    const byName = new Map(columns.map(({ name, type }, index) => [name, { index, type }]));
    const make = dataValuesOf(model, given, byName, rows.length)?.make;
    if (!make) return undefined;
    const attributes = given?.map((one) => (Array.isArray(one) ? one[1] : one));
    const { _schema, _schemaDelimiter } = model;
    return rows.map((row) => {
      const values = make(row);
      const options = { isNewRecord: false, _schema, _schemaDelimiter, raw: true, attributes: attributes?.slice() };
      return new Instance(values, { ...values }, options);
    });
  }

  /**
   * The instances of a select, as `AbstractQuery.handleSelectQuery` builds them from objects.
   *
   * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result with converted values
   * @param {object} options of the query
   * @returns {object[] | undefined} undefined when Sequelize must build them
   */
  return function instancesOf(result, options) {
    if (options.raw || options.fieldMap || !options.model) return undefined;
    return options.hasJoin === true ? instancesWithIncludes(result, options) : instancesOfModel(result, options);
  };
};
