// The tables of a database as an entity diagram, and one table with its columns, keys and indexes.

import { useMemo, useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';
import { link } from '../route.js';
import { schemaOf, schemasOf } from '../schemas.js';
import { isSameTable, tableLabel, tableSql } from '../sql-text.js';
import { CreateTable } from './change-forms.jsx';
import { TableDetails } from './table-details.jsx';
import './schema.css';

/** The tables that one diagram draws. */
const DRAWN = 150;

export function SchemaView({ database, table, tables, views, rights, version, onSchemaChanged }) {
  const view = table && views.find((other) => isSameTable(other, table));
  if (view) return <ViewDetails database={database} view={view} />;
  const shared = { database, tables, rights, version, onSchemaChanged };
  return table ? <Details key={tableLabel(table)} table={table} {...shared} /> : <Entities {...shared} />;
}

/** A view, which is its query. */
function ViewDetails({ database, view }) {
  return (
    <section class="page details">
      <div class="row wrap">
        <h1 dir="auto">{tableLabel(view)}</h1>
        <a href={link(database, 'data', view)}>Rows</a>
        <a href={link(database, 'schema')}>All tables</a>
      </div>
      {view.query === undefined ? (
        <p>Another program has made this view, and its query is not in PhantomDB SQL.</p>
      ) : (
        <pre class="statements-text" tabIndex={0} role="region" aria-label="SQL">
          {`CREATE VIEW ${tableSql(view)} AS\n${view.query};`}
        </pre>
      )}
    </section>
  );
}

/** One table, which is there before the tables that reference it are found. */
function Details({ database, table, tables, rights, version, onSchemaChanged }) {
  const schema = useLoaded(() => schemaOf(database, table), [database, table.name, table.schema, version]);
  const schemas = useLoaded((signal) => schemasOf(database, tables, signal), [database, tables, version]);
  if (schema.data) {
    const shared = { database, rights, onSchemaChanged, schemas: schemas.data ?? [] };
    return <TableDetails {...shared} schema={schema.data} />;
  }
  if (schema.isLoading) return <p class="faint page">Loading…</p>;
  const isThere = tables.some((other) => isSameTable(other, table));
  return isThere ? <ErrorMessage error={schema.error} /> : <p class="page">There is no table {tableLabel(table)}.</p>;
}

function Entities({ database, tables, rights, version, onSchemaChanged }) {
  const [isCreating, setCreating] = useState(false);
  const [filter, setFilter] = useState('');
  const diagram = useLoaded(() => import('./diagram.jsx'), []);
  const chosen = useMemo(
    () => tables.filter((table) => tableLabel(table).toLowerCase().includes(filter.trim().toLowerCase())),
    [tables, filter],
  );
  const drawn = useLoaded(
    (signal) => schemasOf(database, chosen.length > DRAWN ? [] : chosen, signal),
    [database, chosen, version],
  );
  return (
    <section class="schema">
      <div class="toolbar">
        <h1>Schema</h1>
        <input
          type="search"
          placeholder="Tables named…"
          aria-label="Draw the tables whose names contain this"
          value={filter}
          onInput={(event) => setFilter(event.target.value)}
        />
        {rights.canChangeSchema && (
          <button type="button" onClick={() => setCreating(true)}>
            Create a table
          </button>
        )}
      </div>
      {isCreating && (
        <CreateTable
          database={database}
          onClose={() => setCreating(false)}
          onDone={() => {
            setCreating(false);
            onSchemaChanged();
          }}
        />
      )}
      {diagram.error && <ErrorMessage error={diagram.error} />}
      {chosen.length > DRAWN ? (
        <p class="page">
          {chosen.length} tables are too many for one diagram. Write a part of their names to draw fewer, {DRAWN} at
          most.
        </p>
      ) : chosen.length === 0 ? (
        <p class="page faint">No tables.</p>
      ) : (
        diagram.data &&
        drawn.data?.length > 0 && (
          <diagram.data.Diagram database={database} schemas={drawn.data} key={drawn.data.length} />
        )
      )}
    </section>
  );
}
