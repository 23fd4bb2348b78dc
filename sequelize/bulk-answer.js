'use strict';

// The answer to `bulkCreate`. Sequelize looks up the attribute of every value in it, which takes longer than the insert.
// Most values came back as they were given, and the instances have them already.

const { types } = require('util');
const { listMaker } = require('../driver/row-objects.js');
const { timestampWriter } = require('../driver/timestamps.js');
const { converterOf } = require('../driver/values.js');

/** True when the options are those that `Model.bulkCreate` hands on: it puts what comes back into its instances. */
function isOfInstances({ model, fields, hooks, individualHooks, ignoreDuplicates }) {
  // With rows that are ignored, an answer cannot be told from that of another row.
  return !!model && Array.isArray(fields) && hooks !== undefined && individualHooks === false && !ignoreDuplicates;
}

/** A function that says whether a text is the time of a Date. Sequelize gives all rows the same object as their `createdAt`. */
function timeComparison() {
  const written = timestampWriter();
  let lastText;
  let lastGiven;
  return (text, given) => {
    if (given === lastGiven && text === lastText) return true;
    if (!types.isDate(given) || Number.isNaN(given.getTime()) || written(given) !== text) return false;
    [lastText, lastGiven] = [text, given];
    return true;
  };
}

/**
 * The rows of an answer as objects, without the values that are those of the record.
 *
 * @param {{ columns: { name: string, type: string }[], rows: unknown[][] }} result with a row for each record
 * @param {object[]} records values by the names of their columns
 */
function newValues({ columns, rows }, records) {
  const names = columns.map(({ name }) => name);
  const converters = columns.map(({ type }) => converterOf(type));
  const comparisons = columns.map(timeComparison);
  const givenOf = listMaker(names, records.length);
  return rows.map((row, index) => {
    const list = givenOf(records[index]);
    const values = {};
    for (let column = 0; column < names.length; column++) {
      const value = row[column];
      const given = list[column];
      if (value === given || (typeof given === 'object' && comparisons[column](value, given))) continue;
      const convert = converters[column];
      values[names[column]] = value === null || convert === undefined ? value : convert(value);
    }
    return values;
  });
}

module.exports = { isOfInstances, newValues };
