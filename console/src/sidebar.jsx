import { useState } from 'preact/hooks';

import { link } from './route.js';
import { isConsoleTable, isSameTable, tableKey, tableLabel } from './sql-text.js';

/** The tables and views of the database. On a narrow screen the list opens with a button. */
export function Sidebar({ database, list, route, onReload }) {
  const [filter, setFilter] = useState('');
  const [isOpen, setOpen] = useState(false);
  const { tables = [], views = [] } = list.data ?? {};
  const all = [...tables, ...views];
  const shown = all.filter((table) => tableLabel(table).toLowerCase().includes(filter.trim().toLowerCase()));
  return (
    <div class="sidebar" data-open={isOpen}>
      <button
        type="button"
        class="toggle"
        aria-expanded={isOpen}
        aria-controls="tables"
        onClick={() => setOpen(!isOpen)}
      >
        {route.table ? tableLabel(route.table) : 'Tables'}
      </button>
      <nav id="tables" aria-label="Tables">
        <div class="row">
          <input
            type="search"
            placeholder="Find a table"
            aria-label="Find a table"
            value={filter}
            onInput={(event) => setFilter(event.target.value)}
          />
          <button
            type="button"
            title="Read the list again"
            aria-label="Read the list of tables again"
            onClick={onReload}
          >
            ↻
          </button>
        </div>
        <ul>
          {shown.map((table) => (
            <li key={tableKey(table)}>
              <a
                dir="auto"
                title={tableLabel(table)}
                href={link(database, route.view === 'schema' ? 'schema' : 'data', table)}
                aria-current={route.table && isSameTable(route.table, table) ? 'page' : undefined}
                onClick={() => setOpen(false)}
              >
                <span class="name">{tableLabel(table)}</span>
                {isConsoleTable(table) && <small class="faint"> (console)</small>}
                {views.includes(table) && <small class="faint"> (view)</small>}
              </a>
            </li>
          ))}
        </ul>
        {list.isLoading && <p class="faint">Loading…</p>}
        {!list.isLoading && all.length > 0 && shown.length === 0 && <p class="faint">No table has such a name.</p>}
      </nav>
    </div>
  );
}
