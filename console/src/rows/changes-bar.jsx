// The bar with the changes that are not saved, and the dialog that shows them before they are.

import { useEffect, useRef, useState } from 'preact/hooks';

import { ErrorMessage } from '../error-message.jsx';
import { tableLabel } from '../sql-text.js';
import { CellText } from './cell.jsx';
import { without } from './staged.js';

const counted = (count) => (count === 1 ? '1 change' : `${count} changes`);

export function ChangesBar({ staged, database, onSaved }) {
  const [isOpen, setOpen] = useState(false);
  const count = staged.changes.length;
  if (count === 0 && !staged.canUndo) return null;
  return (
    <div class="changes" role="region" aria-label="Changes">
      <span role="status">{count === 0 ? 'No changes' : `${counted(count)} not saved`}</span>
      <span class="spring" />
      <button type="button" disabled={!staged.canUndo} onClick={staged.undo}>
        Undo
      </button>
      <button type="button" disabled={count === 0} onClick={staged.discard}>
        Discard all
      </button>
      <button type="button" class="primary" disabled={count === 0} onClick={() => setOpen(true)}>
        Review and save
      </button>
      {isOpen && (
        <Review
          {...{ staged, database }}
          onClose={() => setOpen(false)}
          onSaved={() => {
            setOpen(false);
            onSaved();
          }}
        />
      )}
    </div>
  );
}

function Review({ staged, database, onClose, onSaved }) {
  const dialog = useRef();
  const [error, setError] = useState();
  const [isSaving, setSaving] = useState(false);
  useEffect(() => dialog.current.showModal(), []);
  const save = async () => {
    setSaving(true);
    setError(undefined);
    try {
      await staged.save();
      onSaved();
    } catch (error) {
      setError(error);
      setSaving(false);
    }
  };
  return (
    <dialog ref={dialog} class="review" aria-labelledby="review" onClose={onClose}>
      <h2 id="review">
        Save {counted(staged.changes.length)} to {database}
      </h2>
      <p class="faint">All of them are saved in one transaction, or none.</p>
      <div class="scroll" tabIndex={0} role="region" aria-label="The changes">
        {staged.changes.map((change) => (
          <Change
            key={`${tableLabel(change.table)} ${change.key}`}
            change={change}
            isAtFault={error?.change === change}
            onDiscard={() => {
              setError(undefined);
              staged.stage((changes) => without(changes, change));
            }}
          />
        ))}
      </div>
      {error && <ErrorMessage error={error} />}
      <div class="row">
        <span class="spring" />
        <button type="button" onClick={() => dialog.current.close()}>
          Back
        </button>
        <button type="button" class="primary" disabled={isSaving || staged.changes.length === 0} onClick={save}>
          Save
        </button>
      </div>
    </dialog>
  );
}

const KINDS = { insert: 'Insert into', update: 'Update', delete: 'Delete from' };

function Change({ change, isAtFault, onDiscard }) {
  const { kind, table, key, columns, old, values } = change;
  const named = columns.filter(({ name }) => (kind === 'delete' ? old : values).has(name));
  return (
    <section class="change" data-change={kind} data-fault={isAtFault}>
      <div class="row wrap">
        <h3 dir="auto">
          {KINDS[kind]} {tableLabel(table)}
        </h3>
        {typeof key === 'string' && <code dir="auto">{key}</code>}
        <span class="spring" />
        <button type="button" onClick={onDiscard}>
          Discard
        </button>
      </div>
      <dl>
        {named.map((column) => (
          <div key={column.name}>
            <dt dir="auto">{column.name}</dt>
            {old.has(column.name) && kind !== 'insert' && (
              <dd>
                <del>
                  <CellText text={old.get(column.name)} column={column} isCut={column.wire === 'blob'} />
                </del>
              </dd>
            )}
            {kind !== 'delete' && (
              <dd>
                <ins>
                  <CellText text={values.get(column.name)} column={column} />
                </ins>
              </dd>
            )}
          </div>
        ))}
        {kind === 'insert' && named.length === 0 && <div class="faint">every column takes its default</div>}
      </dl>
    </section>
  );
}
