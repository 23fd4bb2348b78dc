'use strict';

// The contract's error codes as Sequelize's error classes.

const contract = require('../driver/contract.js');

/** The names of Sequelize's classes, by error code and by the reason why a server is unreachable. */
function errorClasses() {
  const { errors, unreachableReasons } = contract;
  return {
    byCode: new Map(errors.map(({ code, sequelizeClass }) => [code, sequelizeClass])),
    byReason: new Map(Object.entries(unreachableReasons)),
  };
}

const { byCode, byReason } = errorClasses();

module.exports = (lib) => {
  const { errors } = lib;

  function uniqueConstraintError(parent, query) {
    const { columns, value } = parent.details;
    const fields = {};
    const items = columns.map((column) => {
      fields[column] = query.valueOf(column) ?? value;
      return new errors.ValidationErrorItem(
        query.getUniqueConstraintErrorMessage(column),
        'unique violation',
        column,
        fields[column],
        query.instance,
        'not_unique',
      );
    });
    const key = Object.values(query.model?.uniqueKeys ?? {}).find(
      (candidate) => candidate.msg && isSameList(candidate.fields, columns),
    );
    const message = key?.msg ?? (items.length > 0 ? 'Validation error' : parent.message);
    return new errors.UniqueConstraintError({ message, errors: items, parent, fields });
  }

  function foreignKeyConstraintError(parent, query) {
    const { table, columns, constraint, value, side } = parent.details;
    const own = query.valueOf(columns[0]);
    return new errors.ForeignKeyConstraintError({
      message: parent.message,
      table,
      fields: columns,
      // The database reports the value as text.
      value: value === undefined || value === String(own) ? own : value,
      index: constraint,
      reltype: side ?? 'child',
      parent,
    });
  }

  function constraintError(Class, parent) {
    const { table, columns, constraint } = parent.details;
    return new Class({ message: parent.message, table, fields: columns, constraint, parent });
  }

  /** The classes whose constructors take more than the parent; the others are made from the parent alone. */
  const makers = {
    UniqueConstraintError: uniqueConstraintError,
    ForeignKeyConstraintError: foreignKeyConstraintError,
    ExclusionConstraintError: (parent) => constraintError(errors.ExclusionConstraintError, parent),
    UnknownConstraintError: (parent) => constraintError(errors.UnknownConstraintError, parent),
  };

  function classNameOf({ code, details }) {
    return (code === 'UNAVAILABLE' && byReason.get(details.reason)) || byCode.get(code);
  }

  /**
   * @param {import('../driver/phantomdb-error.js').PhantomDBError} parent with `sql` and `parameters`
   * @param {object} query the Query that failed
   */
  return function sequelizeError(parent, query) {
    const name = classNameOf(parent);
    const error = makers[name]?.(parent, query) ?? new (errors[name] ?? errors.DatabaseError)(parent);
    error.sql ??= parent.sql;
    error.parameters ??= parent.parameters;
    error.requestId = parent.requestId;
    return error;
  };
};

function isSameList(one, other) {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
