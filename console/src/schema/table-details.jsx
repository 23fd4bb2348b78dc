import { useState } from 'preact/hooks';

import { go, link } from '../route.js';
import { referencing } from '../rows/references.js';
import { tableKey, tableLabel } from '../sql-text.js';
import {
  AddColumn,
  ChangeColumn,
  CreateIndex,
  DropColumn,
  DropIndex,
  DropTable,
  RenameTable,
} from './change-forms.jsx';
import { Sources } from './sources.jsx';

export function TableDetails({ database, schema, schemas, rights, onSchemaChanged }) {
  const [change, setChange] = useState();
  const { table, columns } = schema;
  const close = () => setChange(undefined);
  const shared = {
    database,
    table,
    onClose: close,
    onDone: () => {
      close();
      onSchemaChanged();
      if (change.leaves) go(link(database, 'schema'));
    },
  };
  const button = (label, Form, props = {}) =>
    rights.canChangeSchema && (
      <button type="button" aria-label={props.label} onClick={() => setChange({ Form, ...props })}>
        {label}
      </button>
    );
  return (
    <section class="page details">
      <div class="row wrap">
        <h1 dir="auto">{tableLabel(table)}</h1>
        <a href={link(database, 'data', table)}>Rows</a>
        <a href={link(database, 'schema')}>All tables</a>
        <span class="spring" />
        {button('Rename', RenameTable, { leaves: true })}
        {button('Drop', DropTable, { leaves: true })}
      </div>
      {schema.comment && <p dir="auto">{schema.comment}</p>}
      <Columns {...{ schema, database, button }} />
      <Indexes {...{ schema, button }} />
      <Constraints {...{ schema, schemas, database }} />
      <Sources {...{ schema, schemas }} />
      {change && <change.Form {...shared} column={change.column} index={change.index} columns={columns} />}
    </section>
  );
}

function Columns({ schema, button }) {
  return (
    <section>
      <div class="row">
        <h2>Columns</h2>
        {button('Add a column', AddColumn)}
      </div>
      <div class="wide" tabIndex={0} role="region" aria-label="Columns">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">NULL</th>
              <th scope="col">Default</th>
              <th scope="col">Notes</th>
            </tr>
          </thead>
          <tbody>
            {schema.columns.map((column) => (
              <tr key={column.name}>
                <th scope="row" dir="auto">
                  {schema.primaryKey.includes(column.name) && 'PK '}
                  {column.name}
                </th>
                <td>{column.type}</td>
                <td>{column.allowNull ? 'yes' : 'no'}</td>
                <td>
                  <code>{column.autoIncrement ? 'the next number' : (column.generated ?? column.default ?? '')}</code>
                </td>
                <td class="row">
                  <span dir="auto">{column.comment}</span>
                  {!column.generated && button('Change', ChangeColumn, { column, label: `Change ${column.name}` })}
                  {button('Drop', DropColumn, { column, label: `Drop ${column.name}` })}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Indexes({ schema, button }) {
  const parts = ({ fields }) =>
    fields
      .map(({ column, expression, descending }) => `${column ?? expression}${descending ? ' DESC' : ''}`)
      .join(', ');
  return (
    <section>
      <div class="row">
        <h2>Indexes</h2>
        {button('Create an index', CreateIndex)}
      </div>
      {schema.indexes.length === 0 && <p class="faint">This table has no indexes.</p>}
      <ul>
        {schema.indexes.map((index) => (
          <li key={index.name}>
            <span dir="auto">{index.name}</span> <code dir="auto">({parts(index)})</code>
            {index.primary ? ' primary key' : index.unique ? ' unique' : ''}
            {index.where && (
              <>
                {' where '}
                <code>{index.where}</code>
              </>
            )}{' '}
            {index.definition && button('Drop', DropIndex, { index, label: `Drop ${index.name}` })}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Constraints({ schema, schemas, database }) {
  const incoming = referencing(schema, schemas);
  const own = schema.constraints.filter(({ type }) => type !== 'default');
  const toTable = (table) => (
    <a href={link(database, 'schema', table)} dir="auto">
      {tableLabel(table)}
    </a>
  );
  return (
    <section>
      <h2>Keys and conditions</h2>
      {own.length === 0 && incoming.length === 0 && <p class="faint">None.</p>}
      <ul>
        {own.map((constraint) => (
          <li key={constraint.name}>
            {
              { primaryKey: 'primary key', unique: 'unique', check: 'check', foreignKey: 'foreign key' }[
                constraint.type
              ]
            }{' '}
            <code dir="auto">{constraint.columns?.join(', ') ?? constraint.expression}</code>
            {constraint.references && (
              <>
                {' references '}
                {toTable(constraint.references.table)}{' '}
                <code dir="auto">{constraint.references.columns.join(', ')}</code>
                {constraint.references.onDelete && ` on delete ${constraint.references.onDelete.toLowerCase()}`}
                {constraint.references.onUpdate && ` on update ${constraint.references.onUpdate.toLowerCase()}`}
              </>
            )}{' '}
            <span class="faint" dir="auto">
              {constraint.name}
            </span>
          </li>
        ))}
        {incoming.map(({ table, columns }) => (
          <li key={`${tableKey(table)} ${columns}`}>
            referenced by {toTable(table)} <code dir="auto">{columns.join(', ')}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
