import { useEffect, useRef, useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';

const KINDS = { bar: 'Bars', line: 'Lines', scatter: 'Points' };

/** A result as a chart: one column along the bottom, one or more as heights. */
export function ChartView({ result }) {
  const chart = useLoaded(() => import('./chart.js'), []);
  if (chart.error) return <ErrorMessage error={chart.error} />;
  return chart.data ? (
    <Chart key={result.columns.map(({ name }) => name).join()} {...{ result }} library={chart.data} />
  ) : null;
}

function Chart({ result, library }) {
  const { columns, rows } = result;
  const numeric = columns.flatMap((column, at) => (library.isNumeric(column) ? [at] : []));
  const [kind, setKind] = useState('bar');
  const [x, setX] = useState(0);
  const [ys, setYs] = useState(() => numeric.filter((at) => at !== 0 || numeric.length === 1).slice(0, 1));
  const element = useRef();
  const shown = ys.filter((y) => y < columns.length);
  useEffect(() => {
    if (shown.length === 0 || rows.length === 0) return undefined;
    return library.draw(element.current, result, { kind, x, ys: shown });
  }, [result, kind, x, shown.join()]);
  if (numeric.length === 0)
    return <p class="page faint">A chart needs a column of numbers, and this result has none.</p>;
  const toggle = (y) => setYs(ys.includes(y) ? ys.filter((other) => other !== y) : [...ys, y]);
  const names = shown.map((y) => columns[y].name).join(', ');
  return (
    <div class="chart">
      <div class="row wrap">
        <label>
          Draw{' '}
          <select value={kind} onChange={(event) => setKind(event.target.value)}>
            {Object.entries(KINDS).map(([kind, label]) => (
              <option key={kind} value={kind}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          along{' '}
          <select value={x} onChange={(event) => setX(Number(event.target.value))}>
            {columns.map(({ name }, at) => (
              <option key={at} value={at}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <fieldset class="row wrap">
          <legend class="visually-hidden">Heights</legend>
          {numeric.map((y) => (
            <label key={y}>
              <input type="checkbox" checked={ys.includes(y)} onChange={() => toggle(y)} /> {columns[y].name}
            </label>
          ))}
        </fieldset>
      </div>
      <div class="plot" ref={element} role="img" aria-label={`${KINDS[kind]} of ${names} by ${columns[x]?.name}`} />
    </div>
  );
}
