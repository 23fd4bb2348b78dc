'use strict';

// The answer to `bulkCreate`. Sequelize looks up the attribute of every value in it, which takes longer than the insert.
// Most values came back as they were given, and the instances have them already.

const { types } = require('util');
const { converterOf } = require('../driver/values.js');

/** True when the options are those that `Model.bulkCreate` hands on: it puts what comes back into its instances. */
function isOfInstances({ model, fields, hooks, individualHooks, ignoreDuplicates }) {
  // With rows that are ignored, an answer cannot be told from that of another row.
  return !!model && Array.isArray(fields) && hooks !== undefined && individualHooks === false && !ignoreDuplicates;
}

const isSameTime = (text, given) => types.isDate(given) && Date.parse(text) === given.getTime();

/**
 * The rows of an answer as objects, without the values that are those of the record.
 *
 * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result with a row for each record
 * @param {object[]} records values by the names of their columns
 */
function newValues({ columns, rows }, records) {
  const names = columns.map(({ name }) => name);
  const converters = columns.map(({ type }) => converterOf(type));
  return rows.map((row, index) => {
    const record = records[index];
    const values = {};
    for (let column = 0; column < names.length; column++) {
      const value = row[column];
      const name = names[column];
      const given = record[name];
      if (value === given || (typeof given === 'object' && isSameTime(value, given))) continue;
      const convert = converters[column];
      values[name] = value === null || convert === undefined ? value : convert(value);
    }
    return values;
  });
}

module.exports = { isOfInstances, newValues };
