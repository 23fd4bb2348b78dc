import type { Attributes, DataType, Dialect, FindOptions, Model, ModelStatic } from 'sequelize';

import type {
  PhantomDBAttribute,
  PhantomDBTable,
  PhantomDBTypeDescription,
  PhantomDBWireType,
  TableSchema,
} from './schema.js';

export type { PhantomDBAttribute, PhantomDBTable, PhantomDBTypeDescription, PhantomDBWireType, TableSchema };

/** How often a managed transaction runs again after `SERIALIZATION_FAILURE` and `DEADLOCK`. */
export interface TransactionRetry {
  /** The most runs, including the first one. The default is 5. */
  max?: number;
  /** Milliseconds before the second run, plus or minus a half. The default is 20. */
  backoffBase?: number;
  /** The factor by which the pause grows each time. The default is 2. */
  backoffExponent?: number;
}

declare module 'sequelize' {
  interface TransactionOptions {
    /** Runs the callback again after a conflict with another transaction. A number is `max`. */
    retry?: boolean | number | TransactionRetry;
  }
  interface Options {
    /**
     * Beside `dialect: 'phantomdb'`: a connection string of {@link PhantomDBDialect}, or a URL that names the database too
     * (`phantomdb://HOST:PORT/DATABASE`).
     */
    url?: string;
  }
}

declare module 'sequelize/types/dialects/abstract/query-interface' {
  interface QueryOptions {
    /**
     * True when the statement is in the engine's own SQL. It is then sent to the engine unchanged. The default is the
     * option `native` of the dialect.
     */
    native?: boolean;
  }
}

/** A value of a column or a parameter. An array or a plain object goes into a JSON column as a document. */
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
  /**
   * The type in PhantomDB SQL: `VARCHAR(40)`. Only with the option `exactTypes` of a query, and where it is known. An `ENUM`
   * may stand without its values.
   */
  sqlType?: string;
  /** Whether a row may have NULL there. Only with the option `exactTypes` of a query, and where it is known. */
  nullable?: boolean;
}

/** A view of a database. */
export interface PhantomDBView {
  name: string;
  /** The schema, when it is not the one of the connection. */
  schema?: string;
  /**
   * The query whose rows the view has. SQLite has it as it was written, PostgreSQL as it is now. A view that another program
   * made in a file of SQLite has no query here.
   */
  query?: string;
}

export interface PhantomDBOptions {
  /** The bearer token that the client sends to a server. The default is the environment variable `PHANTOMDB_TOKEN`. */
  token?: string;
  /** How many milliseconds connecting to a server may take. The default is 5,000. */
  connectTimeoutMs?: number;
  /** How many milliseconds one call may take, with its retries. The default is 60,000. */
  requestTimeoutMs?: number;
  /**
   * How often the client repeats a call that is safe to repeat, when the server cannot be reached or is too busy. The
   * default is 4.
   */
  retries?: number;
  /** Whether a missing database is made when it is first used. The default is true. */
  createDatabase?: boolean;
  /**
   * The initial content of such a database: a snapshot, or, with `memory:` and `file:`, the path of a saved snapshot.
   *
   * @example new PhantomDBDialect('memory:', { template: './test/seed.phantomdb' })
   */
  template?: PhantomDBSnapshot | string;
  /**
   * `memory:` and `file:` only: a statement fails with `LOCK_TIMEOUT` when it has waited for this number of milliseconds for
   * a transaction that holds the write lock of the database and runs no statement. After twice that time the transaction is
   * rolled back. The default is 5,000. When several dialects share an engine, the first one that uses it decides. A server
   * has `--lock-idle-timeout`, after which the transaction is rolled back.
   */
  lockIdleTimeoutMs?: number;
  /**
   * How many milliseconds the statements of one call may take, waiting for locks included. Beyond it the call fails with
   * `STATEMENT_TIMEOUT`. A server gives them no more than its `--statement-timeout`, 30,000 by default; an embedded
   * database has no limit by default.
   */
  statementTimeoutMs?: number;
  /** `memory:` and `file:` only: the most rows of one result. By default there is no limit. A server has `--result-rows-max`. */
  resultRowsMax?: number;
  /**
   * `memory:` and `file:` only: the most bytes of one result, as JSON. By default there is no limit. A server has
   * `--result-bytes-max`.
   */
  resultBytesMax?: number;
  /**
   * Whether raw queries (`sequelize.query(sql)`) are in the engine's own SQL unless their option `native` says otherwise. The
   * default is false: they are PhantomDB SQL, as everything is that Sequelize writes.
   */
  native?: boolean;
  /** `https://` only: the authorities to trust, and no others, in PEM: text, bytes, or the path of a file. */
  tls?: { ca: string | Uint8Array | readonly (string | Uint8Array)[] };
}

/**
 * The state of a database, as {@link PhantomDBDialectMethods.snapshot} returns it. It is kept until it is released or
 * nothing refers to it. A server keeps it until it is released or its database is dropped.
 */
export interface PhantomDBSnapshot {
  /** The name of the database of which it is a snapshot. */
  readonly database: string;
  /** Its size in bytes. */
  readonly bytes: number;

  /**
   * Writes it to a file, which other processes can use as a `template`. The file is a database of SQLite; an existing
   * file is replaced.
   * Fails with `BAD_REQUEST` when the file cannot be written, and with `UNSUPPORTED` for a snapshot that a server keeps.
   */
  save(path: string): Promise<void>;

  /** Releases the snapshot. Databases that were made from it stay. */
  release(): Promise<void>;
}

/** Options of a call, and of each query, finder and write of Sequelize. */
export interface CallOptions {
  /**
   * Aborts the call: the promise is rejected at once with an {@link AbortError}, and the engine stops the statement.
   */
  signal?: AbortSignal;
  /** The trace of the call in the format of W3C Trace Context. The default is the active trace of OpenTelemetry. */
  traceparent?: string;
  tracestate?: string;
}

/** The options of {@link PhantomDBDialect.stream}: those of `findAll`, except some. */
export interface StreamOptions<TAttributes = unknown>
  extends Omit<FindOptions<TAttributes>, 'include' | 'plain' | 'rejectOnEmpty' | 'lock' | 'skipLocked'> {
  /** The rows that are read at a time. The default is 250. */
  pageSize?: number;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/**
 * The error of a call that was aborted, like the errors of Node's own functions that take a signal. It is not a class of
 * this package; test `error.name === 'AbortError'`.
 */
export interface AbortError extends Error {
  name: 'AbortError';
  code: 'ABORT_ERR';
  /** The signal's reason. */
  cause: unknown;
  sql?: string;
  parameters?: unknown[];
}

/** The event of a call on the tracing channel `phantomdb:query` of `node:diagnostics_channel`. */
export interface PhantomDBQueryEvent {
  /** `query`, `find`, `beginTransaction`, `commitTransaction`, `createTable` and the like. */
  operation: string;
  /** The statement, with `$1…$n` for its values. */
  query?: string;
  database?: string;
  /** The id of the transaction that the call is part of. */
  transaction: string | null;
  /** The connection string. */
  url: string;
  /** The id of the request. It is sent as `X-Request-Id`, and is in the log of the server and in the error. */
  requestId: string;
  traceparent?: string;
  tracestate?: string;
  /** How often the call was sent again. It is set at the end. */
  retries: number;
  /** Set at the end: the answer as JSON text, or the error. */
  result?: string;
  error?: PhantomDBError | AbortError;
}

export interface TransactionOption extends CallOptions {
  /** The id that {@link PhantomDBDialectMethods.beginTransaction} returned. */
  transaction?: string;
}

export interface InsertOptions extends TransactionOption {
  /** The columns of the inserted rows to return; `true` for all. */
  returning?: boolean | string[];
  /**
   * What to do when a row with the same key exists: overwrite its columns `update`, or without `update` leave the row
   * as it is.
   */
  onConflict?: { columns?: string[]; update?: string[] };
}

export interface SelectOptions extends TransactionOption {
  /** The value that each column must have (of an array: one of its values), or a condition in SQL. */
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
  /** Must be true to change every row when there is no condition. */
  all?: boolean;
}

export interface QueryOptions extends TransactionOption {
  /**
   * True when the statement is in the engine's own SQL. It is then sent to the engine unchanged. The default is the option
   * `native` of the dialect.
   */
  native?: boolean;
  /** True for columns with `sqlType` and `nullable`, which takes the database some more time. */
  exactTypes?: boolean;
}

export interface BeginTransactionOptions extends CallOptions {
  isolationLevel?: 'READ UNCOMMITTED' | 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';
  readOnly?: boolean;
  /** True to take the write lock at once instead of at the first write. */
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
 * The methods of a PhantomDBDialect itself. Every method returns a promise that is rejected with a
 * {@link PhantomDBError} when the call fails.
 */
export interface PhantomDBDialectMethods {
  /** The connection string, without a password. */
  readonly url: string;

  /**
   * Sets this dialect on an instance of Sequelize that was made with another one. It is not needed when the dialect was
   * given to the constructor as `dialect`.
   *
   * @example
   * const sequelize = new Sequelize({ database: 'myapp', dialect: 'sqlite' });
   * new PhantomDBDialect('memory:').init(sequelize);
   */
  init<T extends object>(sequelize: T): T;

  /**
   * Makes a database, empty or from a snapshot.
   * Fails with `ALREADY_EXISTS` when a database has that name.
   *
   * @example await dialect.createDatabase('myapp');
   */
  createDatabase(name: string, options?: { template?: PhantomDBSnapshot }): Promise<void>;

  /** Drops a database with everything in it. Fails with `UNKNOWN_DATABASE` when no database has that name. */
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

  /** The views of a database, with their queries. */
  listViews(databaseName: string, options?: TransactionOption): Promise<PhantomDBView[]>;

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
   * Updates the rows that meet a condition; returns their number. Without a condition it needs `all: true`.
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
   * Deletes the rows that meet a condition; returns their number. Without a condition it needs `all: true`.
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
   * Begins a transaction; returns its id, the option `transaction` of the calls in it.
   *
   * @example
   * const transaction = await dialect.beginTransaction('myapp', { isolationLevel: 'SERIALIZABLE' });
   * await dialect.insert('myapp', 'users', { name: 'John' }, { transaction });
   * await dialect.commitTransaction(transaction);
   */
  beginTransaction(databaseName: string, options?: BeginTransactionOptions): Promise<string>;

  /** Commits. Fails with `TRANSACTION_EXPIRED` when the transaction has ended already. */
  commitTransaction(id: string): Promise<void>;

  /** Rolls back. Fails with `TRANSACTION_EXPIRED` when the transaction has ended already. */
  rollbackTransaction(id: string): Promise<void>;

  /**
   * Reads the rows of a finder one after the other, without all of them in memory. A model of a Sequelize that uses this
   * dialect is queried as `findAll` does, with its scopes and `beforeFind` hooks; `afterFind` hooks do not run. All rows
   * are of one state of the database, that of the beginning.
   * The next page is read while the loop is busy with the one before, and no further. Leaving the loop, an error in it and
   * `signal` end the reading. Without the option `transaction` the stream takes a connection of Sequelize's pool and a
   * transaction of its own until it ends; a page must then be worked off within ten minutes (`TRANSACTION_EXPIRED`).
   * Throws a `TypeError` for `include` and `plain`.
   *
   * @example
   * for await (const user of dialect.stream(User, { where: { active: true }, order: ['id'] })) {
   *   await send(user.email);
   * }
   */
  stream<M extends Model>(
    model: ModelStatic<M>,
    options: StreamOptions<Attributes<M>> & { raw: true },
  ): AsyncIterableIterator<Attributes<M>>;
  stream<M extends Model>(model: ModelStatic<M>, options?: StreamOptions<Attributes<M>>): AsyncIterableIterator<M>;

  /**
   * Keeps the committed state of a database: rows, tables, indexes and everything else. The default is the database of
   * the Sequelize that uses this dialect. See `docs/testing.md`.
   * Fails with `BAD_REQUEST` when there is no default because no Sequelize or several of them use the dialect, with
   * `FORBIDDEN` on a server that does not allow snapshots, and with `UNSUPPORTED` where the engine is not SQLite.
   *
   * @example
   * const seeded = await dialect.snapshot();
   * beforeEach(() => dialect.restore(seeded));
   */
  snapshot(databaseName?: string): Promise<PhantomDBSnapshot>;

  /**
   * Restores a snapshot into the named database. The default is the database of the snapshot, or, when another dialect
   * has made the snapshot, the database of the Sequelize that uses this one. When it fails, nothing is changed.
   * Open transactions of the database are rolled back; later calls in them fail with `TRANSACTION_EXPIRED`.
   * Fails with `NOT_FOUND` when the snapshot was released.
   */
  restore(snapshot: PhantomDBSnapshot, databaseName?: string): Promise<void>;

  /**
   * Runs `work` while no other process runs work under the same name for the same database; returns its result.
   * Fails with `LOCK_TIMEOUT` when the lock is not free in time, or when the process lost it while `work` ran; then
   * `signal` is aborted too. A process that is killed, or suspended for more than 10 seconds, loses the lock. The locks
   * are kept in a database of their own, `phantomdb_locks`.
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
   * The URL of the console, a page to look into the databases with a browser, see `docs/console.md`. For `memory:` and
   * `file:` the page is served from now on, on a free port of this computer, until the dialect is closed; the URL holds a new
   * token, so show it only to those who may see and change everything. For a server it is the server's own page.
   *
   * @example console.log(await dialect.studio());
   */
  studio(): Promise<string>;

  /**
   * Closes the dialect for good; a `memory:` database without a name is gone then. Closing the last Sequelize that uses
   * the dialect does the same, but the dialect can then be used again.
   */
  close(): Promise<void>;
}

/** The members of a text. An editor that offers them shows them as `never`, and the compiler refuses a call. */
type NoText = { readonly [Member in Exclude<Extract<keyof string, string>, keyof object>]: never };

/**
 * PhantomDB as a dialect of Sequelize 6.
 *
 * Sequelize's type `Dialect` is a closed list of names. This type includes one of them, so that the option `dialect`
 * accepts it without a cast. At run time it is an object, without the members of a text.
 */
export type PhantomDBDialect = PhantomDBDialectMethods & NoText & Extract<Dialect, 'sqlite'>;

export interface PhantomDBDialectConstructor {
  /**
   * @param connectionString
   * `http://…` or `https://…` (a server), `memory:` (a private database in this process), `memory:NAME` (one that all
   * dialects of this process with this name share), or `file:PATH` (a directory). Without an argument it is the environment
   * variable `PHANTOMDB_URL`, or `http://localhost:8080`. The constructor opens and connects nothing yet.
   * @throws {TypeError} for an option that is wrong, and for `undefined` or an empty string as the connection string
   * @throws {PhantomDBError} for a connection string that is wrong
   *
   * @example
   * const sequelize = new Sequelize({ database: 'myapp', dialect: new PhantomDBDialect('memory:') });
   */
  new (connectionString?: string, options?: PhantomDBOptions): PhantomDBDialect;

  /**
   * The dialect of a Sequelize, also of one whose configuration names it in words: `new Sequelize('phantomdb://…')` or
   * `dialect: 'phantomdb'`.
   *
   * @throws {TypeError} when PhantomDB is not its dialect
   *
   * @example const seeded = await PhantomDBDialect.of(sequelize).snapshot();
   */
  of(sequelize: object): PhantomDBDialect;

  /**
   * Makes a copy of Sequelize accept the dialect. Call it for a copy that is neither this package's own, nor the
   * project's, nor loaded when a dialect is constructed. Returns the class.
   *
   * @throws {Error} when the copy is not of a version `>=6.28 <7`, or its files cannot be found
   */
  use<T extends abstract new (...args: never[]) => object>(Sequelize: T): T;

  readonly prototype: PhantomDBDialectMethods;
}

export const PhantomDBDialect: PhantomDBDialectConstructor;

/** The error of a call that failed. With Sequelize it is the `original` of Sequelize's own error. */
export class PhantomDBError extends Error {
  constructor(failure: {
    code: string;
    message: string;
    details?: object;
    requestId?: string;
    traceId?: string;
  });
  /**
   * The PhantomDBError in an error of Sequelize, or the error itself if it is one; undefined for any other value.
   *
   * @example console.error(PhantomDBError.of(error)?.code, PhantomDBError.of(error)?.requestId);
   */
  static of(error: unknown): PhantomDBError | undefined;

  readonly name: 'PhantomDBError';
  /** The code of the error: `UNIQUE_VIOLATION`, `UNKNOWN_TABLE`, `UNAVAILABLE`, … */
  readonly code: string;
  /** What the error is about. */
  readonly details: {
    table?: string;
    columns: string[];
    constraint?: string;
    referencedTable?: string;
    /** The side of a violated foreign key that the statement changed. */
    side?: 'parent' | 'child';
    value?: string;
    /** The place of the error in the statement, as a character offset from 1. */
    position?: number;
    /** The number of the row at fault among those of an INSERT, from 1. */
    row?: number;
    /** Why the server could not be reached. */
    reason?:
      | 'refused'
      | 'host_not_found'
      | 'host_unreachable'
      | 'timed_out'
      | 'invalid_url'
      | 'insecure'
      | 'stopping'
      | 'closed';
  };
  /** The id under which the server logged the request. An error of Sequelize has it too. */
  readonly requestId?: string;
  /** The id of the trace that the request was part of. */
  readonly traceId?: string;
  /** Set when the failure came from Sequelize. */
  sql?: string;
  parameters?: unknown[];
}

declare module 'sequelize/types/model' {
  // The options of every query of Sequelize, finders and writes among them.
  interface Logging extends CallOptions {}
}
