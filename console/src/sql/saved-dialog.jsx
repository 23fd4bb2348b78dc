import { useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { Dialog } from './dialog.jsx';

/** The saved statements, and the form to save what is in the editor. */
export function SavedDialog({ saved, text, onChoose, onClose }) {
  const [error, setError] = useState();
  const [isBusy, setBusy] = useState(false);
  /** Runs work, and returns whether it succeeded. */
  const attempt = async (work) => {
    setError(undefined);
    setBusy(true);
    try {
      await work();
      return true;
    } catch (error) {
      setError(error);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const submit = async (event) => {
    event.preventDefault();
    const form = event.target;
    const name = new FormData(form).get('name').trim();
    if (name !== '' && (await attempt(() => saved.save(name, text)))) form.reset();
  };
  return (
    <Dialog title="Saved statements" onClose={onClose}>
      {(error ?? saved.error) && <ErrorMessage error={error ?? saved.error} />}
      {text.trim() === '' ? (
        <p class="faint">What is in the editor can be saved here under a name.</p>
      ) : (
        <form onSubmit={submit}>
          <div class="row">
            <label>
              Save the text of this tab as <input name="name" required maxLength={100} autocomplete="off" />
            </label>
            <button type="submit" disabled={isBusy}>
              Save
            </button>
          </div>
          <p class="faint">{saved.place.note}</p>
        </form>
      )}
      <ul class="statements">
        {saved.list.map((entry) => (
          <li key={`${entry.isInDatabase} ${entry.name}`} class="row">
            <button type="button" class="statement" onClick={() => onChoose(entry.text)}>
              <span>
                <strong dir="auto">{entry.name}</strong>
                {!entry.isInDatabase && <small class="faint"> in this browser</small>}
              </span>
              <code>{entry.text}</code>
            </button>
            {entry.canRemove && (
              <button
                type="button"
                aria-label={`Remove ${entry.name}`}
                disabled={isBusy}
                onClick={() => attempt(() => saved.remove(entry))}
              >
                ✕
              </button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
