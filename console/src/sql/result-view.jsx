import { useState } from 'preact/hooks';

import { FORMATS, formatted, saveFile } from '../rows/export.js';
import { ChartView } from './chart-view.jsx';
import { PlanView } from './plan-view.jsx';
import { ResultTable } from './result-table.jsx';

const number = new Intl.NumberFormat('en');

const counted = (count, what) => `${number.format(count)} ${what}${count === 1 ? '' : 's'}`;

/** The result of a statement, as a table, a chart, or the plan. */
export function ResultView({ kind, result, took }) {
  const [view, setView] = useState('table');
  const { columns, rows, affectedRows } = result;
  const hasRows = columns.length > 0;
  const save = (format) => {
    const names = columns.map(({ name }) => name);
    saveFile(`result.${format}`, FORMATS[format].type, formatted(format, names, rows));
  };
  const what = hasRows ? counted(rows.length, 'row') : `${counted(affectedRows, 'row')} changed`;
  return (
    <div class="result">
      <div class="row wrap summary">
        <span role="status">
          {kind === 'plan' ? 'Plan' : what} in {took < 10 ? took.toFixed(1) : Math.round(took)} ms
        </span>
        {kind !== 'plan' && rows.length > 0 && (
          <>
            <button type="button" aria-pressed={view === 'table'} onClick={() => setView('table')}>
              Table
            </button>
            <button type="button" aria-pressed={view === 'chart'} onClick={() => setView('chart')}>
              Chart
            </button>
            <span class="spring" />
            {Object.keys(FORMATS).map((format) => (
              <button key={format} type="button" onClick={() => save(format)}>
                Save as {format.toUpperCase()}
              </button>
            ))}
          </>
        )}
      </div>
      {kind === 'plan' ? (
        <PlanView result={result} />
      ) : view === 'chart' && rows.length > 0 ? (
        <ChartView result={result} />
      ) : (
        hasRows && <ResultTable {...{ columns, rows }} />
      )}
    </div>
  );
}
