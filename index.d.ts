import type { DataType, Dialect } from 'sequelize';

import type {
  PhantomDBAttribute,
  PhantomDBTable,
  PhantomDBTypeDescription,
  PhantomDBWireType,
  TableSchema,
} from './schema.js';

export type { PhantomDBAttribute, PhantomDBTable, PhantomDBTypeDescription, PhantomDBWireType, TableSchema };

/** When work in a managed transaction is run again: after `SERIALIZATION_FAILURE` and `DEADLOCK`. */
export interface TransactionRetry {
  /** Times it is run at most, the first one included. 5 when nothing is said. */
  max?: number;
  /** Milliseconds before the second time, give or take a half. 20 when nothing is said. */
  backoffBase?: number;
  /** What the pause grows by each time. 2 when nothing is said. */
  backoffExponent?: number;
}

declare module 'sequelize' {
  interface TransactionOptions {
    /** Runs the callback again when it had to give way to another transaction; a number is `max`. */
    retry?: boolean | number | TransactionRetry;
  }
}

/** A value of a column or a parameter. Anything else that JSON can hold goes into a JSON column as a document. */
export type PhantomDBValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly unknown[]
  | { readonly [key: string]: unknown };

export type PhantomDBRow = Record<string, unknown>;

export interface PhantomDBColumn {
  name: string;
  /** How the values of the column travel. */
  type: PhantomDBWireType;
}

export interface PhantomDBOptions {
  /** Sent to a server as a bearer token; the default is the environment variable `PHANTOMDB_TOKEN`. */
  token?: string;
  /** How long connecting to a server may take. */
  connectTimeoutMs?: number;
  /** How long one call may take, with its retries. */
  requestTimeoutMs?: number;
  /** How often a call that is safe to repeat is repeated when the server cannot be reached or is too busy. */
  retries?: number;
  /** Whether a database that is not there is made when it is first used. The default is true. */
  createDatabase?: boolean;
  /**
   * What such a database begins as: a snapshot, or, with `memory:` and `file:`, the path of a file that one was saved to.
   *
   * @example new PhantomDBDialect('memory:', { template: './test/seed.phantomdb' })
   */
  template?: PhantomDBSnapshot | string;
  /**
   * `memory:` and `file:` only: a transaction that holds the write lock of its database and runs no statement for so
   * many milliseconds, while others wait for the lock, is rolled back. The default is 5,000. Of dialects that share an
   * engine, the first that uses it decides. A server has `--lock-idle-timeout`.
   */
  lockIdleTimeoutMs?: number;
  /** `https://` only: the authorities to trust, and no others, in PEM: text, bytes, or the path of a file. */
  tls?: { ca: string | Uint8Array | readonly (string | Uint8Array)[] };
}

/**
 * The state of a database, as {@link PhantomDBDialectMethods.snapshot} answers it. It is kept until it is released or
 * nothing refers to it, or, by a server, until its database is dropped.
 */
export interface PhantomDBSnapshot {
  /** The name of the database it was made of. */
  readonly database: string;
  /** Its size. */
  readonly bytes: number;

  /**
   * Writes it to a file, a database of SQLite, to be a `template` in other processes. What is there is replaced.
   * Fails with `BAD_REQUEST` when the file cannot be written, and with `UNSUPPORTED` for a snapshot that a server keeps.
   */
  save(path: string): Promise<void>;

  /** Lets go of it. Databases that began as it stay. */
  release(): Promise<void>;
}

/** What goes with a call: also with each query, finder and write of Sequelize, as one of its options. */
export interface CallOptions {
  /**
   * Gives the call up when it is aborted: the promise is rejected at once with an {@link AbortError}, and the statement
   * is stopped where it runs.
   */
  signal?: AbortSignal;
  /** The trace the call is part of, as W3C Trace Context writes it; without it, that which is active in OpenTelemetry. */
  traceparent?: string;
  tracestate?: string;
}

/**
 * What a call that was given up is rejected with, like the errors of Node's own functions that take a signal. It is not
 * a class of this package's: `error.name === 'AbortError'` tells it.
 */
export interface AbortError extends Error {
  name: 'AbortError';
  code: 'ABORT_ERR';
  /** The signal's reason. */
  cause: unknown;
  sql?: string;
  parameters?: unknown[];
}

/** What is published on the tracing channel `phantomdb:query` of `node:diagnostics_channel`, one for each call. */
export interface PhantomDBQueryEvent {
  /** `query`, `find`, `beginTransaction`, `commitTransaction`, `createTable` and the like. */
  operation: string;
  /** The statement, with `$1…$n` for its values. */
  query?: string;
  database?: string;
  /** The id of the transaction it is part of. */
  transaction: string | null;
  /** The connection string. */
  url: string;
  /** Sent as `X-Request-Id`, in the log of the server, and in the error. */
  requestId: string;
  traceparent?: string;
  tracestate?: string;
  /** How often the call was sent again; known at the end. */
  retries: number;
  /** At the end: the answer as JSON text, or why it failed. */
  result?: string;
  error?: PhantomDBError | AbortError;
}

export interface TransactionOption extends CallOptions {
  /** The id that {@link PhantomDBDialectMethods.beginTransaction} answered. */
  transaction?: string;
}

export interface InsertOptions extends TransactionOption {
  /** The columns of the inserted rows to answer with; `true` for all. */
  returning?: boolean | string[];
  /** What to do when a row with the same key is there: overwrite the columns `update`, or, without, leave it. */
  onConflict?: { columns?: string[]; update?: string[] };
}

export interface SelectOptions extends TransactionOption {
  /** The value that each column has (an array: one of them), or a condition in SQL. */
  where?: Record<string, PhantomDBValue> | string;
  /** A condition in SQL: `"firstName" = 'John' AND age > 18`. */
  condition?: string;
  /** An SQL list, or columns with directions: `[['age', 'DESC'], 'name']`. */
  orderBy?: string | readonly (string | readonly [column: string, direction: 'ASC' | 'DESC' | 'asc' | 'desc'])[];
  limit?: number;
  offset?: number;
  /** An SQL list, or names. */
  columns?: string | readonly string[];
}

export interface WriteOptions extends TransactionOption {
  /** Must be true to change every row, without a where. */
  all?: boolean;
}

export interface QueryOptions extends TransactionOption {
  /** Send the statement to the engine untouched, in its own SQL. */
  native?: boolean;
}

export interface BeginTransactionOptions extends CallOptions {
  isolationLevel?: 'READ UNCOMMITTED' | 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  readOnly?: boolean;
  /** Take the write lock at once instead of at the first write. */
  immediate?: boolean;
  /** Idle time in milliseconds after which the transaction is rolled back. */
  timeout?: number;
}

export interface LockOptions {
  /** How many milliseconds to wait while another process holds the lock; the default is 60,000. */
  timeout?: number;
}

export interface QueryResult<Row extends object = PhantomDBRow> {
  columns: PhantomDBColumn[];
  rows: Row[];
  /** Rows inserted, updated or deleted; 0 for a statement that only reads. */
  affectedRows: number;
}

/**
 * What a PhantomDBDialect does on its own. Every method answers a promise that is rejected with a
 * {@link PhantomDBError} when the call fails.
 */
export interface PhantomDBDialectMethods {
  /** The connection string, without a password. */
  readonly url: string;

  /**
   * Puts this dialect into an instance of Sequelize that was made with another one. Without need when it was given
   * as `dialect` to the constructor.
   *
   * @example
   * const sequelize = new Sequelize('myapp', null, null, { dialect: 'sqlite' });
   * new PhantomDBDialect('memory:').init(sequelize);
   */
  init<T extends object>(sequelize: T): T;

  /**
   * Makes a database, empty or as a snapshot.
   * Fails with `ALREADY_EXISTS` when there is one of that name.
   *
   * @example await dialect.createDatabase('myapp');
   */
  createDatabase(name: string, options?: { template?: PhantomDBSnapshot }): Promise<void>;

  /** Drops a database and all that is in it. Fails with `UNKNOWN_DATABASE` when there is none of that name. */
  dropDatabase(name: string): Promise<void>;

  /** The names of the databases. */
  listDatabases(): Promise<string[]>;

  /**
   * Makes a table. Fails with `ALREADY_EXISTS` unless `ifNotExists`.
   *
   * @example
   * await dialect.createTable('myapp', 'users', {
   *   id: { type: 'INTEGER', primaryKey: true, autoIncrement: true },
   *   name: 'VARCHAR(255)',
   *   born: { type: DataTypes.DATEONLY, allowNull: false },
   * });
   */
  createTable(
    databaseName: string,
    tableName: PhantomDBTable,
    attributes: Record<string, PhantomDBAttribute | string | DataType>,
    options?: TransactionOption & { ifNotExists?: boolean; comment?: string },
  ): Promise<void>;

  /** Drops a table. Fails with `UNKNOWN_TABLE` unless `ifExists`. */
  dropTable(
    databaseName: string,
    tableName: PhantomDBTable,
    options?: TransactionOption & { ifExists?: boolean },
  ): Promise<void>;

  /** The tables of a database. */
  listTables(databaseName: string, options?: TransactionOption): Promise<{ name: string; schema?: string }[]>;

  /** Columns, keys, constraints and indexes of a table. Fails with `UNKNOWN_TABLE`. */
  describeTable(databaseName: string, tableName: PhantomDBTable, options?: TransactionOption): Promise<TableSchema>;

  /**
   * Inserts one row or many, all or none. A column that a row leaves out gets its default.
   * Fails with `UNIQUE_VIOLATION`, `NOT_NULL_VIOLATION`, `FOREIGN_KEY_VIOLATION`, `TYPE_MISMATCH` and the like.
   *
   * @example
   * const { rows } = await dialect.insert('myapp', 'users', { name: 'John' }, { returning: ['id'] });
   */
  insert(
    databaseName: string,
    tableName: PhantomDBTable,
    rows: Record<string, PhantomDBValue> | readonly Record<string, PhantomDBValue>[],
    options?: InsertOptions,
  ): Promise<{ inserted: number; rows: PhantomDBRow[] }>;

  /**
   * The rows of a table that meet a condition.
   *
   * @example
   * const adults = await dialect.select('myapp', 'users', { condition: 'age >= 18', orderBy: [['age', 'DESC']] });
   * const johns = await dialect.select('myapp', 'users', { where: { name: 'John' }, limit: 10 });
   */
  select<Row extends object = PhantomDBRow>(
    databaseName: string,
    tableName: PhantomDBTable,
    options?: SelectOptions,
  ): Promise<Row[]>;

  /**
   * Updates the rows that meet a condition; answers how many they were. Without a condition it needs `all: true`.
   *
   * @example await dialect.update('myapp', 'users', { active: false }, { name: 'John' });
   */
  update(
    databaseName: string,
    tableName: PhantomDBTable,
    data: Record<string, PhantomDBValue>,
    where: Record<string, PhantomDBValue> | string | null | undefined,
    options?: WriteOptions,
  ): Promise<number>;

  /**
   * Deletes the rows that meet a condition; answers how many they were. Without a condition it needs `all: true`.
   *
   * @example await dialect.delete('myapp', 'users', 'age < 18');
   */
  delete(
    databaseName: string,
    tableName: PhantomDBTable,
    where: Record<string, PhantomDBValue> | string | null | undefined,
    options?: WriteOptions,
  ): Promise<number>;

  /**
   * Runs one statement of PhantomDB SQL; `$1…$n` stand for the parameters.
   *
   * @example
   * const { rows } = await dialect.query('myapp', 'SELECT count(*) AS n FROM users WHERE age > $1', [18]);
   */
  query<Row extends object = PhantomDBRow>(
    databaseName: string,
    sql: string,
    parameters?: readonly PhantomDBValue[],
    options?: QueryOptions,
  ): Promise<QueryResult<Row>>;

  /**
   * Begins a transaction; answers its id, to be given as `transaction` to the calls in it.
   *
   * @example
   * const transaction = await dialect.beginTransaction('myapp', { isolationLevel: 'SERIALIZABLE' });
   * await dialect.insert('myapp', 'users', { name: 'John' }, { transaction });
   * await dialect.commitTransaction(transaction);
   */
  beginTransaction(databaseName: string, options?: BeginTransactionOptions): Promise<string>;

  /** Commits. Fails with `TRANSACTION_EXPIRED` when the transaction is not there any more. */
  commitTransaction(id: string): Promise<void>;

  /** Rolls back. Fails with `TRANSACTION_EXPIRED` when the transaction is not there any more. */
  rollbackTransaction(id: string): Promise<void>;

  /**
   * Keeps the committed state of a database: rows, tables, indexes and all. The default is the database of the
   * Sequelize that uses this dialect. See `docs/testing.md`.
   * Fails with `BAD_REQUEST` when there are several of those, or none, with `FORBIDDEN` on a server that does not allow it,
   * and with `UNSUPPORTED` where the engine is not SQLite.
   *
   * @example
   * const seeded = await dialect.snapshot();
   * beforeEach(() => dialect.restore(seeded));
   */
  snapshot(databaseName?: string): Promise<PhantomDBSnapshot>;

  /**
   * Brings a database to a state that was kept: the one that is named, else the one it was kept of, or, when another
   * dialect has made the snapshot, that of the Sequelize that uses this one. All of it or, when it fails, nothing.
   * Open transactions of the database are rolled back; what is still asked in them fails with `TRANSACTION_EXPIRED`.
   * Fails with `NOT_FOUND` when the snapshot was released.
   */
  restore(snapshot: PhantomDBSnapshot, databaseName?: string): Promise<void>;

  /**
   * Does `work` while no other process does work under the same name for the same database; answers what it answers.
   * Fails with `LOCK_TIMEOUT` when the lock is not free in time, or was lost while `work` ran. `signal` is aborted in the
   * latter case: a process that stands still for more than 10 seconds no longer holds the lock, nor does one that was
   * killed. The locks are kept in a database of their own, `phantomdb_locks`.
   *
   * @example await dialect.withLock('myapp', 'migrations', () => umzug.up());
   */
  withLock<Result>(
    databaseName: string,
    name: string,
    work: (lock: { signal: AbortSignal }) => Result | Promise<Result>,
    options?: LockOptions,
  ): Promise<Result>;

  /**
   * Lets go of everything, for good; a `memory:` database without a name is gone then. Closing the last Sequelize that
   * uses the dialect does the same, but the dialect can then be used again.
   */
  close(): Promise<void>;
}

/**
 * PhantomDB as a dialect of Sequelize 6.
 *
 * It is typed as a `Dialect` of Sequelize too, whose type is a closed list of names, so that it can be given as the
 * option `dialect` without a cast. It is an object all the same.
 */
export type PhantomDBDialect = PhantomDBDialectMethods & Extract<Dialect, 'sqlite'>;

export interface PhantomDBDialectConstructor {
  /**
   * @param connectionString
   * `http://…` or `https://…` (a server), `memory:` (a database of its own in this process), `memory:NAME` (one that is
   * shared by this name), or `file:PATH` (a directory). The default is the environment variable `PHANTOMDB_URL`, or
   * `http://localhost:8080`. Nothing is opened or connected yet.
   * @throws {TypeError} for an option that is wrong
   * @throws {PhantomDBError} for a connection string that is wrong
   *
   * @example
   * const sequelize = new Sequelize('myapp', null, null, { dialect: new PhantomDBDialect('memory:') });
   */
  new (connectionString?: string, options?: PhantomDBOptions): PhantomDBDialect;

  /**
   * Makes a copy of Sequelize accept the dialect: one that is neither this package's own, nor the project's, nor loaded
   * when a dialect is constructed. Answers the class.
   *
   * @throws {Error} when the copy is not of a version `>=6.28 <7`, or its files cannot be found
   */
  use<T extends abstract new (...args: never[]) => object>(Sequelize: T): T;

  readonly prototype: PhantomDBDialectMethods;
}

export const PhantomDBDialect: PhantomDBDialectConstructor;

/** Why a call failed. With Sequelize it is the `original` of Sequelize's own error. */
export class PhantomDBError extends Error {
  constructor(failure: {
    code: string;
    message: string;
    details?: object;
    requestId?: string;
    traceId?: string;
  });
  readonly name: 'PhantomDBError';
  /** What went wrong: `UNIQUE_VIOLATION`, `UNKNOWN_TABLE`, `UNAVAILABLE`, … */
  readonly code: string;
  /** Names of what was at fault, where there is one. */
  readonly details: {
    table?: string;
    columns: string[];
    constraint?: string;
    referencedTable?: string;
    value?: string;
    /** Character offset in the statement, from 1. */
    position?: number;
  };
  /** The id under which the server logged the request. An error of Sequelize has it too. */
  readonly requestId?: string;
  /** The trace that the request was part of. */
  readonly traceId?: string;
  /** Set when the failure came from Sequelize. */
  sql?: string;
  parameters?: unknown[];
}

declare module 'sequelize/types/model' {
  // What every query of Sequelize takes, finders and writes among them.
  interface Logging extends CallOptions {}
}
