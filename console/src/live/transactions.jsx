// The open transactions, who waits for whom among them, and the buttons to end one.

import { useState } from 'preact/hooks';

import { endTransaction } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { number } from './metrics.js';

/** The beginning of the id of a transaction, which tells it from the others on the page. */
const short = (id) => id.slice(0, 8);

const seconds = (milliseconds) => `${number.format(milliseconds / 1000)} s`;

/** `a, b and something else` */
const listed = (names) =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;

/** Whom a wait is for, in words. */
function holdersOf({ waitsFor, waitsForOthers }) {
  const names = waitsFor.map(short);
  if (waitsForOthers) names.push(names.length === 0 ? 'a call outside of these transactions' : 'others');
  return listed(names);
}

/** What a transaction does at this moment, in words. */
function doing({ idleFor }, wait, waiting) {
  const own = wait
    ? `waits for ${holdersOf(wait)} since ${seconds(wait.waitedFor)}`
    : idleFor === undefined
      ? 'runs a statement'
      : `idle for ${seconds(idleFor)}`;
  return waiting === 0 ? own : `${own}; ${waiting === 1 ? '1 call waits' : `${waiting} calls wait`} for it`;
}

export function Transactions({ transactions, waits }) {
  const [error, setError] = useState();
  const [ending, setEnding] = useState();
  const end = async (id) => {
    setError(undefined);
    setEnding(id);
    try {
      await endTransaction(id);
    } catch (error) {
      setError(error);
    } finally {
      setEnding(undefined);
    }
  };
  const button = (id, label) => (
    <button
      key={id}
      type="button"
      class="danger"
      disabled={ending === id}
      title={`Roll back ${id}`}
      onClick={() => end(id)}
    >
      {label}
    </button>
  );
  const alone = waits.filter(({ transactionId }) => transactionId === undefined);
  return (
    <section>
      <h2>Open transactions</h2>
      {error && <ErrorMessage error={error} />}
      {transactions.length === 0 ? (
        <p class="faint">None.</p>
      ) : (
        <div class="wide" tabIndex={0} role="region" aria-label="Open transactions">
          <table class="plain">
            <thead>
              <tr>
                <th scope="col">Transaction</th>
                <th scope="col">Database</th>
                <th scope="col">Token</th>
                <th scope="col">Open for</th>
                <th scope="col">Now</th>
                <th scope="col">
                  <span class="visually-hidden">Action</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {transactions.map((transaction) => {
                const { transactionId: id, database, token, openFor } = transaction;
                const wait = waits.find(({ transactionId }) => transactionId === id);
                const waiting = waits.filter(({ waitsFor }) => waitsFor.includes(id)).length;
                return (
                  <tr key={id}>
                    <th scope="row" title={id}>
                      <code>{short(id)}</code>
                    </th>
                    <td dir="auto">{database}</td>
                    <td dir="auto">{token ?? ''}</td>
                    <td>{seconds(openFor)}</td>
                    <td>{doing(transaction, wait, waiting)}</td>
                    <td>{button(id, 'Roll back')}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {alone.length > 0 && (
        <>
          <h3>Calls outside of transactions that wait</h3>
          <ul class="slow">
            {alone.map((wait, at) => (
              <li key={at}>
                <span dir="auto">{wait.database}</span>: waits for {holdersOf(wait)} since {seconds(wait.waitedFor)}{' '}
                {wait.waitsFor.map((id) => button(id, `Roll back ${short(id)}`))}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
