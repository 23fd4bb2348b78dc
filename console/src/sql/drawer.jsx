import { useState } from 'preact/hooks';

import { Dialog } from './dialog.jsx';
import { SavedDialog } from './saved-dialog.jsx';

/** The buttons to save a statement, and to open what was saved and what was run before. */
export function Drawer({ past, setPast, saved, text, onChoose }) {
  const [opened, setOpened] = useState();
  const choose = (text) => {
    setOpened(undefined);
    onChoose(text);
  };
  return (
    <>
      <button type="button" onClick={() => setOpened('history')}>
        History
      </button>
      <button type="button" onClick={() => setOpened('saved')}>
        Saved
      </button>
      {opened === 'history' && (
        <Dialog title="History" onClose={() => setOpened(undefined)}>
          {past.length === 0 && (
            <p class="faint">You have run no statement yet. This browser remembers the last 200.</p>
          )}
          <ul class="statements">
            {past.map((entry) => (
              <li key={entry.text}>
                <button type="button" class="statement" onClick={() => choose(entry.text)}>
                  <code>{entry.text}</code>
                  <small class="faint">
                    {new Date(entry.at).toLocaleString()} ·{' '}
                    {entry.error ??
                      `${entry.rows} ${entry.rows === 1 ? 'row' : 'rows'} in ${Math.round(entry.took)} ms`}
                  </small>
                </button>
              </li>
            ))}
          </ul>
          {past.length > 0 && (
            <button type="button" onClick={() => setPast([])}>
              Forget all
            </button>
          )}
        </Dialog>
      )}
      {opened === 'saved' && (
        <SavedDialog saved={saved} text={text} onChoose={choose} onClose={() => setOpened(undefined)} />
      )}
    </>
  );
}
