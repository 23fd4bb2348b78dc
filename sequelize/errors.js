'use strict';

// The codes of the contract as Sequelize's own error classes.

/** Why a server could not be reached, as `details.reason` says it. */
const CONNECTION_ERRORS = {
  refused: 'ConnectionRefusedError',
  host_not_found: 'HostNotFoundError',
  host_unreachable: 'HostNotReachableError',
  timed_out: 'ConnectionTimedOutError',
  invalid_url: 'InvalidConnectionError',
};

const TARGET = /^\s*(?:(delete\s+from|truncate(?:\s+table)?)|update)\s+(?:["`]?[^"`\s.]+["`]?\.)?["`]?([^"`\s]+)/i;

/** Whether the statement is about the table that others refer to, not about one that refers. */
function isOfParent({ table, referencedTable }, { sql }) {
  const [, deletes, target] = TARGET.exec(sql) ?? [];
  return Boolean(deletes) || (target !== undefined && target === referencedTable && target !== table);
}

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
    const { table, columns, constraint, value } = parent.details;
    const own = query.valueOf(columns[0]);
    return new errors.ForeignKeyConstraintError({
      message: parent.message,
      table,
      fields: columns,
      // The database says it as text.
      value: value === undefined || value === String(own) ? own : value,
      index: constraint,
      reltype: isOfParent(parent.details, query) ? 'parent' : 'child',
      parent,
    });
  }

  const constraintOptions = (parent) => {
    const { table, columns, constraint } = parent.details;
    return { message: parent.message, table, fields: columns, constraint, parent };
  };

  const connectionError = (parent) =>
    new (errors[CONNECTION_ERRORS[parent.details.reason]] ?? errors.ConnectionError)(parent);

  const CLASSES = {
    UNIQUE_VIOLATION: uniqueConstraintError,
    FOREIGN_KEY_VIOLATION: foreignKeyConstraintError,
    EXCLUSION_VIOLATION: (parent) => new errors.ExclusionConstraintError(constraintOptions(parent)),
    UNKNOWN_CONSTRAINT: (parent) => new errors.UnknownConstraintError(constraintOptions(parent)),
    LOCK_TIMEOUT: (parent) => new errors.TimeoutError(parent),
    STATEMENT_TIMEOUT: (parent) => new errors.TimeoutError(parent),
    UNAVAILABLE: connectionError,
    UNAUTHORIZED: (parent) => new errors.AccessDeniedError(parent),
    FORBIDDEN: (parent) => new errors.AccessDeniedError(parent),
  };

  /**
   * @param {import('../driver/phantomdb-error.js').PhantomDBError} parent with `sql` and `parameters`
   * @param {object} query the Query that failed
   */
  return function sequelizeError(parent, query) {
    const make = CLASSES[parent.code];
    const error = make ? make(parent, query) : new errors.DatabaseError(parent);
    error.sql ??= parent.sql;
    error.parameters ??= parent.parameters;
    error.requestId = parent.requestId;
    return error;
  };
};

function isSameList(one, other) {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
