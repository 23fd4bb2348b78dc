// The place in the console, which is in the fragment of the URL: `#/DATABASE/VIEW/TABLE?schema=…`. Back and forward work,
// and the server does not see it.

import { useEffect, useState } from 'preact/hooks';

/** @returns {{ database?: string, view: string, table?: { name: string, schema?: string }, params: URLSearchParams }} */
export function parse(hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [database, view, name] = path.split('/').map(decode);
  const params = new URLSearchParams(query);
  const schema = params.get('schema') ?? undefined;
  return {
    database: database || undefined,
    view: view || 'data',
    table: name ? { name, ...(schema && { schema }) } : undefined,
    params,
  };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The link to a place. `params` are further query parameters. */
export function link(database, view, table, params = {}) {
  const parts = [database, view, ...(table ? [table.name] : [])].map(encodeURIComponent);
  const query = new URLSearchParams();
  if (table?.schema) query.set('schema', table.schema);
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== '') query.set(name, value);
  }
  const text = query.toString();
  return `#/${parts.join('/')}${text ? `?${text}` : ''}`;
}

/** Goes to a place; `replace` makes no step of the history. */
export function go(to, { replace = false } = {}) {
  if (to === location.hash) return;
  if (replace) {
    history.replaceState(null, '', to);
    dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    location.hash = to;
  }
}

/** The place, which changes with the URL. */
export function useRoute() {
  const [route, setRoute] = useState(() => parse(location.hash));
  useEffect(() => {
    const changed = () => setRoute(parse(location.hash));
    addEventListener('hashchange', changed);
    return () => removeEventListener('hashchange', changed);
  }, []);
  return route;
}
