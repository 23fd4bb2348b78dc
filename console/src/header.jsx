import { useEffect } from 'preact/hooks';

import { token } from './api.js';
import { useStored } from './hooks.js';
import { go, link } from './route.js';

/** The views, in the order of their links. */
export const VIEWS = [
  ['data', 'Data'],
  ['sql', 'SQL'],
  ['schema', 'Schema'],
  ['live', 'Live'],
];

const THEMES = { system: 'System colours', light: 'Light', dark: 'Dark' };

export function Header({ route, database, names, info, granted, onToken }) {
  return (
    <header class="top">
      <span class="brand">PhantomDB</span>
      <label class="database">
        <span class="visually-hidden">Database</span>
        <select
          value={database}
          disabled={names.length === 0}
          onChange={(event) => go(link(event.target.value, 'data'))}
        >
          {names.length === 0 && <option>no databases</option>}
          {!names.includes(database) && database !== undefined && <option value={database}>{database}</option>}
          {names.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {database !== undefined && (
        <nav aria-label="Views">
          {VIEWS.filter(([view]) => view !== 'live' || granted.rights.includes('admin')).map(([view, label]) => (
            <a key={view} href={link(database, view)} aria-current={route.view === view ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
      )}
      <span class="spring" />
      <span class="server" title={`${info.engine.name} ${info.engine.version}`}>
        {granted.name ? `${granted.name} · ` : ''}
        {granted.rights.includes('write') ? '' : 'read only · '}
        {info.version}
      </span>
      <Theme />
      {token.get() && (
        <button
          type="button"
          onClick={() => {
            token.set('');
            onToken();
          }}
        >
          Forget token
        </button>
      )}
    </header>
  );
}

function Theme() {
  const [theme, setTheme] = useStored('phantomdb.theme', 'system');
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return (
    <label class="theme">
      <span class="visually-hidden">Colours</span>
      <select value={theme} onChange={(event) => setTheme(event.target.value)}>
        {Object.entries(THEMES).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}
