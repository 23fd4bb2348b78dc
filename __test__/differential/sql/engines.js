// The two engines, and whether they answer alike.

const DECIMAL = /^-?\d+\.\d+$/;
/** A decimal without the zeros at its end: of equal values in a group or a set any one may stand for all. */
const short = (value) => (typeof value === 'string' && DECIMAL.test(value) ? value.replace(/\.?0+$/, '') : value);

/** One engine with a database for the statements. `connection` gives values as they travel, with their types. */
class Side {
  constructor(name, connection, database) {
    this.name = name;
    this.connection = connection;
    this.database = database;
  }

  run(query) {
    return this.connection.query({ database: this.database, query, parameters: '[]' });
  }

  async answer({ sql, isOrdered, groups }) {
    try {
      const { columns, rows } = await this.run(sql);
      const lines = rows.map((row) => JSON.stringify(groups ? row.map(short) : row));
      if (!isOrdered) lines.sort();
      return { text: lines.join('\n'), types: columns.map((column) => column.type).join(' ') };
    } catch (error) {
      return { code: error.code ?? 'NO_CODE', message: String(error.message).slice(0, 300) };
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
    const asked = { ...statement, sql: statement.root.text };
    const [mine, theirs] = await Promise.all(this.sides.map((side) => side.answer(asked)));
    return { ...asked, mine, theirs, verdict: verdict(mine, theirs) };
  }
}

module.exports = { Engines, Side };
