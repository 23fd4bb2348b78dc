import { useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { tableLabel } from '../sql-text.js';
import { exportRows, FORMATS } from './export.js';

const number = new Intl.NumberFormat('en');

/** Writes the rows that the filters leave into a file. */
export function ExportMenu({ database, table, columns, condition, orderBy, count }) {
  const [progress, setProgress] = useState();
  const [error, setError] = useState();
  const run = async (format) => {
    setError(undefined);
    setProgress(0);
    try {
      await exportRows({ database, table, columns, condition, orderBy, format, onProgress: setProgress });
    } catch (error) {
      setError(error);
    } finally {
      setProgress(undefined);
    }
  };
  const rows = count === undefined ? 'the rows' : count === 1 ? '1 row' : `${number.format(count)} rows`;
  return (
    <>
      <span class="row" role="group" aria-label="Export">
        <span class="faint">{progress === undefined ? 'Export' : `${number.format(progress)} rows…`}</span>
        {Object.keys(FORMATS).map((format) => (
          <button
            key={format}
            type="button"
            title={`Export ${rows} of ${tableLabel(table)} as ${format.toUpperCase()}`}
            disabled={progress !== undefined}
            onClick={() => run(format)}
          >
            {format.toUpperCase()}
          </button>
        ))}
      </span>
      {error && <ErrorMessage error={error} />}
    </>
  );
}
