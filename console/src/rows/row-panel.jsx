// One row in a panel beside the grid: all of its values as a whole, and the rows that it references and that reference it.

import { useEffect, useRef } from 'preact/hooks';

import { find, query } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';
import { link } from '../route.js';
import { schemasOf } from '../schemas.js';
import { allOf, tableKey, tableLabel, tableSql } from '../sql-text.js';
import { equals, fullColumns, textOf } from '../values.js';
import { PanelField } from './panel-field.jsx';
import { foreignKeys, referencing, targetColumns } from './references.js';
import { withDefault } from './staged.js';

export function RowPanel({
  database,
  table,
  tables,
  schema,
  version,
  row,
  canEdit,
  edit,
  remove,
  stage,
  view,
  reading,
  condition,
  orderBy,
  onClose,
}) {
  const { columns } = schema;
  const isNew = typeof row.key === 'number';
  const place = row.key === undefined ? { condition, orderBy, offset: row.place } : { condition: row.key };
  const full = useLoaded(
    async (signal) => {
      if (isNew) return new Map();
      const options = { ...place, columns: fullColumns(columns), limit: 1 };
      const { rows } = await find(database, table, options, { signal });
      if (rows.length === 0) throw Object.assign(new Error('The row is not there any more.'), { code: 'ROW_MISSING' });
      return new Map(columns.map(({ name }, at) => [name, textOf(rows[0][at])]));
    },
    [database, JSON.stringify(place), reading],
  );
  const schemas = useLoaded((signal) => schemasOf(database, tables, signal), [database, tables, version]);
  const close = useRef();
  useEffect(() => {
    const before = document.activeElement;
    close.current.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  const isDeleted = row.change?.kind === 'delete';
  const mayEdit = (isNew || (canEdit && row.key !== undefined)) && !isDeleted;
  const whole = { ...row, old: new Map([...row.old, ...(full.data ?? [])]) };
  return (
    <aside class="panel" aria-label="Row" onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <div class="row">
        <h2>{isNew ? 'New row' : isDeleted ? 'Deleted row' : 'Row'}</h2>
        <span class="spring" />
        {mayEdit && (
          <button type="button" class="danger" onClick={() => remove(row)}>
            {isNew ? 'Discard' : 'Delete'}
          </button>
        )}
        <button type="button" ref={close} onClick={onClose} aria-label="Close the row">
          ✕
        </button>
      </div>
      {full.error && <ErrorMessage error={full.error} />}
      {full.data &&
        columns.map((column) => (
          <PanelField
            key={column.name}
            column={column}
            canEdit={mayEdit && !column.generated}
            text={full.data.get(column.name)}
            staged={row.change?.values}
            onText={(text) => edit(whole, column.name, text)}
            onDefault={
              isNew ? () => stage((changes) => withDefault(changes, { table, key: row.key }, column.name)) : undefined
            }
          />
        ))}
      {full.data && !isNew && schemas.isLoading && <p class="faint">Looking for references…</p>}
      {full.data && !isNew && schemas.data && (
        <References {...{ database, schema, view }} schemas={schemas.data} values={full.data} />
      )}
    </aside>
  );
}

/** The links to rows of other tables. */
function References({ database, schema, schemas, values, view }) {
  const wireOf = (name) => schema.columns.find((column) => column.name === name)?.wire;
  /** The condition that columns of another table have the values of this row. */
  const where = (names, own) => {
    if (names.length !== own.length || own.some((name) => (values.get(name) ?? null) === null)) return undefined;
    return allOf(names.map((name, at) => equals({ name, wire: wireOf(own[at]) }, values.get(own[at]))));
  };
  const out = foreignKeys(schema).map((key) => ({
    table: key.references.table,
    by: key.columns,
    where: where(targetColumns(key, schemas), key.columns),
  }));
  const back = referencing(schema, schemas).map((key) => ({
    table: key.table,
    by: key.columns,
    where: where(key.columns, targetColumns(key, schemas)),
  }));
  return (
    <>
      <Links title="References" links={out} {...{ database, view }} />
      <Links title="Referenced by" links={back} counts {...{ database, view }} />
    </>
  );
}

function Links({ title, links, counts, database, view }) {
  const shown = links.filter(({ where }) => where !== undefined);
  if (shown.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <ul class="links">
        {shown.map(({ table, by, where }) => (
          <li key={`${tableKey(table)} ${by}`}>
            <a href={link(database, view, table, { where })} dir="auto">
              {tableLabel(table)}
            </a>{' '}
            <span class="faint" dir="auto">
              {by.join(', ')}
            </span>{' '}
            {counts && <Count {...{ database, table, where }} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Count({ database, table, where }) {
  const count = useLoaded(
    async (signal) =>
      (await query(database, `SELECT count(*) FROM ${tableSql(table)} WHERE ${where}`, { signal })).rows[0][0],
    [database, tableKey(table), where],
  );
  return count.data === undefined ? null : <span>{count.data === 1 ? '1 row' : `${count.data} rows`}</span>;
}
