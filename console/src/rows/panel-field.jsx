import { useId, useState } from 'preact/hooks';

import { indented, wrongText } from '../values.js';
import { BlobField } from './blob-field.jsx';
import { CellText } from './cell.jsx';
import { ValueField } from './cell-editor.jsx';
import { saveFile } from './export.js';

/** The characters above which a text has a field of several lines. */
const SHORT = 60;

/** The characters above which a browser takes seconds to lay a text out, and those of such a text that are shown. */
const LARGE = 100_000;
const SHOWN = 5000;

const number = new Intl.NumberFormat('en');

/** The beginning of a text, and the way to save all of it. */
function LargeText({ id, text, name }) {
  return (
    <>
      <div class="row wrap">
        <span class="faint">
          {number.format(text.length)} characters, of which the first {number.format(SHOWN)} are shown
        </span>
        <button type="button" onClick={() => saveFile(`${name}.txt`, 'text/plain', [text])}>
          Save as a file
        </button>
      </div>
      <output id={id} class="value" dir="auto">
        {text.slice(0, SHOWN)}…
      </output>
    </>
  );
}

/** A value of a row as a whole, with the field to change it. `text` is what is stored, `staged` maps columns to the new values of the row. */
export function PanelField({ column, text, staged, canEdit, onText, onDefault }) {
  const id = useId();
  const isStaged = staged?.has(column.name) === true;
  const current = isStaged ? staged.get(column.name) : text;
  const shownText = column.wire === 'json' && !isStaged && current ? indented(current) : current;
  const [draft, setDraft] = useState();
  const value = draft ?? shownText ?? '';
  const wrong = draft === undefined ? undefined : wrongText(column, draft);
  const isLong = column.wire === 'json' || (shownText ?? '').length > SHORT || (shownText ?? '').includes('\n');
  const keep = () => {
    if (draft !== undefined && !wrong && draft !== shownText) onText(draft);
    if (!wrong) setDraft(undefined);
  };
  return (
    <div class="field" data-staged={isStaged}>
      <div class="row">
        <label for={id} dir="auto">
          {column.name}
        </label>
        <span class="faint type">{column.type}</span>
        <span class="spring" />
        {canEdit && onDefault && isStaged && (
          <button type="button" onClick={onDefault}>
            Default
          </button>
        )}
        {canEdit && column.allowNull && (
          <button
            type="button"
            aria-pressed={current === null}
            aria-label={`Set ${column.name} to NULL`}
            onClick={() => {
              setDraft(undefined);
              onText(null);
            }}
          >
            NULL
          </button>
        )}
      </div>
      {column.wire === 'blob' ? (
        <BlobField id={id} base64={current} canEdit={canEdit} name={column.name} onBase64={onText} />
      ) : (shownText ?? '').length > LARGE ? (
        <LargeText id={id} text={shownText} name={column.name} />
      ) : canEdit ? (
        <div onFocusOut={keep}>
          <ValueField
            {...{ id, column, value }}
            isNull={draft === undefined && current === null}
            rows={isLong ? Math.min(14, Math.max(4, value.split('\n').length)) : undefined}
            onInput={(event) => {
              if (event.target.tagName === 'SELECT') onText(event.target.value);
              else setDraft(event.target.value);
            }}
          />
        </div>
      ) : (
        <output id={id} class="value">
          <CellText text={shownText} column={column} />
        </output>
      )}
      {current === undefined && canEdit && (
        <span class="faint">takes its default{column.default ? `: ${column.default}` : ''}</span>
      )}
      {wrong && (
        <span class="wrong" role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}
