import { useState } from 'preact/hooks';

import { textOf } from '../values.js';

/** The rows that are drawn at first, and with each click on the button for more. */
const STEP = 500;
/** The characters of a value that are drawn. */
const SHOWN = 2000;

const number = new Intl.NumberFormat('en');

/** The rows of a result. */
export function ResultTable({ columns, rows }) {
  const [shown, setShown] = useState(STEP);
  return (
    <div class="grid-scroll" tabIndex={0} role="region" aria-label="Result">
      <table class="grid">
        <thead>
          <tr>
            {columns.map((column, at) => (
              <th key={at} scope="col" class="plain-heading">
                <span dir="auto">{column.name}</span> <small>{column.type}</small>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row, at) => (
            <tr key={at}>
              {columns.map((column, columnAt) => (
                <td key={columnAt} data-wire={column.type}>
                  <Value value={row[columnAt]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <button type="button" class="more" onClick={() => setShown(shown + STEP)}>
          Show more of the {number.format(rows.length)} rows
        </button>
      )}
    </div>
  );
}

function Value({ value }) {
  const text = textOf(value);
  if (text === null) return <span class="null">NULL</span>;
  if (text === '') return <span class="null">empty</span>;
  return <span dir="auto">{text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text}</span>;
}
