// Statements: tabs with an editor, their results, what was run before, and what was saved.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { query } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { useLoaded, useStored } from '../hooks.js';
import { go, link } from '../route.js';
import { schemasOf } from '../schemas.js';
import { tableKey, tableLabel } from '../sql-text.js';
import { Drawer } from './drawer.jsx';
import { EditorField } from './editor-field.jsx';
import { hintOf, mentioned } from './hints.js';
import { ResultView } from './result-view.jsx';
import { useSavedQueries } from './saved-queries.js';
import { Tabs } from './tabs.jsx';
import './sql.css';

/** The statements that are remembered. */
const REMEMBERED = 200;

/** The tables of a database all of whose columns are completed. With more of them it is those of the tables that the text names. */
const DESCRIBED = 150;

/** The statements that may change a schema. */
const CHANGES_SCHEMA = /^\s*(create|alter|drop|truncate|comment|refresh|grant|revoke)\b/i;

/** A tab with a name of its own among these. */
function newTab(tabs, text = '') {
  const numbers = tabs.map(({ name }) => Number(/^Query (\d+)$/.exec(name)?.[1] ?? 0));
  return { id: Math.max(0, ...tabs.map(({ id }) => id)) + 1, name: `Query ${Math.max(0, ...numbers) + 1}`, text };
}

export function SqlView({ database, tables, views, rights, onSchemaChanged, given }) {
  const saved = useSavedQueries({ database, tables, rights, onSchemaChanged });
  const [tabs, setTabs] = useStored(`phantomdb.tabs.${database}`, [newTab([])]);
  const [activeId, setActiveId] = useStored(`phantomdb.tab.${database}`, tabs[0]?.id);
  const [past, setPast] = useStored(`phantomdb.history.${database}`, []);
  const [outcomes, setOutcomes] = useState({});
  const running = useRef();
  const editor = useRef();
  const active = tabs.find(({ id }) => id === activeId) ?? tabs[0];
  const relations = useMemo(() => [...tables, ...views], [tables, views]);
  const schemas = useSchemas(database, relations, active.text);
  const completed = useMemo(() => namesOf(schemas), [schemas]);
  const outcome = outcomes[active.id];

  const add = (text) => {
    const tab = newTab(tabs, text);
    setTabs([...tabs, tab]);
    setActiveId(tab.id);
  };
  const setText = (text) => setTabs((tabs) => tabs.map((tab) => (tab.id === active.id ? { ...tab, text } : tab)));
  const setOutcome = (id, outcome) => setOutcomes((outcomes) => ({ ...outcomes, [id]: outcome }));
  const insert = (text) => {
    editor.current?.setText(text);
    editor.current?.focus();
  };
  useEffect(() => {
    if (given === undefined) return;
    add(given);
    go(link(database, 'sql'), { replace: true });
  }, [given]);

  const run = async (kind) => {
    const { from, text } = editor.current.statement();
    const statement = text.trim().replace(/;$/, '');
    if (statement === '') return;
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    const { id } = active;
    setOutcome(id, { isRunning: true });
    const start = performance.now();
    const sent = kind === 'plan' ? `EXPLAIN ${statement}` : statement;
    const entry = { text: statement, at: Date.now() };
    try {
      const result = await query(database, sent, { signal: controller.signal });
      const took = performance.now() - start;
      setOutcome(id, { kind, result, took });
      if (kind !== 'plan') remember({ ...entry, took, rows: result.rows.length || result.affectedRows });
      if (kind !== 'plan' && CHANGES_SCHEMA.test(statement)) onSchemaChanged();
    } catch (error) {
      if (controller.signal.aborted) {
        setOutcome(id, { stopped: true });
        return;
      }
      setOutcome(id, { error, hint: hintOf(error, statement, schemas) });
      if (kind !== 'plan') remember({ ...entry, error: error.code });
      const { position } = error.details ?? {};
      if (position !== undefined) {
        const leading = text.length - text.trimStart().length;
        const before = kind === 'plan' ? 'EXPLAIN '.length : 0;
        const offset = [...sent].slice(0, Number(position) - 1).join('').length - before;
        editor.current?.select(from + leading + Math.max(0, offset));
      }
    }
  };
  const remember = (entry) =>
    setPast((past) => [entry, ...past.filter(({ text }) => text !== entry.text)].slice(0, REMEMBERED));

  return (
    <section class="sql">
      <Tabs
        {...{ tabs, active }}
        onSelect={setActiveId}
        onAdd={() => add()}
        onClose={(id) => {
          const rest = tabs.filter((tab) => tab.id !== id);
          setTabs(rest.length > 0 ? rest : [newTab([])]);
        }}
      />
      <EditorField
        key={active.id}
        id={active.id}
        text={active.text}
        label={`SQL of ${active.name}`}
        tables={completed}
        handle={editor}
        onChange={setText}
        onRun={() => run('rows')}
      />
      <div class="toolbar">
        <button type="button" class="primary" onClick={() => run('rows')} title="Ctrl+Enter">
          Run
        </button>
        <button type="button" onClick={() => run('plan')} title="How the database would run the statement">
          Explain
        </button>
        {outcome?.isRunning && (
          <button type="button" onClick={() => running.current.abort()}>
            Stop
          </button>
        )}
        <Drawer {...{ past, setPast, saved }} text={active.text} onChoose={insert} />
      </div>
      <Outcome outcome={outcome} />
    </section>
  );
}

function Outcome({ outcome }) {
  if (!outcome) return <p class="page faint">Ctrl+Enter runs the statement at the cursor, or what is selected.</p>;
  if (outcome.isRunning)
    return (
      <p class="page faint" role="status">
        Running…
      </p>
    );
  if (outcome.stopped)
    return (
      <p class="page" role="status">
        Stopped.
      </p>
    );
  if (outcome.error) return <ErrorMessage error={outcome.error} hint={outcome.hint} />;
  return <ResultView {...outcome} />;
}

/** All tables with their columns, which are empty as long as they are not known. */
function useSchemas(database, tables, text) {
  const described = tables.length > DESCRIBED ? mentioned(text, tables) : tables;
  const key = JSON.stringify(described.map(tableKey));
  const loaded = useLoaded((signal) => schemasOf(database, described, signal), [database, tables, key]);
  return useMemo(() => {
    const known = new Map((loaded.data ?? []).map((schema) => [tableKey(schema.table), schema]));
    return tables.map((table) => known.get(tableKey(table)) ?? { table, columns: [] });
  }, [tables, loaded.data]);
}

/** The names for the completion: tables with their columns, and schemas with their tables. */
function namesOf(schemas) {
  const names = {};
  for (const { table, columns } of schemas) {
    const own = columns.map(({ name }) => name);
    if (table.schema) names[table.schema] = { ...names[table.schema], [table.name]: own };
    else names[tableLabel(table)] = own;
  }
  return names;
}
