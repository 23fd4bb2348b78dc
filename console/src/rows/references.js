// Foreign keys of a table, in both directions.

import { isSameTable } from '../sql-text.js';

/** The foreign keys of a table: `{ columns, references }`. */
export function foreignKeys(schema) {
  const ofColumns = schema.columns
    .filter(({ references }) => references)
    .map(({ name, references }) => ({ columns: [name], references }));
  const ofTable = schema.constraints
    .filter(({ type }) => type === 'foreignKey')
    .map(({ columns, references }) => ({ columns, references }));
  const all = [...ofTable, ...ofColumns];
  const text = ({ columns, references }) => JSON.stringify([columns, references.table, references.columns]);
  return all.filter((key, at) => all.findIndex((other) => text(other) === text(key)) === at);
}

/** The columns that a foreign key references; those of the primary key when it names none. */
export function targetColumns({ references }, schemas) {
  if (references.columns.length > 0) return references.columns;
  return schemas.find(({ table }) => isSameTable(table, references.table))?.primaryKey ?? [];
}

/** The foreign keys of all tables that reference this one, each with its table. */
export function referencing(schema, schemas) {
  return schemas.flatMap((other) =>
    foreignKeys(other)
      .filter(({ references }) => isSameTable(references.table, schema.table))
      .map((key) => ({ ...key, table: other.table, schema: other })),
  );
}
