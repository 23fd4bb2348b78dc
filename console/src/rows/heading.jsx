// The head of the grid: the names of columns, which sort, and the fields that filter.

import { useLayoutEffect, useRef } from 'preact/hooks';

import { nextOrder } from './table-state.js';

export function Heading({ column, schema, state, onState }) {
  const direction = state.order.find(([name]) => name === column.name)?.[1];
  const isKey = schema.primaryKey.includes(column.name);
  return (
    <th scope="col" aria-sort={{ ASC: 'ascending', DESC: 'descending' }[direction] ?? 'none'}>
      <button
        type="button"
        class="heading"
        title={`Sort by ${column.name}; with Shift, after the columns that sort already`}
        onClick={(event) => onState({ order: nextOrder(state.order, column.name, event.shiftKey), page: 1 })}
      >
        <span dir="auto">{column.name}</span>
        <span aria-hidden="true">{{ ASC: ' ↑', DESC: ' ↓' }[direction] ?? ''}</span>
        <small>
          {isKey && 'PK '}
          {column.type.length > 30 ? `${column.type.slice(0, 30)}…` : column.type}
        </small>
      </button>
    </th>
  );
}

export function Filter({ column, state, onState }) {
  const text = state.filters.get(column.name) ?? '';
  const field = useRef();
  // The field stays the same, so that it keeps the focus when Enter has filtered.
  useLayoutEffect(() => {
    field.current.value = text;
  }, [text]);
  const apply = ({ target: { value } }) => {
    if (value !== text) onState({ filters: new Map(state.filters).set(column.name, value), page: 1 });
  };
  return (
    <th>
      <input
        ref={field}
        aria-label={`Filter ${column.name}`}
        title="A value, or what follows the column in SQL: > 5, LIKE 'a%', IN (1, 2), IS NULL"
        placeholder="filter"
        spellcheck={false}
        autocomplete="off"
        onKeyDown={(event) => event.key === 'Enter' && apply(event)}
        onChange={apply}
      />
    </th>
  );
}
