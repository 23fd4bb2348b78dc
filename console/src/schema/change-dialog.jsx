// A dialog that shows the statements of a change before it makes it.

import { useEffect, useRef, useState } from 'preact/hooks';

import { inTransaction, query } from '../api.js';
import { ErrorMessage } from '../error-message.jsx';
import { link } from '../route.js';

/** @param {{ statements: string[], isDestructive?: boolean }} props the statements that the form in `children` describes */
export function ChangeDialog({ title, database, statements, isDestructive, children, onDone, onClose }) {
  const dialog = useRef();
  const [error, setError] = useState();
  const [isRunning, setRunning] = useState(false);
  useEffect(() => dialog.current.showModal(), []);
  const text = statements.map((statement) => `${statement};`).join('\n');
  const run = async (event) => {
    event.preventDefault();
    setRunning(true);
    setError(undefined);
    try {
      await inTransaction(database, {}, async (transaction) => {
        for (const statement of statements) await query(database, statement, { transaction });
      });
      onDone();
    } catch (error) {
      setError(error);
      setRunning(false);
    }
  };
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      <form onSubmit={run} class="change-form">
        <h2 dir="auto">{title}</h2>
        {children}
        <pre class="statements-text" tabIndex={0} role="region" aria-label="The statements" dir="auto">
          {text || 'Nothing changes.'}
        </pre>
        {error && <ErrorMessage error={error} />}
        <div class="row wrap">
          {text && <a href={link(database, 'sql', undefined, { text })}>Open in the SQL editor</a>}
          <span class="spring" />
          <button type="button" onClick={() => dialog.current.close()}>
            Back
          </button>
          <button type="submit" class={isDestructive ? 'danger' : 'primary'} disabled={isRunning || text === ''}>
            Run
          </button>
        </div>
      </form>
    </dialog>
  );
}
