// The tables of a database as an entity diagram, and one table with its columns, keys and indexes.

import { useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';
import { schemasOf } from '../schemas.js';
import { isSameTable, tableLabel } from '../sql-text.js';
import { CreateTable } from './change-forms.jsx';
import { TableDetails } from './table-details.jsx';
import './schema.css';

/** The tables that one diagram draws. */
const DRAWN = 150;

export function SchemaView({ database, table, tables, rights, version, onSchemaChanged }) {
  const schemas = useLoaded(() => schemasOf(database, tables), [database, tables, version]);
  const shared = { database, rights, onSchemaChanged, schemas: schemas.data ?? [] };
  if (!schemas.data) return <p class="faint page">Loading…</p>;
  if (!table) return <Entities {...shared} />;
  const schema = schemas.data.find((schema) => isSameTable(schema.table, table));
  return schema ? (
    <TableDetails key={tableLabel(table)} {...shared} schema={schema} />
  ) : (
    <p class="page">{schemas.isLoading ? 'Loading…' : `There is no table ${tableLabel(table)}.`}</p>
  );
}

function Entities({ database, rights, schemas, onSchemaChanged }) {
  const [isCreating, setCreating] = useState(false);
  const [filter, setFilter] = useState('');
  const diagram = useLoaded(() => import('./diagram.jsx'), []);
  const chosen = schemas.filter(({ table }) => tableLabel(table).toLowerCase().includes(filter.trim().toLowerCase()));
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
        diagram.data && <diagram.data.Diagram database={database} schemas={chosen} key={chosen.length} />
      )}
    </section>
  );
}
