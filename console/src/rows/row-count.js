// The number of rows of a table. To count those that fit a condition can mean to read the whole table, so a page that is not
// full counts itself, and more than some thousands are counted only when somebody asks.

import { useRef, useState } from 'preact/hooks';

import { query } from '../api.js';
import { useLoaded } from '../hooks.js';
import { countStatement } from '../sql-text.js';

/** The most rows that are counted unasked when there is a condition. */
const COUNTED = 10_000;

/**
 * The number of rows, as far as it is known.
 * @param {{ database: string, table: object, condition?: string, state: { page: number, size: number }, rows: object,
 *   reading: string }} options `rows` is what `useLoaded` returned for the page, `reading` changes when rows are read again
 * @returns {{ value?: number, isMore: boolean, isCounting: boolean, countAll: () => void }} `isMore` means more than `value`
 */
export function useRowCount({ database, table, condition, state, rows, reading }) {
  const [exactFor, setExactFor] = useState();
  const key = JSON.stringify([condition, reading]);
  const isExact = condition === undefined || exactFor === key;
  // After a stop the rows are those of before, which say nothing about this condition.
  const shown = rows.isLoading || rows.isStopped || rows.error ? undefined : rows.data?.rows.length;
  const isLast = shown !== undefined && shown < state.size && (shown > 0 || state.page === 1);
  // It is counted after the page was read, so that the two do not read the table at the same time.
  const needed = useRef();
  if (shown !== undefined && !isLast) needed.current = key;
  const isNeeded = needed.current === key;
  const counted = useLoaded(
    async (signal) => {
      if (!isNeeded) return undefined;
      const statement = countStatement(table, condition, isExact ? undefined : COUNTED);
      const answer = await query(database, statement, { signal });
      return { key, count: Number(answer.rows[0][0]) };
    },
    [database, key, isExact, isNeeded],
  );
  const known = counted.data?.key === key ? counted.data.count : undefined;
  const isMore = !isExact && known > COUNTED;
  const offset = (state.page - 1) * state.size;
  return {
    value: isMore ? COUNTED : (known ?? (isLast ? offset + shown : undefined)),
    isMore,
    isCounting: isNeeded && counted.isLoading,
    countAll: () => setExactFor(key),
    stop: counted.stop,
  };
}
