import { PAGE_SIZES } from './table-state.js';

const number = new Intl.NumberFormat('en');

/** Moves between the pages of a table, and says how many rows there are. */
export function Pager({ state, count, shown, rows, hint, onState }) {
  const { isLoading } = rows;
  const { page, size } = state;
  const first = (page - 1) * size + 1;
  const pages = count.value === undefined || count.isMore ? undefined : Math.max(1, Math.ceil(count.value / size));
  const go = (page) => onState({ page });
  const button = (label, title, to, isOff) => (
    <button type="button" aria-label={title} title={title} disabled={isOff} onClick={() => go(to)}>
      {label}
    </button>
  );
  return (
    <div class="pager">
      <span role="status" aria-live="polite">
        {isLoading
          ? 'Loading…'
          : shown === 0
            ? 'No rows'
            : `${number.format(first)}–${number.format(first + shown - 1)}`}
        {!isLoading &&
          count.value !== undefined &&
          shown > 0 &&
          ` of ${count.isMore ? 'more than ' : ''}${number.format(count.value)}`}
      </span>
      {(isLoading || count.isCounting) && (
        <button type="button" onClick={isLoading ? rows.stop : count.stop}>
          {isLoading ? 'Stop' : 'Stop counting'}
        </button>
      )}
      {count.isMore && !count.isCounting && (
        <button type="button" onClick={count.countAll}>
          Count all
        </button>
      )}
      {button('⇤', 'First page', 1, page === 1)}
      {button('←', 'Previous page', page - 1, page === 1)}
      <label>
        Page{' '}
        <input
          type="number"
          min="1"
          max={pages}
          value={page}
          onChange={(event) =>
            go(Math.min(Math.max(1, Math.trunc(Number(event.target.value)) || 1), pages ?? Infinity))
          }
        />
        {pages !== undefined && ` of ${number.format(pages)}`}
      </label>
      {button('→', 'Next page', page + 1, pages !== undefined ? page >= pages : shown < size)}
      {button('⇥', 'Last page', pages, pages === undefined || page >= pages)}
      <label>
        Rows{' '}
        <select value={size} onChange={(event) => onState({ size: Number(event.target.value), page: 1 })}>
          {PAGE_SIZES.map((size) => (
            <option key={size} value={size}>
              {size}
            </option>
          ))}
        </select>
      </label>
      {hint && <span class="faint hint">{hint}</span>}
    </div>
  );
}
