// The forms of changes: each makes the statements of its dialog.

import { useState } from 'preact/hooks';

import { tableLabel } from '../sql-text.js';
import { ChangeDialog } from './change-dialog.jsx';
import { ColumnForm, newColumn, TypeList } from './column-form.jsx';
import {
  addColumn,
  changeColumn,
  createIndex,
  createTable,
  dropColumn,
  dropIndex,
  dropTable,
  renameTable,
} from './ddl.js';

const isNamed = ({ name, type }) => name.trim() !== '' && type.trim() !== '';

export function CreateTable(shared) {
  const [name, setName] = useState('');
  const key = { name: 'id', type: 'SERIAL', allowNull: false, default: '', isKey: true, id: 0 };
  const [columns, setColumns] = useState([key, { ...newColumn(), id: 1 }]);
  const named = columns.filter(isNamed);
  const statements =
    name.trim() !== '' && named.length > 0 ? createTable({ table: { name: name.trim() }, columns: named }) : [];
  return (
    <ChangeDialog {...shared} title="Create a table" statements={statements}>
      <TypeList />
      <label>
        Table{' '}
        <input value={name} required autofocus onInput={(event) => setName(event.target.value)} autocomplete="off" />
      </label>
      {columns.map((column) => (
        <ColumnForm
          key={column.id}
          column={column}
          withKey
          onChange={(next) => setColumns(columns.map((other) => (other === column ? next : other)))}
          onRemove={columns.length > 1 ? () => setColumns(columns.filter((other) => other !== column)) : undefined}
        />
      ))}
      <div>
        <button
          type="button"
          onClick={() => setColumns([...columns, { ...newColumn(), id: Math.max(...columns.map(({ id }) => id)) + 1 }])}
        >
          Another column
        </button>
      </div>
    </ChangeDialog>
  );
}

export function AddColumn({ table, ...shared }) {
  const [column, setColumn] = useState(newColumn);
  const statements = isNamed(column) ? addColumn(table, column) : [];
  return (
    <ChangeDialog {...shared} title={`Add a column to ${tableLabel(table)}`} statements={statements}>
      <TypeList />
      <ColumnForm column={column} onChange={setColumn} />
    </ChangeDialog>
  );
}

export function ChangeColumn({ table, column, ...shared }) {
  const [after, setAfter] = useState({ ...column, default: column.default ?? '' });
  const statements = isNamed(after) ? changeColumn(table, column, after) : [];
  return (
    <ChangeDialog {...shared} title={`Change the column ${column.name}`} statements={statements}>
      <TypeList />
      <ColumnForm column={after} onChange={setAfter} />
    </ChangeDialog>
  );
}

export function DropColumn({ table, column, ...shared }) {
  const statements = dropColumn(table, column.name);
  return (
    <ChangeDialog {...shared} title={`Drop the column ${column.name}`} statements={statements} isDestructive>
      <p>The values of this column are lost.</p>
    </ChangeDialog>
  );
}

export function RenameTable({ table, ...shared }) {
  const [name, setName] = useState(table.name);
  const statements = name.trim() !== '' && name !== table.name ? renameTable(table, name.trim()) : [];
  return (
    <ChangeDialog {...shared} title={`Rename ${tableLabel(table)}`} statements={statements}>
      <label>
        Name{' '}
        <input value={name} required autofocus onInput={(event) => setName(event.target.value)} autocomplete="off" />
      </label>
    </ChangeDialog>
  );
}

export function DropTable({ table, ...shared }) {
  return (
    <ChangeDialog {...shared} title={`Drop ${tableLabel(table)}`} statements={dropTable(table)} isDestructive>
      <p>The table and all of its rows are lost.</p>
    </ChangeDialog>
  );
}

export function CreateIndex({ table, columns, ...shared }) {
  const [chosen, setChosen] = useState([]);
  const [given, setName] = useState('');
  const [isUnique, setUnique] = useState(false);
  const [where, setWhere] = useState('');
  const name = given.trim() || [table.name, ...chosen, 'idx'].join('_');
  const statements = chosen.length > 0 ? createIndex(table, { name, columns: chosen, isUnique, where }) : [];
  const toggle = (column) =>
    setChosen(chosen.includes(column) ? chosen.filter((other) => other !== column) : [...chosen, column]);
  return (
    <ChangeDialog {...shared} title={`Create an index on ${tableLabel(table)}`} statements={statements}>
      <fieldset class="row wrap">
        <legend>Columns, in the order in which you choose them</legend>
        {columns.map((column) => (
          <label key={column.name} dir="auto">
            <input type="checkbox" checked={chosen.includes(column.name)} onChange={() => toggle(column.name)} />{' '}
            {column.name}
          </label>
        ))}
      </fieldset>
      <label>
        Name{' '}
        <input value={given} placeholder={name} onInput={(event) => setName(event.target.value)} autocomplete="off" />
      </label>
      <label>
        <input type="checkbox" checked={isUnique} onChange={() => setUnique(!isUnique)} /> Unique
      </label>
      <label>
        Only rows where{' '}
        <input
          value={where}
          placeholder="a condition"
          onInput={(event) => setWhere(event.target.value)}
          autocomplete="off"
        />
      </label>
    </ChangeDialog>
  );
}

export function DropIndex({ table, index, ...shared }) {
  return (
    <ChangeDialog
      {...shared}
      title={`Drop the index ${index.name}`}
      statements={dropIndex(table, index.name)}
      isDestructive
    />
  );
}
