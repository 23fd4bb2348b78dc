'use strict';

const { PhantomDBDialect } = require('../..');
const { consoleModule } = require('../helpers/console-module.js');

const { tableDefinition } = consoleModule('schema/ddl.js');

const TABLES = [
  'CREATE TABLE plain (id SERIAL PRIMARY KEY, name VARCHAR(80) NOT NULL UNIQUE, born DATE DEFAULT CURRENT_DATE)',
  `CREATE TABLE "o'dd ""name" (a INTEGER, b INTEGER, "C d" TEXT DEFAULT 'it''s', PRIMARY KEY (a, b), ` +
    'CONSTRAINT positive CHECK (a > 0), UNIQUE (b, "C d"))',
  'CREATE TABLE parts (id BIGINT PRIMARY KEY, plain_id INTEGER NOT NULL REFERENCES plain (id) ON DELETE CASCADE, ' +
    "state ENUM('open', 'shut') NOT NULL DEFAULT 'open', price DECIMAL(10,2) NOT NULL, amount INTEGER NOT NULL, " +
    'total DECIMAL(12,2) GENERATED ALWAYS AS (price * amount) STORED, tags TEXT[], doc JSONB, at TIMESTAMP DEFAULT now())',
  'CREATE INDEX parts_open ON parts (plain_id) WHERE amount > 0',
];

test('the SQL of a table makes the same table again', async () => {
  const dialect = new PhantomDBDialect('memory:');
  for (const statement of TABLES) await dialect.query('first', statement);
  for (const table of ['plain', `o'dd "name`, 'parts']) {
    const schema = await dialect.describeTable('first', table);
    for (const statement of tableDefinition(schema)) await dialect.query('second', statement);
    expect(await dialect.describeTable('second', table)).toEqual(schema);
  }
  await dialect.close();
});

test('a table in a schema, and what is said about tables and columns, is made again too', async () => {
  const dialect = new PhantomDBDialect('memory:');
  for (const database of ['first', 'second']) await dialect.query(database, 'CREATE SCHEMA crm');
  await dialect.query('first', 'CREATE TABLE crm.leads (id INTEGER PRIMARY KEY, name TEXT)');
  await dialect.query('first', "COMMENT ON TABLE crm.leads IS 'who''s next'");
  await dialect.query('first', "COMMENT ON COLUMN crm.leads.name IS 'as they write it'");
  const table = { name: 'leads', schema: 'crm' };
  const schema = await dialect.describeTable('first', { tableName: 'leads', schema: 'crm' });
  expect(schema.table).toEqual(table);
  for (const statement of tableDefinition(schema)) await dialect.query('second', statement);
  expect(await dialect.describeTable('second', { tableName: 'leads', schema: 'crm' })).toEqual(schema);
  await dialect.close();
});
