// Compiled by `__test__/types.test.js`, never run.

import {
  PhantomDBDialect,
  PhantomDBError,
  type PhantomDBQueryEvent,
  type PhantomDBSnapshot,
} from 'phantomdb-sequelize';
import { DataTypes, type Dialect, Model, QueryTypes, Sequelize } from 'sequelize';

const dialect = new PhantomDBDialect('memory:', { createDatabase: false, retries: 2, lockIdleTimeoutMs: 500 });
export const secured = new PhantomDBDialect('https://localhost', { tls: { ca: ['./ca.pem', new Uint8Array()] } });
export const native = new PhantomDBDialect('memory:', { native: true });
const fromDefaults: PhantomDBDialect = new PhantomDBDialect();
export const sequelize: Sequelize = new Sequelize({ database: 'myapp', dialect });
export const positional = new Sequelize('myapp', '', undefined, { dialect });
export const named = new Sequelize({ dialect: 'phantomdb' as Dialect, url: 'file:./data', database: 'myapp' });
export const byUrl = new Sequelize('phantomdb+memory:///myapp', { logging: false });
export const itsDialect: PhantomDBDialect = PhantomDBDialect.of(byUrl);
export const other = new Sequelize({ dialect: fromDefaults, database: 'myapp', logging: false });
export const same: Sequelize = dialect.init(sequelize);
export const Used: typeof Sequelize = PhantomDBDialect.use(Sequelize);

class Row extends Model {
  declare id: number;
}

export async function everyRow(): Promise<number> {
  let sum = 0;
  for await (const row of dialect.stream(Row, {
    where: { id: 1 },
    pageSize: 100,
    signal: new AbortController().signal,
  })) {
    sum += row.id;
  }
  for await (const row of dialect.stream(Row, { raw: true })) sum += Object.keys(row).length;
  // @ts-expect-error an include needs rows of several pages
  dialect.stream(Row, { include: 'parts' });
  return sum;
}

export async function everyMethod(): Promise<number> {
  const url: string = dialect.url;
  const databases: string[] = await dialect.listDatabases();
  await dialect.createTable(url, 'users', {
    id: { type: 'INTEGER', primaryKey: true, autoIncrement: true },
    name: 'VARCHAR(255)',
    born: DataTypes.DATEONLY,
    home: { type: DataTypes.INTEGER, references: { model: 'places', key: 'id' }, onDelete: 'SET NULL' },
  });
  const { inserted } = await dialect.insert('db', 'users', [
    { name: 'a', big: 1n, at: new Date(), bytes: Buffer.from('a') },
  ]);
  const rows = await dialect.select<{ id: number }>(
    'db',
    { tableName: 'users', schema: 's' },
    { where: { id: [1, 2] } },
  );
  const views: { name: string; query?: string }[] = await dialect.listViews('db', { transaction: 'id' });
  const { columns } = await dialect.query('db', 'SELECT 1', [], { exactTypes: true });
  const exact: [string | undefined, boolean | undefined] = [columns[0]?.sqlType, columns[0]?.nullable];
  // @ts-expect-error the option is true or false
  await dialect.query('db', 'SELECT 1', [], { exactTypes: views.length + exact.length });
  const updated: number = await dialect.update('db', 'users', { name: null }, "name = 'a'");
  const deleted: number = await dialect.delete('db', 'users', null, { all: true });
  const transaction: string = await dialect.beginTransaction('db', { isolationLevel: 'SERIALIZABLE', readOnly: true });
  const result = await dialect.query('db', 'SELECT $1 AS x', [1], { transaction, native: true });
  await dialect.commitTransaction(transaction);
  const applied: string[] = await dialect.withLock('db', 'migrations', ({ signal }) => [String(signal.aborted)], {
    timeout: 1_000,
  });
  (await dialect.studio()).startsWith('http');
  const snapshot: PhantomDBSnapshot = await dialect.snapshot();
  await dialect.restore(snapshot, 'other');
  await snapshot.save('./seed.phantomdb');
  await new PhantomDBDialect('memory:', { template: snapshot }).createDatabase('x', { template: snapshot });
  await snapshot.release();
  await dialect.close();
  return databases.length + applied.length + inserted + rows[0].id + updated + deleted + result.affectedRows;
}

export async function everyOption(controller: AbortController): Promise<void> {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  class User extends Model {}
  await User.findAll({ where: { name: 'a' }, signal: controller.signal, traceparent });
  await User.create({ name: 'a' }, { signal: AbortSignal.timeout(5_000) });
  await sequelize.query('SELECT 1', { signal: controller.signal });
  await dialect.select('db', 'users', { signal: controller.signal });
  // @ts-expect-error a signal is one of Node's
  await User.findAll({ signal: true });
}

export function seen(event: PhantomDBQueryEvent): string {
  return `${event.requestId} ${event.operation} ${event.retries} ${event.error?.code}`;
}

export async function inNativeSql(): Promise<void> {
  await sequelize.query('PRAGMA table_info(users)', { native: true });
  await sequelize.query<{ id: number }>('SELECT 1 AS id', { native: true, type: QueryTypes.SELECT });
  // @ts-expect-error native is a boolean
  await sequelize.query('SELECT 1', { native: 'yes' });
}

export function requestOf(error: unknown): string | undefined {
  return PhantomDBError.of(error)?.requestId;
}

export function caught(error: unknown): string | undefined {
  return error instanceof PhantomDBError ? error.code + error.details.columns.join() : undefined;
}

// @ts-expect-error an option that does not exist
new PhantomDBDialect('memory:', { createDatabases: true });
// @ts-expect-error a dialect has none of the methods of the text that its type includes
dialect.trim();
// @ts-expect-error Sequelize's own constructor takes no null there, and a class cannot be given another
new Sequelize('myapp', null, null, { dialect });
// @ts-expect-error a name that Sequelize does not know
new Sequelize({ dialect: 'phantomdb' });
