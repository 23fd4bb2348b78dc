// The editor of a value, in a cell and in the panel of a row.

import { useLayoutEffect, useRef, useState } from 'preact/hooks';

import { wrongText } from '../values.js';

/** What a column may be chosen from; undefined for a column that takes any text. */
function choices(column) {
  if (column.wire === 'boolean') return ['true', 'false'];
  return column.values;
}

/**
 * Edits a value in the place of a cell. Enter keeps it, Escape does not, and what leaves the focus is kept when it is right.
 * `onDone` gets the text, null for NULL, or undefined when nothing is to change.
 */
export function CellEditor({ column, text, onDone }) {
  const [value, setValue] = useState(text ?? '');
  const [isNull, setNull] = useState(text === null);
  const field = useRef();
  const isDone = useRef(false);
  // Before the next key comes.
  useLayoutEffect(() => {
    field.current.focus();
    field.current.select?.();
  }, []);
  const result = isNull ? null : value;
  const wrong = wrongText(column, result);
  const isSame = result === text || (text === undefined && value === '' && !isNull);
  const done = (text) => {
    if (isDone.current) return;
    isDone.current = true;
    onDone(text);
  };
  const keep = () => {
    if (isSame) done(undefined);
    else if (!wrong) done(result);
  };
  const keyDown = (event) => {
    event.stopPropagation();
    if (event.key === 'Escape') done(undefined);
    else if (event.key === 'Enter' && !event.shiftKey) keep();
    else return;
    event.preventDefault();
  };
  const set = (event) => {
    setNull(false);
    setValue(event.target.value);
  };
  const leave = (event) => {
    if (event.currentTarget.contains(event.relatedTarget)) return;
    if (isSame || wrong) done(undefined);
    else done(result);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only listens to the field and the button in it
    <div class="cell-editor" onKeyDown={keyDown} onFocusOut={leave}>
      <ValueField {...{ column, value, isNull }} inputRef={field} onInput={set} />
      {column.allowNull && (
        <button
          type="button"
          aria-pressed={isNull}
          onClick={() => {
            setNull(!isNull);
            field.current.focus();
          }}
        >
          NULL
        </button>
      )}
      {wrong && !isSame && (
        <span class="wrong" role="alert">
          {wrong}
        </span>
      )}
    </div>
  );
}

/** The field of a value: a list of choices, or a text. `rows` makes it a text of several lines. */
export function ValueField({ column, value, isNull, inputRef, onInput, rows, id }) {
  const options = choices(column);
  const shared = { ref: inputRef, id, 'aria-label': id ? undefined : column.name, onInput };
  if (options) {
    return (
      <select {...shared} value={isNull ? '' : value}>
        <option value="" disabled={!isNull && value !== ''}>
          {isNull ? 'NULL' : ''}
        </option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    );
  }
  const text = {
    ...shared,
    value: isNull ? '' : value,
    placeholder: isNull ? 'NULL' : '',
    spellcheck: false,
    dir: 'auto',
  };
  return rows ? <textarea {...text} rows={rows} /> : <input {...text} autocomplete="off" />;
}
