// A cell of the grid: a value, the way to the row that it references, and its editor.

import { allOf } from '../sql-text.js';
import { equals } from '../values.js';
import { CellEditor } from './cell-editor.jsx';

/**
 * The row of another table that a cell references: `{ table, where }`.
 * @param {{ columns: string[], references: object, targets: string[] }[]} keys the foreign keys of the table
 */
function followed(row, column, keys, columns) {
  for (const { columns: names, references, targets } of keys) {
    if (!names.includes(column.name)) continue;
    const texts = names.map((name) => row.values.get(name)?.text);
    if (targets.length !== texts.length || texts.some((text) => text === null || text === undefined)) continue;
    const wireOf = (name) => columns.find((column) => column.name === name)?.wire;
    const where = allOf(targets.map((name, at) => equals({ name, wire: wireOf(names[at]) }, texts[at])));
    return { table: references.table, where };
  }
  return undefined;
}

export function Cell({ row, column, columns, keys, isActive, isEditing, place, onFocus, onEdit, onDone, onFollow }) {
  const staged = row.change?.values;
  const isStaged = staged?.has(column.name) === true;
  const value = row.values.get(column.name);
  const text = isStaged ? staged.get(column.name) : value?.text;
  const link = isStaged ? undefined : followed(row, column, keys, columns);
  if (isEditing) {
    return (
      <td class="editing">
        <CellEditor column={column} text={text} onDone={onDone} />
      </td>
    );
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid handles the keys of its cells
    <td
      role="gridcell"
      data-at={place}
      data-wire={column.wire}
      data-staged={isStaged}
      tabIndex={isActive ? 0 : -1}
      onFocus={onFocus}
      onDblClick={onEdit}
      onClick={(event) => event.currentTarget.focus()}
    >
      <CellText {...{ text, column }} isCut={!isStaged && value?.isCut} />
      {link && (
        <button
          type="button"
          class="follow"
          tabIndex={isActive ? 0 : -1}
          title={`Show the row of ${link.table.name}`}
          aria-label={`Show the row of ${link.table.name}`}
          onClick={() => onFollow(link.table, link.where)}
        >
          →
        </button>
      )}
    </td>
  );
}

/** A value as a cell shows it. NULL, a default and an empty text look unlike any text. */
export function CellText({ text, column, isCut }) {
  if (text === undefined) return <span class="null">{column.generated ? 'computed' : 'default'}</span>;
  if (text === null) return <span class="null">NULL</span>;
  if (text === '') return <span class="null">empty</span>;
  return (
    <span dir="auto" class={column.wire === 'blob' ? 'null' : 'text'}>
      {column.wire === 'blob' && isCut !== true ? 'new content' : text}
      {isCut && column.wire !== 'blob' ? '…' : ''}
    </span>
  );
}
