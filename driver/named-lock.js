'use strict';

// Locks by name, for work that two processes must not do at once, such as a migration.
//
// A lock is a lease: a row with an expiry time, which its holder renews while it works. So it outlives neither a process
// that was killed nor a connection that is gone, and it works over REST, where nobody sees a process end. The rows are in
// a database of their own, since the work may keep the write lock of its database for longer than a lease lasts. All
// times are the database's, so that the clocks of processes need not agree.

const { performance } = require('perf_hooks');

const { randomUUID, sleep } = require('./old-node.js');
const { PhantomDBError } = require('./phantomdb-error.js');

/** The database of the locks, which no user has made. */
const LOCKS_DATABASE = 'phantomdb_locks';
const LEASE_SECONDS = 10;
const RENEW_EVERY_MS = 2_000;
const RETRY_EVERY_MS = 100;
const WAIT_MS = 60_000;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS locks (
  "database" VARCHAR(255) NOT NULL,
  name VARCHAR(255) NOT NULL,
  holder UUID NOT NULL,
  expires DOUBLE PRECISION NOT NULL,
  PRIMARY KEY ("database", name)
)`;
const LOOK = 'SELECT 1 FROM locks LIMIT 0';
const TAKE = `INSERT INTO locks ("database", name, holder, expires)
  VALUES ($1, $2, $3, extract(epoch from now()) + ${LEASE_SECONDS})
  ON CONFLICT ("database", name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires
  WHERE locks.expires < extract(epoch from now()) RETURNING holder`;
const RENEW = `UPDATE locks SET expires = extract(epoch from now()) + ${LEASE_SECONDS}
  WHERE "database" = $1 AND name = $2 AND holder = $3`;
const RELEASE = 'DELETE FROM locks WHERE "database" = $1 AND name = $2 AND holder = $3';

class NamedLock {
  #dialect;
  #key;
  #timer;
  /** The error of a lock that was lost. */
  #lost;
  /** Node has it since 14.17. */
  #controller = typeof AbortController === 'function' ? new AbortController() : undefined;
  /** The time at which the lease ends at the latest, by the clock of this process. */
  #end;

  constructor(dialect, databaseName, name) {
    this.#dialect = dialect;
    this.#key = [databaseName, name, randomUUID()];
  }

  /** A signal that is aborted when the lock is lost while it is held. */
  get signal() {
    return this.#controller?.signal;
  }

  async take(timeout) {
    await this.#prepare();
    const deadline = performance.now() + timeout;
    while (!(await this.#tryTake())) {
      if (performance.now() >= deadline) {
        const [databaseName, name] = this.#key;
        throw failure(
          `The lock '${name}' of the database '${databaseName}' was not free within ${timeout} ms: another process holds it.`,
        );
      }
      await sleep(RETRY_EVERY_MS * (1 + Math.random()));
    }
    this.#timer = setInterval(() => this.#renew(), RENEW_EVERY_MS);
    this.#timer.unref();
  }

  /** Releases the lock. Fails when the lock was lost before. */
  async release() {
    clearInterval(this.#timer);
    this.#lose(performance.now() > this.#end);
    if (this.#lost) throw this.#lost;
    const { affectedRows } = await this.#run(RELEASE);
    this.#lose(affectedRows === 0);
    if (this.#lost) throw this.#lost;
  }

  /** Makes the database and the table when they are not there. Otherwise a token that may write rows is enough. */
  async #prepare() {
    try {
      const missing = await this.#missing();
      if (missing === 'UNKNOWN_DATABASE') await this.#dialect.createDatabase(LOCKS_DATABASE).catch(unlessExists);
      if (missing) await this.#dialect.query(LOCKS_DATABASE, CREATE_TABLE);
    } catch (error) {
      throw error.code === 'FORBIDDEN' ? explained(error) : error;
    }
  }

  async #missing() {
    try {
      await this.#dialect.query(LOCKS_DATABASE, LOOK);
    } catch (error) {
      if (error.code !== 'UNKNOWN_DATABASE' && error.code !== 'UNKNOWN_TABLE') throw error;
      return error.code;
    }
  }

  async #tryTake() {
    const asked = performance.now();
    const { rows } = await this.#run(TAKE);
    this.#end = asked + LEASE_SECONDS * 1000;
    return rows.length > 0;
  }

  async #renew() {
    const asked = performance.now();
    try {
      const { affectedRows } = await this.#run(RENEW);
      this.#lose(affectedRows === 0);
      this.#end = asked + LEASE_SECONDS * 1000;
    } catch {
      // The next tick tries again, until the lease has ended.
      this.#lose(performance.now() > this.#end);
    }
  }

  #lose(isLost) {
    if (!isLost) {
      return;
    }
    clearInterval(this.#timer);
    const [databaseName, name] = this.#key;
    const reason =
      `The lock '${name}' of the database '${databaseName}' was lost: for ${LEASE_SECONDS} s it was not renewed, as ` +
      'this process stood still or could not reach the database. Another process may have worked meanwhile.';
    this.#lost = failure(reason);
    this.#controller?.abort(this.#lost);
  }

  #run(sql) {
    return this.#dialect.query(LOCKS_DATABASE, sql, this.#key);
  }
}

function failure(message) {
  return new PhantomDBError({ code: 'LOCK_TIMEOUT', message });
}

/** The error for a token that may not do what a lock needs, with what to do about it. */
function explained({ code, message, details, requestId }) {
  const advice =
    `A lock is a row in the database ${LOCKS_DATABASE}, and ${message}. Let an administrator make this database once ` +
    `(phantomdb databases create ${LOCKS_DATABASE} URL), and a token that is for it too, with the right schema ` +
    `(phantomdb token create … --databases NAME,${LOCKS_DATABASE}).`;
  return new PhantomDBError({ code, message: advice, details, requestId });
}

function unlessExists(error) {
  if (error.code !== 'ALREADY_EXISTS') {
    throw error;
  }
}

/** Does `work` while holding a lock, and resolves to its result. */
async function withLock(dialect, databaseName, name, work, { timeout = WAIT_MS } = {}) {
  const lock = new NamedLock(dialect, databaseName, name);
  await lock.take(timeout);
  let result;
  try {
    result = await work({ signal: lock.signal });
  } catch (error) {
    // The error of the work counts. A lock that cannot be released ends by itself.
    await lock.release().catch(() => {});
    throw error;
  }
  await lock.release();
  return result;
}

module.exports = { LOCKS_DATABASE, withLock };
