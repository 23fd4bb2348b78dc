'use strict';

// The databases that the tests of the console look into.

const { PhantomDBDialect } = require('../..');

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const SHOP = [
  'CREATE TABLE customers (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL, email VARCHAR(120) UNIQUE, born DATE, ' +
    'active BOOLEAN NOT NULL DEFAULT true, notes TEXT, profile JSONB, photo BLOB)',
  'CREATE TABLE orders (id SERIAL PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), state ' +
    "ENUM('open', 'paid', 'sent') NOT NULL DEFAULT 'open', total DECIMAL(10,2) NOT NULL, placed TIMESTAMP NOT NULL)",
  'CREATE TABLE items (order_id INTEGER NOT NULL REFERENCES orders (id), line INTEGER NOT NULL, product TEXT NOT NULL, ' +
    'amount INTEGER NOT NULL, PRIMARY KEY (order_id, line))',
  'CREATE INDEX orders_by_customer ON orders (customer_id)',
  'CREATE TABLE log (at TIMESTAMP, line TEXT)',
];

const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Alan Turing', 'Barbara Liskov', 'Edsger Dijkstra', 'Frances Allen'];

async function fillShop(query) {
  for (const statement of SHOP) await query(statement);
  for (const [at, name] of NAMES.entries()) {
    const email = `${name.split(' ')[0].toLowerCase()}@example.org`;
    const profile = JSON.stringify({ city: at % 2 ? 'London' : 'Paris', tags: ['a', 'b'], big: 1 });
    await query(
      `INSERT INTO customers (name, email, born, notes, profile, photo) VALUES ('${name}', '${email}', '19${10 + at}-01-0${at + 1}', ` +
        `${at === 1 ? 'NULL' : `'${'A long note. '.repeat(at * 20)}'`}, '${profile}', ${at === 0 ? `decode('${PNG}', 'base64')` : 'NULL'})`,
    );
  }
  await query(
    "INSERT INTO orders (customer_id, state, total, placed) SELECT 1 + n % 6, CASE n % 3 WHEN 0 THEN 'open' WHEN 1 THEN 'paid' " +
      "ELSE 'sent' END, n * 9.95, TIMESTAMP '2026-01-01 08:00:00' + n * INTERVAL '1 day' FROM generate_series(1, 250) AS s(n)",
  );
  await query(
    "INSERT INTO items SELECT n, l, 'product ' || l, n % 7 + 1 FROM generate_series(1, 250) AS s(n), generate_series(1, 2) AS t(l)",
  );
  await query("INSERT INTO log VALUES (now(), 'started')");
}

/** Names and rows that would harm a page that took them for something else than text. */
const SCRIPT = `<img src=x onerror="alert('row')"><script>alert(1)</script>`;
const HOSTILE_TABLE = `a"b'c<script>alert("table")</script>`;
const HOSTILE_COLUMN = `x" onmouseover="alert(1)`;
const HOSTILE_ROWS = [
  SCRIPT,
  `'; DROP TABLE "plain"; --`,
  '🎉👩‍👩‍👧‍👦 e\u0301',
  'שלום עולם \u202Eevil\u202C مرحبا',
  'javascript:alert(1)',
  '"quoted" \'single\' `back` \\slash %41 &amp; {{x}}',
  'line one\nline two\ttab',
  '',
  null,
];

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

async function fillHostile(query) {
  await query(
    `CREATE TABLE ${quoted(HOSTILE_TABLE)} (id SERIAL PRIMARY KEY, ${quoted(HOSTILE_COLUMN)} TEXT, doc JSONB)`,
  );
  for (const row of HOSTILE_ROWS) {
    await query(`INSERT INTO ${quoted(HOSTILE_TABLE)} (${quoted(HOSTILE_COLUMN)}, doc) VALUES ($1, $2)`, [
      row,
      JSON.stringify({ [SCRIPT]: SCRIPT }),
    ]);
  }
  await query(`INSERT INTO ${quoted(HOSTILE_TABLE)} (${quoted(HOSTILE_COLUMN)}) VALUES (repeat('huge ', 400000))`);
  await query('CREATE TABLE "🎉 مرحبا" (id INTEGER PRIMARY KEY)');
  await query('CREATE TABLE plain (id INTEGER PRIMARY KEY, n INTEGER)');
  await query('INSERT INTO plain SELECT n, n * n % 1000 FROM generate_series(1, 20000) AS s(n)');
  const columns = Array.from({ length: 150 }, (_, at) => `c${at} INTEGER`);
  await query(`CREATE TABLE wide (id INTEGER PRIMARY KEY, ${columns.join(', ')})`);
  await query('INSERT INTO wide (id, c0, c149) VALUES (1, 10, 20)');
}

const FILLS = { shop: fillShop, hostile: fillHostile };

/** Makes these databases on a server. */
async function fill(url, { databases = ['shop'], ...options } = {}) {
  const dialect = new PhantomDBDialect(url, options);
  try {
    for (const name of databases) await FILLS[name]((sql, bind) => dialect.query(name, sql, bind));
  } finally {
    await dialect.close();
  }
}

module.exports = { HOSTILE_COLUMN, HOSTILE_ROWS, HOSTILE_TABLE, SCRIPT, fill, quoted };
