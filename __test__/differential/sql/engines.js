// The two engines, and whether they answer alike.

/** The table that statements of the type `write` change. Those of the type `kept` make what they use. */
const WRITTEN = 'x';

const DECIMAL = /^-?\d+\.\d+$/;
/** A decimal without the zeros at its end: of equal values in a group or a set any one may stand for all. */
const short = (value) => (typeof value === 'string' && DECIMAL.test(value) ? value.replace(/\.?0+$/, '') : value);

/** One engine with a database for the statements. `connection` gives values as they travel, with their types. */
class Side {
  /** Ends with the last write: writes of one table would only wait for each other. */
  #lastWrite = Promise.resolve();

  constructor(name, connection, database) {
    this.name = name;
    this.connection = connection;
    this.database = database;
  }

  run(query, values = [], transaction = undefined) {
    return this.connection.query({ database: this.database, query, parameters: JSON.stringify(values), transaction });
  }

  async answer({ root, sql, values, isOrdered, groups }) {
    try {
      const { columns, rows } = await this.#result(root, sql, values);
      const lines = rows.map((row) => JSON.stringify(groups ? row.map(short) : row));
      if (!isOrdered) lines.sort();
      return { text: lines.join('\n'), types: columns.map((column) => column.type).join(' ') };
    } catch (error) {
      return { code: error.code ?? 'NO_CODE', message: String(error.message).slice(0, 300) };
    }
  }

  #result(root, sql, values) {
    if (root.type === 'write') return this.#inTurn(() => this.#write(sql, values));
    if (root.type === 'kept') return this.#inTurn(() => this.#steps(root.children.map((step) => step.text)));
    return this.run(sql, values);
  }

  #inTurn(work) {
    const done = this.#lastWrite.then(work);
    this.#lastWrite = done.catch(() => {});
    return done;
  }

  /** What a write returns, and then all rows of the table that it has written. It is undone. */
  #write(sql, values) {
    return this.#undone(async (id) => {
      const { columns, rows } = await this.run(sql, values, id);
      const after = await this.run(`SELECT * FROM "${WRITTEN}" ORDER BY 1`, [], id);
      return { columns: [...columns, ...after.columns], rows: [...rows, ['after'], ...after.rows] };
    });
  }

  /** What several statements return, each row with the number of its statement. They are undone. */
  #steps(statements) {
    return this.#undone(async (id) => {
      const all = { columns: [], rows: [] };
      for (const [index, sql] of statements.entries()) {
        const { columns, rows } = await this.run(sql, [], id);
        all.columns.push(...columns);
        all.rows.push(...rows.map((row) => [index, ...row]));
      }
      return all;
    });
  }

  /** The outcome of the work in a transaction that is rolled back. */
  async #undone(work) {
    const { transaction_id: id } = await this.connection.call('beginTransaction', { database: this.database });
    try {
      return await work(id);
    } finally {
      await this.connection.call('rollbackTransaction', { id });
    }
  }
}

/** `same`, or how the answers differ. */
function verdict(mine, theirs) {
  if (mine.code === 'UNSUPPORTED') return 'unsupported';
  if (mine.code && theirs.code) return mine.code === theirs.code ? 'same' : 'codes';
  if (mine.code) return 'fails';
  if (theirs.code) return 'lax';
  if (mine.text !== theirs.text) return 'wrong';
  return mine.types === theirs.types ? 'same' : 'types';
}

class Engines {
  constructor(mine, theirs) {
    this.sides = [mine, theirs];
  }

  async setUp(statements) {
    for (const side of this.sides) {
      await side.connection.call('createDatabase', { name: side.database });
      for (const sql of statements) await side.run(sql);
    }
  }

  async tearDown() {
    for (const side of this.sides) await side.connection.call('dropDatabase', { name: side.database });
  }

  async ask(statement) {
    const bound = [];
    const sql = statement.root.written(bound);
    const asked = { ...statement, sql, values: bound.map(({ value }) => value) };
    const [mine, theirs] = await Promise.all(this.sides.map((side) => side.answer(asked)));
    return { ...asked, mine, theirs, verdict: verdict(mine, theirs) };
  }
}

module.exports = { Engines, Side };
