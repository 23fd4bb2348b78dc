'use strict';

// The document at /openapi.json against what a real server takes and answers.

const { default: Ajv2020 } = require('ajv/dist/2020');

const { startServer } = require('./helpers/engines');

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

describe('/openapi.json', () => {
  let server;
  let document;
  let ajv;
  const called = new Set();

  beforeAll(async () => {
    server = await startServer();
    document = await (await fetch(`${server.url}/openapi.json`)).json();
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'openapi');
  });

  afterAll(() => server.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => ({ path, method, operation: item[method] })),
    );

  function operationOf(id) {
    const found = operations().find(({ operation }) => operation.operationId === id);
    if (!found) throw new Error(`there is no operation ${id}`);
    return found;
  }

  function pointer(...parts) {
    return `openapi#/${parts.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`;
  }

  function check(value, ...where) {
    const validate = ajv.getSchema(pointer(...where));
    if (!validate(value)) throw new Error(`${JSON.stringify(value)}: ${ajv.errorsText(validate.errors)}`);
  }

  /** Calls an operation; both ways what travels must be as the document says. */
  async function call(id, names = {}, { body, file, query = '', headers = {} } = {}) {
    const { path, method, operation } = operationOf(id);
    called.add(id);
    const where = ['paths', path, method];
    const content = ['content', 'application/json', 'schema'];
    if (body !== undefined) check(body, ...where, 'requestBody', ...content);
    const url = server.url + path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(names[name])) + query;
    const sent = file ?? (body && JSON.stringify(body));
    const response = await fetch(url, { method: method.toUpperCase(), headers, body: sent });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString();
    const [expected] = Object.keys(operation.responses).filter((status) => status !== 'default');
    if (String(response.status) !== expected) {
      const failure = JSON.parse(text);
      check(failure, 'components', 'responses', 'Failure', ...content);
      return { status: response.status, ...failure };
    }
    const described = operation.responses[expected].content;
    if (!described) expect(text).toBe('');
    if (described?.['application/x-ndjson']) {
      const lines = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      for (const line of lines)
        check(line, ...where, 'responses', expected, 'content', 'application/x-ndjson', 'schema');
      return lines;
    }
    if (!described?.['application/json']) return bytes;
    const answer = JSON.parse(text);
    check(answer, ...where, 'responses', expected, ...content);
    return answer;
  }

  test('describes every call once, with a name of its own', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(document.openapi).toBe('3.1.0');
  });

  test('has the methods that each path answers to, and no other', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const url = server.url + path.replace(/\{\w+\}/g, 'x');
      const response = await fetch(url, { method: 'OPTIONS' });
      expect(response.status).toBe(405);
      const allowed = response.headers
        .get('allow')
        .split(',')
        .filter((method) => method !== 'HEAD');
      const described = METHODS.filter((method) => item[method]).map((method) => method.toUpperCase());
      expect({ path, methods: allowed.toSorted() }).toEqual({ path, methods: described.toSorted() });
    }
  });

  test('is true for what the server takes and answers', async () => {
    for (const id of ['serverInfo', 'health', 'ready', 'metrics', 'openapi', 'grant', 'slowCalls']) await call(id);
    await call('createDatabase', {}, { body: { name: 'shop' } });
    expect((await call('listDatabases')).databases).toContain('shop');
    const db = { db: 'shop' };
    const columns = [
      { name: 'id', type: 'INTEGER', primaryKey: true, autoIncrement: true, allowNull: false },
      { name: 'name', type: 'VARCHAR(20)', default: "'x'" },
      {
        name: 'owner',
        type: 'INTEGER',
        references: { table: { name: 'users' }, columns: ['id'], onDelete: 'CASCADE' },
      },
    ];
    await call('createTable', db, { body: { name: 'users', columns, constraints: [] } });
    const table = { db: 'shop', table: 'users' };
    const changes = [
      { op: 'addColumn', column: { name: 'age', type: 'INTEGER' } },
      { op: 'addConstraint', constraint: { type: 'check', name: 'grown', expression: 'age > 0' } },
    ];
    await call('alterTable', table, { body: { operations: changes } });
    await call('createIndex', table, { body: { name: 'by_name', fields: [{ column: 'name', descending: true }] } });
    await call('describeTable', table);
    expect((await call('listTables', db)).tables).toEqual([{ name: 'users' }]);
    expect((await call('listViews', db)).views).toEqual([]);
    const rows = [{ name: 'Ada', age: 36 }, { name: 'Bob' }];
    const inserted = await call('insertRows', table, { body: { rows, returning: ['id'] } });
    expect(inserted).toEqual({ inserted: 2, rows: [{ id: 1 }, { id: 2 }] });
    expect((await call('find', table, { query: '?condition=age>1&limit=1' })).records).toHaveLength(1);
    const arrays = { headers: { accept: 'application/vnd.phantomdb.rows+json' } };
    expect((await call('find', table, arrays)).columns).toHaveLength(4);
    const data = { name: 'Bea' };
    expect(await call('updateRows', table, { body: { data, condition: 'id = 2' } })).toEqual({ updated: 1 });
    const blob = { type: 'blob', value: 'aGk=' };
    const query = { query: 'SELECT $1 AS "a", $2 AS "b"', parameters: [7, blob] };
    expect((await call('query', db, { body: query })).rows[0][0]).toBe(7);
    const asked = { query: 'SELECT name FROM users WHERE id = $1' };
    expect(await call('describeStatement', db, { body: asked })).toEqual({
      parameters: [{ type: 'integer', sqlType: 'INTEGER' }],
      columns: [expect.objectContaining({ name: 'name', type: 'string' })],
    });
    const statements = [{ query: 'SELECT 1' }, { query: 'SELECT nothing' }];
    expect((await call('batch', db, { body: { statements } })).results).toHaveLength(2);
    const queries = [{ ...query, requestId: 'mine', idempotencyKey: 'k', readOnly: true }, ...statements];
    const lines = await call('queries', db, { body: { queries } });
    expect(lines.map(({ index }) => index).toSorted()).toEqual([0, 1, 2]);
    const [page, end] = await call('stream', db, { body: query });
    expect([page.result.rows[0][0], end]).toEqual([7, { end: true }]);
    expect(await call('deleteRows', table, { query: '?condition=id=1' })).toEqual({ deleted: 1 });
    for (const end of ['commitTransaction', 'rollbackTransaction']) {
      const begun = await call('beginTransaction', {}, { body: { database: 'shop', isolationLevel: 'SERIALIZABLE' } });
      await call(end, { id: begun.transaction_id });
    }
    const forgotten = await call('beginTransaction', {}, { body: { database: 'shop' } });
    expect((await call('openTransactions')).transactions).toMatchObject([
      { transactionId: forgotten.transaction_id, database: 'shop' },
    ]);
    await call('endTransaction', { id: forgotten.transaction_id });
    expect((await call('openTransactions')).transactions).toEqual([]);
    expect(await call('dropIndex', { ...table, name: 'none' })).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    await call('dropIndex', { ...table, name: 'by_name' });
    await call('dropTable', table, { query: '?ifExists=true' });
    expect(await call('find', table)).toMatchObject({ status: 404, code: 'UNKNOWN_TABLE' });
    const { snapshot_id: id } = await call('createSnapshot', db);
    await call('restoreSnapshot', { ...db, id });
    await call('createDatabase', {}, { body: { name: 'copy', template: id } });
    await call('dropSnapshot', { ...db, id });
    const file = await call('backup', db);
    await call('createFromBackup', { db: 'restored' }, { file });
    await call('restoreBackup', { db: 'restored' }, { file });
    await call('compactDatabase', { db: 'restored' });
    await call('dropDatabase', db);
    expect([...called].toSorted()).toEqual(
      operations()
        .map(({ operation }) => operation.operationId)
        .toSorted(),
    );
  });
});
