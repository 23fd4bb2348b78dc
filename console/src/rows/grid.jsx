// The grid of rows. The arrow keys move in it; Enter edits a cell, Space opens the row, Delete stages its deletion.

import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import { Cell } from './cell.jsx';
import { Filter, Heading } from './heading.jsx';
import { foreignKeys, targetColumns } from './references.js';

const MOVES = {
  ArrowUp: ([row, column]) => [row - 1, column],
  ArrowDown: ([row, column]) => [row + 1, column],
  ArrowLeft: ([row, column]) => [row, column - 1],
  ArrowRight: ([row, column]) => [row, column + 1],
  Home: ([row]) => [row, 0],
  End: ([row]) => [row, Infinity],
  PageUp: ([row, column]) => [row - 20, column],
  PageDown: ([row, column]) => [row + 20, column],
};

const clamp = (value, max) => Math.max(0, Math.min(value, max));

export function Grid(props) {
  const { schema, schemas, columns, rows, state, canEdit, canInsert, isLoading, onState, onOpen, edit, remove } = props;
  const [active, setActive] = useState([0, 0]);
  const [editing, setEditing] = useState(false);
  const body = useRef();
  const shouldFocus = useRef(false);
  const keys = useMemo(
    () => foreignKeys(schema).map((key) => ({ ...key, targets: targetColumns(key, schemas) })),
    [schema, schemas],
  );
  const at = [clamp(active[0], rows.length - 1), clamp(active[1], columns.length)];
  useLayoutEffect(() => {
    if (!shouldFocus.current || editing) return;
    shouldFocus.current = false;
    body.current?.querySelector(`[data-at="${at}"]`)?.focus();
  });

  const moveTo = (next) => {
    shouldFocus.current = true;
    setActive([clamp(next[0], rows.length - 1), clamp(next[1], columns.length)]);
  };
  const isNew = (row) => typeof row.key === 'number';
  const canEditRow = (row) =>
    row.key !== undefined && row.change?.kind !== 'delete' && (isNew(row) ? canInsert : canEdit);
  const canEditCell = (row, column) =>
    canEditRow(row) &&
    !column.generated &&
    column.wire !== 'blob' &&
    !(row.values.get(column.name)?.isCut && !row.change?.values.has(column.name));
  const begin = (row, column) => {
    if (!column) return;
    if (canEditCell(row, column)) setEditing(true);
    else onOpen(row);
  };
  const keyDown = (event) => {
    if (editing || event.target.closest('button')) return;
    const row = rows[at[0]];
    const move = MOVES[event.key];
    if (move && !event.altKey && !event.metaKey) {
      const ends = event.ctrlKey && { Home: [0, 0], End: [Infinity, at[1]] }[event.key];
      moveTo(ends || move(at));
    } else if (event.key === 'Enter' || event.key === 'F2') {
      if (at[1] === 0) onOpen(row);
      else begin(row, columns[at[1] - 1]);
    } else if (event.key === ' ') {
      onOpen(row);
    } else if (event.key === 'Delete' && canEditRow(row)) {
      remove(row);
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="grid-scroll" aria-busy={isLoading}>
      <table role="grid" class="grid" aria-rowcount={-1} aria-label="Rows">
        <thead>
          <tr>
            <th scope="col" class="handle">
              <span class="visually-hidden">Row</span>
            </th>
            {columns.map((column) => (
              <Heading key={column.name} {...{ column, schema, state, onState }} />
            ))}
          </tr>
          <tr class="filters">
            <th class="handle" aria-label="Filters" />
            {columns.map((column) => (
              <Filter key={column.name} {...{ column, state, onState }} />
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={keyDown}>
          {rows.map((row, rowAt) => (
            <Row
              key={row.key ?? rowAt}
              {...{ row, rowAt, columns, keys, onOpen }}
              activeColumn={at[0] === rowAt ? at[1] : undefined}
              isEditing={editing}
              onFollow={props.follow}
              onFocus={(column) => setActive([rowAt, column])}
              onKey={(event) => {
                const move = MOVES[event.key];
                if (move) {
                  event.preventDefault();
                  moveTo(move(at));
                } else if (event.key === 'Delete' && canEditRow(row)) remove(row);
              }}
              onEdit={(column) => begin(row, column)}
              onDone={(column, text) => {
                setEditing(false);
                shouldFocus.current = true;
                if (text !== undefined) edit(row, column.name, text);
              }}
            />
          ))}
        </tbody>
      </table>
      {rows.length === 0 && !isLoading && <p class="faint empty">No rows.</p>}
    </div>
  );
}

const MARKS = { insert: '+', update: '•', delete: '−' };

/** A row of the grid. `activeColumn` is the place in it that the keys are for, 0 for its button. */
function Row({ row, rowAt, columns, keys, activeColumn, isEditing, onOpen, onFocus, onKey, onEdit, onDone, onFollow }) {
  return (
    <tr data-change={row.change?.kind}>
      <td class="handle">
        <button
          type="button"
          data-at={[rowAt, 0]}
          tabIndex={activeColumn === 0 ? 0 : -1}
          aria-label={`Open row ${rowAt + 1}`}
          onFocus={() => onFocus(0)}
          onKeyDown={onKey}
          onClick={() => onOpen(row)}
        >
          {MARKS[row.change?.kind] ?? '›'}
        </button>
      </td>
      {columns.map((column, at) => (
        <Cell
          key={column.name}
          {...{ row, column, columns, keys, onFollow }}
          place={[rowAt, at + 1]}
          isActive={activeColumn === at + 1}
          isEditing={isEditing && activeColumn === at + 1}
          onFocus={() => onFocus(at + 1)}
          onEdit={() => onEdit(column)}
          onDone={(text) => onDone(column, text)}
        />
      ))}
    </tr>
  );
}
