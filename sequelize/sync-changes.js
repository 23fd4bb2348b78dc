'use strict';

// The changes that `Model.sync({ alter })` makes to one table. Sequelize asks for each column by itself. Made at once they
// take effect together or not at all, and a table that has to be built anew is built once.
//
// Sequelize first asks whether the table exists, then for the changes, then for the indexes, each with the same object of
// options, which belongs to this one `sync`.

class SyncChanges {
  #collected = new WeakMap();

  /** Begins to collect the changes of a `sync` that alters an existing table. */
  begin(table, options) {
    if (options?.alter) {
      this.#collected.set(options, { table, operations: [] });
    }
  }

  /** Collects a change. Returns false when it belongs to no `sync`, and has to be made at once. */
  collect(table, operations, options) {
    const changes = this.#of(table, options);
    changes?.operations.push(...operations);
    return changes !== undefined;
  }

  /** The collected changes, which are to be made now. */
  take(table, options) {
    const changes = this.#of(table, options);
    if (changes) {
      this.#collected.delete(options);
    }
    return changes?.operations ?? [];
  }

  #of(table, options) {
    const changes = typeof options === 'object' && options !== null ? this.#collected.get(options) : undefined;
    return changes && changes.table.name === table.name && changes.table.schema === table.schema ? changes : undefined;
  }
}

module.exports = { SyncChanges };
