// The rows of a table: a page of them, with filters, order, and the changes that are not saved yet.

import { useState } from 'preact/hooks';

import { find } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';
import { go, link } from '../route.js';
import { schemaOf, schemasOf } from '../schemas.js';
import { allOf, identifier, isSameTable, tableLabel } from '../sql-text.js';
import { equals, listColumns, listed } from '../values.js';
import { ExportMenu } from './export-menu.jsx';
import { Grid } from './grid.jsx';
import { Pager } from './pager.jsx';
import { foreignKeys } from './references.js';
import { useRowCount } from './row-count.js';
import { RowPanel } from './row-panel.jsx';
import { changeOf, withDelete, withInsert, withValue } from './staged.js';
import { conditionOf, orderOf, paramsOf, rowKey, stateOf } from './table-state.js';
import './rows.css';
import './panel.css';

export function TableView({ database, table, tables, views, params, rights, staged, version, view = 'data' }) {
  const isView = views.some((other) => isSameTable(other, table));
  const schema = useLoaded(() => schemaOf(database, table), [database, table.name, table.schema, version]);
  if (schema.error) {
    return (
      <section class="page">
        <h1 dir="auto">{tableLabel(table)}</h1>
        <ErrorMessage error={schema.error} />
      </section>
    );
  }
  if (!schema.data || !isSameTable(schema.data.table, table)) return <p class="faint page">Loading…</p>;
  const key = `${database}/${tableLabel(table)}`;
  return (
    <Rows
      key={key}
      schema={schema.data}
      canInsert={rights.canWrite && !isView}
      {...{ database, table, tables, isView, params, staged, version, view }}
    />
  );
}

/**
 * What a row of the list needs for the grid and the panel. `key` is the condition that finds it, or undefined: then it can be
 * shown by its place in the list, and not changed.
 */
function rowOf(cells, columns, keyNames) {
  const listedCells = columns.map((column, at) => listed(column, cells[at]));
  const values = new Map(columns.map((column, at) => [column.name, listedCells[at]]));
  const keyColumns = columns.filter(({ name }) => keyNames.includes(name));
  const isIdentified = keyColumns.length > 0 && keyColumns.every(({ name }) => !values.get(name).isCut);
  const key = isIdentified
    ? allOf(keyColumns.map((column) => equals(column, values.get(column.name).text)))
    : undefined;
  const old = new Map([...values].filter(([, { isCut }]) => !isCut).map(([name, { text }]) => [name, text]));
  return { key, values, old };
}

/** What tells the rows of the list apart. A condition that is a key begins with a quote or a parenthesis. */
const idOf = ({ key, place }) => String(key ?? `row ${place}`);

function Rows({ database, table, tables, isView, canInsert, schema, params, staged, version, view }) {
  const { columns } = schema;
  const state = stateOf(params);
  const [opened, setOpened] = useState();
  const [round, setRound] = useState(0);
  /** Changes when the rows are to be read again. */
  const reading = `${version}/${round}`;
  const condition = conditionOf(state, columns);
  const orderBy = orderOf(state, schema);
  const keyNames = rowKey(schema);
  const canEdit = canInsert && keyNames.length > 0;
  const rows = useLoaded(
    (signal) =>
      find(
        database,
        table,
        { condition, orderBy, columns: listColumns(columns), limit: state.size, offset: (state.page - 1) * state.size },
        { signal },
      ),
    [database, condition, orderBy, state.page, state.size, reading],
  );
  const count = useRowCount({ database, table, condition, state, rows, reading });
  // The arrow in a cell needs to know the tables that it may lead to, and the panel those that lead here.
  const referenced = useLoaded(
    (signal) =>
      schemasOf(
        database,
        foreignKeys(schema).map(({ references }) => references.table),
        signal,
      ),
    [schema],
  );
  const setState = (next, options) => go(link(database, view, table, paramsOf({ ...state, ...next })), options);

  const stored = (rows.data?.rows ?? []).map((cells) => rowOf(cells, columns, keyNames));
  const inserts = staged.changes.filter((change) => change.kind === 'insert' && isSameTable(change.table, table));
  const shown = [
    ...inserts.map((change) => ({ key: change.key, values: new Map(), old: new Map(), change })),
    ...stored.map((row, at) => ({
      ...row,
      place: (state.page - 1) * state.size + at,
      change: row.key && changeOf(staged.changes, table, row.key),
    })),
  ];
  const rowFor = (row) => ({ table, columns, key: row.key, old: row.old });
  const edit = (row, name, text) => staged.stage((changes) => withValue(changes, rowFor(row), name, text));
  const remove = (row) => staged.stage((changes) => withDelete(changes, rowFor(row)));
  const openedRow = shown.find((row) => idOf(row) === opened);

  return (
    <section class="rows" data-panel={openedRow !== undefined}>
      <div class="toolbar">
        <h1 dir="auto">{tableLabel(table)}</h1>
        <ConditionForm
          text={state.where}
          example={exampleOf(columns)}
          onText={(where) => setState({ where, page: 1 })}
        />
        {canInsert && (
          <button type="button" onClick={() => staged.stage((changes) => withInsert(changes, { table, columns }))}>
            Add a row
          </button>
        )}
        <ExportMenu
          {...{ database, table, columns, condition, orderBy, count: count.isMore ? undefined : count.value }}
        />
        <button
          type="button"
          aria-label="Load the rows again"
          title="Load the rows again"
          onClick={() => setRound(round + 1)}
        >
          ↻
        </button>
      </div>
      {isView && <p class="note">This is a view: its rows come from other tables, and are changed there.</p>}
      {canInsert && keyNames.length === 0 && (
        <p class="note">
          This table has no primary key and no unique key, so its rows cannot be told apart and cannot be changed here.
          You can add rows.
        </p>
      )}
      {rows.error && <ErrorMessage error={rows.error} />}
      {rows.isStopped && (
        <p class="note" role="status">
          Stopped: the rows below, if there are any, are those from before.
        </p>
      )}
      <div class="content">
        <Grid
          {...{ schema, columns, state, canEdit, edit, remove }}
          schemas={referenced.data ?? []}
          rows={shown}
          canInsert={canInsert}
          isLoading={rows.isLoading}
          onState={setState}
          onOpen={(row) => setOpened(idOf(row))}
          follow={(target, where) => go(link(database, view, target, { where }))}
        />
        {openedRow && (
          <RowPanel
            key={opened}
            {...{ database, table, tables, schema, version, canEdit, edit, remove, view, reading, condition, orderBy }}
            stage={staged.stage}
            row={openedRow}
            onClose={() => setOpened(undefined)}
          />
        )}
      </div>
      <Pager
        {...{ state, count }}
        shown={stored.length}
        rows={rows}
        hint={canEdit && 'Double-click a cell to change it, or press Enter in it.'}
        onState={setState}
      />
    </section>
  );
}

/** A condition with columns of this table, which shows how their names are written. */
function exampleOf(columns) {
  const ofWire = (wire, rest) => {
    const column = columns.find((column) => column.wire === wire);
    return column && `${identifier(column.name)} ${rest}`;
  };
  const parts = [ofWire('integer', '> 18'), ofWire('string', "LIKE 'A%'")].filter(Boolean);
  return parts.length > 0 ? parts.join(' AND ') : `${identifier(columns[0].name)} IS NOT NULL`;
}

/** The condition of the whole table, in SQL. */
function ConditionForm({ text, example, onText }) {
  const submit = (event) => {
    event.preventDefault();
    onText(new FormData(event.target).get('where').trim());
  };
  return (
    <form class="where" onSubmit={submit}>
      <label>
        <span aria-hidden="true">WHERE</span>
        <span class="visually-hidden">Condition in SQL</span>
        <input
          name="where"
          key={text}
          defaultValue={text}
          placeholder={example}
          spellcheck={false}
          autocomplete="off"
        />
      </label>
      <button type="submit">Filter</button>
      {text !== '' && (
        <button type="button" onClick={() => onText('')}>
          Clear
        </button>
      )}
    </form>
  );
}
