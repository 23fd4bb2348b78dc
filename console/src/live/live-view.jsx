// What the server does at this moment. It needs the right `admin`.

import { useEffect, useState } from 'preact/hooks';

import { metrics, openTransactions, slowCalls } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { byteSize } from '../values.js';
import { between, number, reading } from './metrics.js';
import { Sparkline } from './sparkline.jsx';
import { Transactions } from './transactions.jsx';
import './live.css';

/** The time between two readings, in milliseconds. */
const PAUSE = 2000;
/** The readings that are kept: two minutes of them. */
const KEPT = 60;

/** Reads again and again for as long as the view is open and its tab is in front. */
function useReadings() {
  const [state, setState] = useState({ readings: [] });
  useEffect(() => {
    const controller = new AbortController();
    let timer;
    const read = async () => {
      try {
        const { signal } = controller;
        const [text, open, slow] = await Promise.all([metrics(signal), openTransactions(signal), slowCalls(signal)]);
        setState((before) => ({
          readings: [...before.readings, reading(text, performance.now())].slice(-KEPT),
          open,
          slow,
        }));
      } catch (error) {
        if (controller.signal.aborted) return;
        setState((before) => ({ ...before, error }));
      }
      timer = setTimeout(read, document.hidden ? PAUSE * 5 : PAUSE);
    };
    read();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}

const ms = (value) =>
  value === undefined ? '–' : value === Number.POSITIVE_INFINITY ? '> 30 s' : `${number.format(value)} ms`;

export function LiveView({ rights }) {
  if (!rights.isAdmin) {
    return (
      <section class="page">
        <h1>Live</h1>
        <p>This view needs a token with the right admin.</p>
      </section>
    );
  }
  return <Live />;
}

function Live() {
  const { readings, open, slow, error } = useReadings();
  const steps = readings.slice(1).map((after, at) => between(readings[at], after));
  const last = readings.at(-1);
  const now = steps.at(-1);
  return (
    <section class="page details">
      <h1>Live</h1>
      {error && <ErrorMessage error={error} />}
      {last && (
        <dl class="figures">
          <Figure
            name="requests in a second"
            value={now && number.format(now.requests)}
            values={steps.map(({ requests }) => requests)}
          />
          <Figure
            name="statements in a second"
            value={now && number.format(now.statements)}
            values={steps.map(({ statements }) => statements)}
          />
          <Figure
            name="open transactions"
            value={last.transactions}
            values={readings.map(({ transactions }) => transactions)}
          />
          {now?.lockWaits !== undefined && (
            <Figure
              name="waits for a write lock in a second"
              value={number.format(now.lockWaits)}
              values={steps.map(({ lockWaits }) => lockWaits ?? 0)}
            />
          )}
          {last.bytes !== undefined && <Figure name="size of all databases" value={byteSize(last.bytes)} />}
        </dl>
      )}
      {open && <Transactions {...open} />}
      {now && <Routes routes={now.routes} />}
      {slow && <Slow {...slow} />}
    </section>
  );
}

function Figure({ name, value, values }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '…'}</dd>
      {values && <Sparkline values={values} />}
    </div>
  );
}

function Routes({ routes }) {
  return (
    <section>
      <h2>Requests by route</h2>
      <p class="faint">
        In the last two seconds: the mean time until the answer, and the time that half and 95 % of the requests kept
        below.
      </p>
      <div class="wide" tabIndex={0} role="region" aria-label="Requests by route">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Route</th>
              <th scope="col">In a second</th>
              <th scope="col">Mean</th>
              <th scope="col">50 %</th>
              <th scope="col">95 %</th>
              <th scope="col">Since the start</th>
            </tr>
          </thead>
          <tbody>
            {routes.map(({ route, rate, mean, half, most, count }) => (
              <tr key={route}>
                <th scope="row">{route === 'none' ? 'other paths' : route}</th>
                <td>{number.format(rate)}</td>
                <td>{ms(mean)}</td>
                <td>{ms(half)}</td>
                <td>{ms(most)}</td>
                <td>{number.format(count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Slow({ slowAfter, calls }) {
  return (
    <section>
      <h2>Slow calls</h2>
      <p class="faint">
        The last calls that took {number.format(slowAfter)} ms or longer, without the values in their statements.
      </p>
      {calls.length === 0 && <p class="faint">None.</p>}
      <ul class="slow">
        {calls.map(({ at, route, database, token, tookMs, code, text }) => (
          <li key={`${at} ${route}`}>
            <div>
              <strong>{ms(tookMs)}</strong> {route}{' '}
              <span class="faint" dir="auto">
                {[database, token, code, new Date(at).toLocaleTimeString()].filter(Boolean).join(' · ')}
              </span>
            </div>
            {text && <code dir="auto">{text}</code>}
          </li>
        ))}
      </ul>
    </section>
  );
}
