import { useState } from 'preact/hooks';

import { token } from './api.js';
import { ErrorMessage } from './error-message.jsx';

/** Asks for the token, which stays in this tab only. */
export function TokenForm({ error, onToken }) {
  const [text, setText] = useState('');
  const submit = (event) => {
    event.preventDefault();
    token.set(text.trim());
    onToken();
  };
  return (
    <main class="alone">
      <form class="card" onSubmit={submit}>
        <h1>PhantomDB</h1>
        <p>This server needs a token. Your browser forgets it when you close this tab.</p>
        {error && <ErrorMessage error={error} />}
        <label>
          Token
          <input
            type="password"
            value={text}
            autocomplete="off"
            required
            autofocus
            onInput={(event) => setText(event.target.value)}
          />
        </label>
        <button type="submit" class="primary">
          Open
        </button>
      </form>
    </main>
  );
}
