import { TYPES } from './ddl.js';

export const newColumn = () => ({ name: '', type: 'TEXT', allowNull: true, default: '', isKey: false });

/** The fields of a column. With `withKey` it can be one of the primary key. */
export function ColumnForm({ column, withKey, onChange, onRemove }) {
  const set = (field) => (event) =>
    onChange({ ...column, [field]: event.target.type === 'checkbox' ? event.target.checked : event.target.value });
  return (
    <div class="row wrap column-form">
      <label>
        Name <input value={column.name} required onInput={set('name')} autocomplete="off" dir="auto" />
      </label>
      <label>
        Type <input value={column.type} required list="types" onInput={set('type')} autocomplete="off" />
      </label>
      <label>
        Default <input value={column.default} placeholder="an expression" onInput={set('default')} autocomplete="off" />
      </label>
      <label>
        <input type="checkbox" checked={column.allowNull} onChange={set('allowNull')} /> NULL
      </label>
      {withKey && (
        <label>
          <input type="checkbox" checked={column.isKey} onChange={set('isKey')} /> Key
        </label>
      )}
      {onRemove && (
        <button type="button" aria-label={`Remove ${column.name || 'the column'}`} onClick={onRemove}>
          ✕
        </button>
      )}
    </div>
  );
}

/** The list of types that the forms of columns offer. */
export function TypeList() {
  return (
    <datalist id="types">
      {TYPES.map((type) => (
        <option key={type} value={type} />
      ))}
    </datalist>
  );
}
