'use strict';

const native = require('./native.js');
const { PhantomDBError, throwFailure } = require('./phantomdb-error.js');

/** The name of a function of every snapshot, whichever copy of this package made it, which returns its id and client. */
const SNAPSHOT = Symbol.for('phantomdb-sequelize.snapshot');

/** A state of a database. `index.d.ts` documents it. */
class Snapshot {
  #id;
  #client;
  /** Keeps a snapshot of this process alive. A server keeps its own. */
  #held;

  constructor(client, database, { snapshot_id: id, bytes }) {
    this.#id = id;
    this.#client = client;
    this.#held = client.isRemote ? undefined : new native.NativeSnapshot(id);
    this.database = database;
    this.bytes = bytes;
  }

  [SNAPSHOT]() {
    return { id: this.#id, client: this.#client };
  }

  async save(path) {
    if (!this.#held) {
      throw new PhantomDBError({
        code: 'UNSUPPORTED',
        message: 'A snapshot that a server keeps cannot be saved to a file; use one of memory: or file:.',
      });
    }
    await throwFailure(this.#held.save(path));
  }

  async release() {
    if (this.#held) {
      this.#held.release();
      return;
    }
    try {
      await this.#client.at().call('dropSnapshot', { database: this.database, id: this.#id });
    } catch (error) {
      if (error.code !== 'NOT_FOUND') throw error;
    }
  }
}

// Node 20 has the symbol, older type definitions do not.
Snapshot.prototype[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')] = Snapshot.prototype.release;

function isSnapshot(value) {
  return typeof value?.[SNAPSHOT] === 'function';
}

function idOf(snapshot) {
  return snapshot[SNAPSHOT]().id;
}

/** The id of a snapshot that `client` can use. Throws for any other. */
function idFor(snapshot, client) {
  if (!isSnapshot(snapshot)) {
    throw new TypeError(`A snapshot is what dialect.snapshot() answered, not ${typeof snapshot}.`);
  }
  const {
    id,
    client: { isRemote },
  } = snapshot[SNAPSHOT]();
  if (isRemote !== client.isRemote) {
    throw new PhantomDBError({
      code: 'BAD_REQUEST',
      message: isRemote
        ? 'This snapshot is kept by a server, which alone can use it.'
        : 'This snapshot is kept in this process, and a server cannot use it; make one with a dialect of that server.',
    });
  }
  return id;
}

/** True when it was made with `client`. */
function isOf(snapshot, client) {
  return snapshot[SNAPSHOT]().client === client;
}

module.exports = { Snapshot, idFor, idOf, isOf, isSnapshot };
