// The frame of the console: who is there, what the token allows, and the view of the URL.

import { useEffect, useMemo, useState } from 'preact/hooks';

import { databases, grant, serverInfo, tables, token, views } from './api.js';
import { ErrorMessage } from './error-message.jsx';
import { Header } from './header.jsx';
import { useLoaded } from './hooks.js';
import { LiveView } from './live/live-view.jsx';
import { go, link, useRoute } from './route.js';
import { ChangesBar } from './rows/changes-bar.jsx';
import { useStaged } from './rows/staged.js';
import { TableView } from './rows/table-view.jsx';
import { SchemaView } from './schema/schema-view.jsx';
import { forgetSchemas } from './schemas.js';
import { Sidebar } from './sidebar.jsx';
import { SqlView } from './sql/sql-view.jsx';
import { isConsoleTable, markedLabel, tableKey } from './sql-text.js';
import { TokenForm } from './token-form.jsx';

/** What the token allows. The server checks it again. */
function rightsOf({ rights }) {
  return {
    canWrite: rights.includes('write'),
    canChangeSchema: rights.includes('schema'),
    isAdmin: rights.includes('admin'),
  };
}

export function App() {
  const session = useLoaded(async () => {
    const [info, granted] = await Promise.all([serverInfo(), grant()]);
    return { info, granted, names: sortedNames(await databases()) };
  }, []);
  if (session.error?.status === 401) {
    return <TokenForm error={token.get() && !session.isLoading ? session.error : undefined} onToken={session.reload} />;
  }
  if (session.error) {
    return (
      <main class="alone">
        <ErrorMessage error={session.error} />
        <button type="button" onClick={session.reload}>
          Try again
        </button>
        {token.get() && (
          <button
            type="button"
            onClick={() => {
              token.set('');
              session.reload();
            }}
          >
            Use another token
          </button>
        )}
      </main>
    );
  }
  return session.data ? <Console {...session.data} reload={session.reload} /> : <p class="starting">PhantomDB</p>;
}

const NOTHING = { tables: [], views: [] };

function Console({ info, granted, names, reload }) {
  const route = useRoute();
  const rights = useMemo(() => rightsOf(granted), [granted]);
  const database = route.database ?? names[0];
  const staged = useStaged(database);
  const list = useLoaded(
    async (signal) => {
      if (database === undefined) return NOTHING;
      const [ofTables, ofViews] = await Promise.all([tables(database, signal), views(database, signal)]);
      return { tables: sorted(ofTables), views: sorted(ofViews) };
    },
    [database],
  );
  const [version, setVersion] = useState(0);
  /** Reads the tables again, after something has changed the schema. */
  const schemaChanged = () => {
    forgetSchemas();
    setVersion((version) => version + 1);
    list.reload();
  };
  useEffect(() => {
    document.title = [route.table?.name, database, 'PhantomDB'].filter(Boolean).join(' · ');
  }, [route.table?.name, database]);
  useEffect(() => {
    if (staged.count === 0) return undefined;
    const warn = (event) => event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [staged.count === 0]);
  useEffect(() => {
    if (route.database === undefined && database !== undefined) go(link(database, 'data'), { replace: true });
  }, [route.database, database]);

  const shared = { database, ...(list.data ?? NOTHING), rights, staged, info, version };
  return (
    <div class="console">
      <button type="button" class="skip" onClick={() => document.getElementById('main').focus()}>
        Skip to the content
      </button>
      <Header route={route} database={database} names={names} info={info} granted={granted} onToken={reload} />
      <div class="body">
        <Sidebar database={database} list={list} route={route} onReload={schemaChanged} />
        {/* The live view can be longer than the page, and may have nothing in it that takes the focus. */}
        <main id="main" tabIndex={route.view === 'live' ? 0 : -1}>
          {list.error && <ErrorMessage error={list.error} />}
          {database === undefined ? (
            <NoDatabase rights={rights} />
          ) : (
            <View key={database} route={route} {...shared} onSchemaChanged={schemaChanged} />
          )}
        </main>
      </div>
      <ChangesBar staged={staged} database={database} onSaved={() => setVersion((version) => version + 1)} />
    </div>
  );
}

function View({ route, ...shared }) {
  if (route.view === 'sql') return <SqlView given={route.params.get('text') ?? undefined} {...shared} />;
  if (route.view === 'live') return <LiveView rights={shared.rights} />;
  if (route.view === 'schema') return <SchemaView table={route.table} {...shared} />;
  if (route.table) return <TableView table={route.table} params={route.params} {...shared} />;
  return <Overview {...shared} />;
}

function Overview({ database, tables, views }) {
  return (
    <section class="page">
      <h1 dir="auto">{database}</h1>
      <p>
        {tables.length === 0
          ? 'This database has no tables.'
          : `${counted(tables.length, 'table')}${views.length > 0 ? ` and ${counted(views.length, 'view')}` : ''}. Choose one to see its rows.`}
      </p>
      <ul class="plain-list">
        {[...tables, ...views].map((table) => (
          <li key={tableKey(table)}>
            <a dir="auto" href={link(database, 'data', table)}>
              {markedLabel(table)}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}

const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

function NoDatabase() {
  return (
    <section class="page">
      <h1>No databases</h1>
      <p>This server has no database that you may see. An application makes one when it first connects.</p>
    </section>
  );
}

/** The database in which migrations keep their locks, which no user has made. */
const LOCKS_DATABASE = 'phantomdb_locks';

/** The page opens the first one, so those of the user come first. */
const sortedNames = (names) =>
  names.toSorted((a, b) => (a === LOCKS_DATABASE) - (b === LOCKS_DATABASE) || a.localeCompare(b));

const sorted = (tables) =>
  tables.toSorted(
    (a, b) =>
      // The tables of the user come first.
      isConsoleTable(a) - isConsoleTable(b) ||
      (a.schema ?? '').localeCompare(b.schema ?? '') ||
      a.name.localeCompare(b.name),
  );
