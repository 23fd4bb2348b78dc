// Compiled by `__test__/types.test.js`, never run.

import {
  PhantomDBDialect,
  PhantomDBError,
  type PhantomDBQueryEvent,
  type PhantomDBSnapshot,
} from 'phantomdb-sequelize';
import { DataTypes, Model, Sequelize } from 'sequelize';

const dialect = new PhantomDBDialect('memory:', { createDatabase: false, retries: 2, lockIdleTimeoutMs: 500 });
export const secured = new PhantomDBDialect('https://localhost', { tls: { ca: ['./ca.pem', new Uint8Array()] } });
export const native = new PhantomDBDialect('memory:', { native: true });
const fromDefaults: PhantomDBDialect = new PhantomDBDialect();
export const sequelize: Sequelize = new Sequelize('myapp', null as unknown as string, undefined, { dialect });
export const other = new Sequelize({ dialect: fromDefaults, database: 'myapp', logging: false });
export const same: Sequelize = dialect.init(sequelize);
export const Used: typeof Sequelize = PhantomDBDialect.use(Sequelize);

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
  const updated: number = await dialect.update('db', 'users', { name: null }, "name = 'a'");
  const deleted: number = await dialect.delete('db', 'users', null, { all: true });
  const transaction: string = await dialect.beginTransaction('db', { isolationLevel: 'SERIALIZABLE', readOnly: true });
  const result = await dialect.query('db', 'SELECT $1 AS x', [1], { transaction, native: true });
  await dialect.commitTransaction(transaction);
  const applied: string[] = await dialect.withLock('db', 'migrations', ({ signal }) => [String(signal.aborted)], {
    timeout: 1_000,
  });
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

export function caught(error: unknown): string | undefined {
  return error instanceof PhantomDBError ? error.code + error.details.columns.join() : undefined;
}

// @ts-expect-error an option that does not exist
new PhantomDBDialect('memory:', { createDatabases: true });
// @ts-expect-error a name that Sequelize does not know
new Sequelize({ dialect: 'phantomdb' });
