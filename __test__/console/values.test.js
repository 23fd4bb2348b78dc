'use strict';

// The console's calls read and write each type of column, on both engines.

const { consoleModule } = require('../helpers/console-module.js');
const { engines } = require('../helpers/engines.js');

/** For each type: a text that the console writes, and the text that it then reads. */
const VALUES = [
  ['SMALLINT', '-7', '-7'],
  ['BIGINT', '9007199254740993', '9007199254740993'],
  ['DECIMAL(20,5)', '12345678901234.56789', '12345678901234.56789'],
  ['DOUBLE PRECISION', '0.1', '0.1'],
  ['DOUBLE PRECISION', 'NaN', 'NaN'],
  ['BOOLEAN', 'true', 'true'],
  ['VARCHAR(20)', `it's "x" \\ $1`, `it's "x" \\ $1`],
  ['TEXT', '', ''],
  ['TEXT', '🎉 שלום', '🎉 שלום'],
  ['DATE', '2024-02-29', '2024-02-29'],
  ['TIME', '23:59:59', '23:59:59'],
  ['TIMESTAMP', '2024-02-29T23:59:59.123Z', '2024-02-29T23:59:59.123Z'],
  ['UUID', '0B7E7DEE-87B0-4F0C-8E8F-9F5F5F1E4F6A', '0b7e7dee-87b0-4f0c-8e8f-9f5f5f1e4f6a'],
  ["ENUM('a','b')", 'b', 'b'],
  ['JSONB', '{"n": 1.10, "b": 12345678901234567890}', '{"b": 12345678901234567890, "n": 1.10}'],
  ['BLOB', 'AAH/', 'AAH/'],
  ['TEXT', null, null],
];

describe.each(engines.filter(({ name }) => name !== 'memory:'))('the values of the console on $name', ({ start }) => {
  const engine = start();
  let staged;
  let values;

  beforeAll(() => {
    // The calls of the console begin at the URL of its page.
    globalThis.document = { baseURI: `${engine.url}/console/` };
    globalThis.sessionStorage = { getItem: () => null };
    staged = consoleModule('rows/staged.js');
    values = consoleModule('values.js');
  });
  afterAll(() => {
    delete globalThis.document;
    delete globalThis.sessionStorage;
  });

  test('each is written as it is read, and found again by what was read', async () => {
    const api = consoleModule('api.js');
    const database = engine.database();
    await fetch(`${engine.url}/databases`, { method: 'POST', body: JSON.stringify({ name: database }) });
    const columns = VALUES.map(([type], at) => `c${at} ${type}`);
    await api.query(database, `CREATE TABLE t (id INTEGER PRIMARY KEY, ${columns.join(', ')})`);
    const table = { name: 't' };
    const schema = await api.describe(database, table);
    const known = schema.columns.map(values.columnOf);
    const own = known.slice(1);
    const run = async (change) => {
      const { text, parameters } = staged.statementOf({ table, columns: known, old: new Map(), ...change });
      return (await api.query(database, text, { parameters })).affectedRows;
    };
    const written = new Map(VALUES.map(([, text], at) => [`c${at}`, text]));
    expect(await run({ kind: 'insert', key: 1, values: new Map([['id', '1']]) })).toBe(1);
    expect(await run({ kind: 'update', key: `"id" = '1'`, values: written })).toBe(1);
    const read = async () => {
      const { rows } = await api.find(database, table, { columns: values.fullColumns(own) });
      return rows[0].map(values.textOf);
    };
    expect(await read()).toEqual(VALUES.map(([, , text]) => text));
    const old = new Map(own.map(({ name }, at) => [name, VALUES[at][2]]));
    expect(await run({ kind: 'update', key: `"id" = '1'`, old, values: written })).toBe(1);
    const changed = new Map(old).set('c0', '8');
    expect(await run({ kind: 'update', key: `"id" = '1'`, old: changed, values: written })).toBe(0);
    for (const [at, column] of own.entries()) {
      const [type, , text] = VALUES[at];
      if (type === 'JSONB' || text === 'NaN') continue;
      const { rows } = await api.find(database, table, { condition: values.equals(column, text) });
      expect([type, rows.length]).toEqual([type, 1]);
    }
    // The filter of a day finds the times of that day, from its beginning to its end.
    const time = own.find(({ wire }) => wire === 'timestamp');
    const { filterCondition } = consoleModule('sql-text.js');
    const found = async (day) =>
      (await api.find(database, table, { condition: filterCondition(time, day) })).rows.length;
    const set = (text) => run({ kind: 'update', key: `"id" = '1'`, values: new Map([[time.name, text]]) });
    for (const text of ['2024-02-29T00:00:00Z', '2024-02-29T23:59:59.999Z']) {
      await set(text);
      expect([await found('2024-02-28'), await found('2024-02-29'), await found('2024-03-01')]).toEqual([0, 1, 0]);
    }
    expect(await run({ kind: 'delete', key: `"id" = '1'`, values: new Map() })).toBe(1);
  });
});
