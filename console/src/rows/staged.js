// Changes of rows that are not saved yet. They are saved together, in one transaction, in the order in which they were made.

import { useCallback, useState } from 'preact/hooks';

import { ApiError, inTransaction, query } from '../api.js';
import { allOf, identifier, isSameTable, tableLabel, tableSql } from '../sql-text.js';
import { equals, parameterOf, placeholderOf } from '../values.js';

/**
 * A change of a row: `key` is the condition that finds the row, or a number for a row that is inserted. `old` and `values`
 * map the names of columns to texts; `old` has only what was read as a whole. They are maps because a column may have the
 * name of something that every object has, like `constructor`.
 * @typedef {{ kind: 'insert' | 'update' | 'delete', table: object, columns: object[], key: string | number,
 *   old: Map<string, string | null>, values: Map<string, string | null> }} Change
 */

const isOf = (table, key) => (change) => isSameTable(change.table, table) && change.key === key;

/** The changes with a value of a row set. A row whose values are all as they were is no change. */
export function withValue(changes, { table, columns, key, old }, name, text) {
  const at = changes.findIndex(isOf(table, key));
  const before = changes[at] ?? { kind: 'update', table, columns, key, old: new Map(), values: new Map() };
  const values = new Map(before.values);
  if (before.kind === 'update' && old.has(name) && old.get(name) === text) {
    values.delete(name);
  } else {
    values.set(name, text);
  }
  const known = old.has(name) ? new Map(before.old).set(name, old.get(name)) : before.old;
  const change = { ...before, old: known, values };
  if (before.kind === 'update' && values.size === 0) return changes.filter((_, index) => index !== at);
  return at < 0 ? [...changes, change] : changes.with(at, change);
}

/** The changes without one column of a new row, which then takes its default. */
export function withDefault(changes, { table, key }, name) {
  return changes.map((change) => {
    if (!isOf(table, key)(change)) return change;
    return { ...change, values: new Map([...change.values].filter(([column]) => column !== name)) };
  });
}

let lastInsert = 0;

/** The changes with a new row. */
export function withInsert(changes, { table, columns, values = new Map() }) {
  lastInsert += 1;
  return [...changes, { kind: 'insert', table, columns, key: lastInsert, old: new Map(), values }];
}

/** The changes with the row deleted; a row that was to be inserted is forgotten. */
export function withDelete(changes, { table, columns, key, old }) {
  const others = changes.filter((change) => !isOf(table, key)(change));
  return typeof key === 'number'
    ? others
    : [...others, { kind: 'delete', table, columns, key, old, values: new Map() }];
}

export const without = (changes, change) => changes.filter((other) => other !== change);

export const changeOf = (changes, table, key) => changes.find(isOf(table, key));

/** The types whose texts compare with the values that they were read from. */
const COMPARED = new Set(['integer', 'decimal', 'string', 'boolean', 'date', 'uuid', 'enum']);

/** The condition for an update: the row is there, and has the values that the user saw. */
function expected({ columns, key, old, values }) {
  const seen = [...values.keys()]
    .filter((name) => old.has(name))
    .map((name) => columns.find((column) => column.name === name))
    .filter(({ wire }) => COMPARED.has(wire));
  return allOf([key, ...seen.map((column) => equals(column, old.get(column.name)))]);
}

/** The statement that makes a change, and its parameters. */
export function statementOf(change) {
  const { kind, table, columns, key, values } = change;
  const set = [...values].map(([name, text]) => ({
    column: columns.find((column) => column.name === name),
    text,
  }));
  const names = set.map(({ column }) => identifier(column.name));
  const places = set.map(({ column }, at) => placeholderOf(column, at + 1));
  const parameters = set.map(({ column, text }) => parameterOf(column, text));
  const into = tableSql(table);
  const text = {
    insert: () =>
      set.length === 0
        ? `INSERT INTO ${into} DEFAULT VALUES`
        : `INSERT INTO ${into} (${names.join(', ')}) VALUES (${places.join(', ')})`,
    update: () =>
      `UPDATE ${into} SET ${names.map((name, at) => `${name} = ${places[at]}`).join(', ')} WHERE ${expected(change)}`,
    delete: () => `DELETE FROM ${into} WHERE ${key}`,
  }[kind]();
  return { text, parameters };
}

async function save(database, change, transaction) {
  const { text, parameters } = statementOf(change);
  const { affectedRows } = await query(database, text, { parameters, transaction });
  if (affectedRows !== 1) {
    const message =
      `A row of ${tableLabel(change.table)} is not as you saw it: somebody else has changed or deleted it since. Nothing ` +
      'was saved. Discard the change of this row, and load the table again.';
    throw new ApiError(409, { code: 'ROW_CHANGED', message });
  }
}

const saveAll = (database, changes) =>
  inTransaction(database, {}, async (transaction) => {
    for (const change of changes) {
      try {
        await save(database, change, transaction);
      } catch (error) {
        error.change = change;
        throw error;
      }
    }
  });

const NOTHING = { changes: [], past: [] };

/** The staged changes of a database, as a state of a component. Those of other databases are kept too, and are in `count`. */
export function useStaged(database) {
  const [all, setAll] = useState(() => new Map());
  const { changes, past } = all.get(database) ?? NOTHING;
  const set = (state) => setAll((all) => new Map(all).set(database, state));
  const stage = useCallback(
    (change) =>
      setAll((all) => {
        const { changes, past } = all.get(database) ?? NOTHING;
        const next = change(changes);
        return next === changes ? all : new Map(all).set(database, { changes: next, past: [...past, changes] });
      }),
    [database],
  );
  return {
    changes,
    stage,
    count: [...all.values()].reduce((sum, { changes }) => sum + changes.length, 0),
    canUndo: past.length > 0,
    undo: () => past.length > 0 && set({ changes: past.at(-1), past: past.slice(0, -1) }),
    discard: () => stage(() => []),
    save: async () => {
      await saveAll(database, changes);
      set(NOTHING);
    },
  };
}
