import { useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { useLoaded } from '../hooks.js';
import { tableDefinition } from './ddl.js';

const KINDS = { sequelize: 'Sequelize model', typescript: 'TypeScript', sql: 'SQL' };

/** The table as source, to copy into a program. */
export function Sources({ schema }) {
  const [kind, setKind] = useState('sequelize');
  const [isCopied, setCopied] = useState(false);
  const models = useLoaded(async () => (await import('./models.js')).loadModels(), []);
  const text =
    kind === 'sql'
      ? tableDefinition(schema)
          .map((statement) => `${statement};\n`)
          .join('\n')
      : models.data?.[kind](schema);
  return (
    <section>
      <div class="row wrap">
        <h2>As source</h2>
        {Object.entries(KINDS).map(([name, label]) => (
          <button key={name} type="button" aria-pressed={kind === name} onClick={() => setKind(name)}>
            {label}
          </button>
        ))}
        {/* A browser lets a page copy on this computer and over HTTPS only. */}
        {navigator.clipboard && (
          <button
            type="button"
            disabled={!text}
            onClick={async () => {
              await navigator.clipboard.writeText(text);
              setCopied(true);
              setTimeout(() => setCopied(false), 2000);
            }}
          >
            {isCopied ? 'Copied' : 'Copy'}
          </button>
        )}
      </div>
      {models.error && <ErrorMessage error={models.error} />}
      <pre class="statements-text" tabIndex={0} role="region" aria-label={KINDS[kind]}>
        {text}
      </pre>
    </section>
  );
}
