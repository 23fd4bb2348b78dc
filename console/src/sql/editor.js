// The editor of statements: CodeMirror with the grammar of PostgreSQL, and the tables and columns of the database.

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeCompletion,
  completionKeymap,
  insertCompletionText,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { PostgreSQL, sql } from '@codemirror/lang-sql';
import { bracketMatching, HighlightStyle, syntaxHighlighting, syntaxTree } from '@codemirror/language';
import { Compartment, EditorState } from '@codemirror/state';
import { drawSelection, EditorView, keymap, lineNumbers, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';

import { identifier } from '../sql-text.js';
import { written } from './written.js';

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--string)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--number)' },
  { tag: tags.typeName, color: 'var(--type)' },
  { tag: tags.comment, color: 'var(--faint)', fontStyle: 'italic' },
]);

const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--text)', backgroundColor: 'var(--page)', fontSize: '13px' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)' },
  '.cm-content': { caretColor: 'var(--text)' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    background: 'var(--selection)',
  },
  '.cm-gutters': { backgroundColor: 'var(--raised)', color: 'var(--faint)', borderRight: '1px solid var(--line)' },
  '.cm-placeholder': { color: 'var(--faint)' },
  '.cm-tooltip': { backgroundColor: 'var(--page)', color: 'var(--text)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-matchingBracket': { outline: '1px solid var(--accent)' },
});

/** The names of columns in a tree of schemas and tables. */
const columnNames = (tables) => (Array.isArray(tables) ? tables : Object.values(tables).flatMap(columnNames));

/** Where a name in quotes that is not complete begins, in a line up to the cursor; undefined when the cursor is in none. */
function openQuote(line) {
  const quotes = [...line.matchAll(/"/g)];
  return quotes.length % 2 === 1 ? quotes.at(-1).index : undefined;
}

/** Writes a name with its quotes, in the place of the closing quote too, which the editor has written with the opening one. */
function replaceQuoted(view, { label }, from, to) {
  const end = view.state.sliceDoc(to, to + 1) === '"' ? to + 1 : to;
  view.dispatch(insertCompletionText(view.state, label, from, end));
}

/** Completes the names of columns. A name that needs quotes gets them, and is found by its letters without them. */
function columnSource(tables) {
  const names = [...new Set(columnNames(tables))];
  const option = (label, apply) => ({ label, apply, type: 'property', boost: 1 });
  const plain = names.map((name) => option(name, written(name)));
  const quoted = names.map((name) => option(identifier(name), replaceQuoted));
  return (context) => {
    const { state, pos, explicit } = context;
    const line = state.doc.lineAt(pos);
    const at = openQuote(state.sliceDoc(line.from, pos));
    if (at !== undefined) {
      return { from: line.from + at, options: quoted, validFor: /^"[^"]*$/ };
    }
    const from = context.matchBefore(/[\p{L}\p{N}_]+/u)?.from;
    if (from === undefined && !explicit) return null;
    return { from: from ?? pos, options: plain, validFor: /^[\p{L}\p{N}_]*$/u };
  };
}

/** The grammar, which completes keywords and tables, and columns after a table and a point; and columns everywhere else. */
function sqlOf(tables) {
  const autocomplete = columnSource(tables);
  return [
    sql({ dialect: PostgreSQL, schema: tables, upperCaseKeywords: true }),
    PostgreSQL.language.data.of({ autocomplete }),
  ];
}

/** The statement at the cursor, or what is selected: `{ from, text }`. */
function statementAt(state) {
  const { from, to, empty, head } = state.selection.main;
  if (!empty) return { from, text: state.sliceDoc(from, to) };
  const statements = syntaxTree(state).topNode.getChildren('Statement');
  const at = statements.find((node) => head <= node.to) ?? statements.at(-1);
  return at ? { from: at.from, text: state.sliceDoc(at.from, at.to) } : { from: 0, text: '' };
}

/**
 * Makes an editor in an element. The styles of CodeMirror are in a shadow root, where the page's policy lets scripts add
 * them.
 * @param {{ text: string, label: string, onChange: (text: string) => void, onRun: () => void }} options
 */
export function createEditor(element, { text, label, onChange, onRun }) {
  const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
  const language = new Compartment();
  const run = (view) => {
    closeCompletion(view);
    onRun();
    return true;
  };
  const stateOf = (text) =>
    EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        syntaxHighlighting(colours),
        theme,
        placeholder('SELECT …'),
        language.of(sqlOf({})),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
        keymap.of([
          { key: 'Mod-Enter', run },
          { key: 'Tab', run: acceptCompletion },
          ...completionKeymap,
          ...historyKeymap,
          ...defaultKeymap.filter(({ key }) => key !== 'Mod-Enter'),
        ]),
      ],
    });
  const view = new EditorView({ state: stateOf(text), parent: root, root });
  return {
    /** Gives the editor the tables for its completion: each name with the names of its columns. */
    setTables: (tables) => view.dispatch({ effects: language.reconfigure(sqlOf(tables)) }),
    setText: (text) => view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } }),
    statement: () => statementAt(view.state),
    /** Puts the cursor at a place of the text. */
    select: (at) => {
      const anchor = Math.min(at, view.state.doc.length);
      view.dispatch({ selection: { anchor }, scrollIntoView: true });
      view.focus();
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}
