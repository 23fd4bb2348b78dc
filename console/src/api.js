// The calls of the REST contract that the console makes.

import { readAnswer } from './answers.js';

/** The page is at /console/, beside the routes of the contract. */
const BASE = new URL('../', document.baseURI);
const TOKEN = 'phantomdb.token';
const ROWS = 'application/vnd.phantomdb.rows+json';

/** An error that the server answered with, or `UNREACHABLE` when it did not answer. */
export class ApiError extends Error {
  constructor(status, { code, message, details, requestId }) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details ?? {};
    this.requestId = requestId;
  }
}

/** The token of this tab, which the browser forgets when the tab is closed. */
export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? '',
  set: (value) => (value ? sessionStorage.setItem(TOKEN, value) : sessionStorage.removeItem(TOKEN)),
};

const segments = (parts) => parts.map(encodeURIComponent).join('/');

/** The path of a table, and the query parameter that names its schema. */
const ofTable = (database, table, ...rest) => ({
  path: segments(['databases', database, 'tables', table.name, ...rest]),
  query: { schema: table.schema },
});

/** The error that a response is. */
async function errorOf(response) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = { code: `HTTP ${response.status}`, message: text.slice(0, 500) || response.statusText };
  }
  return new ApiError(response.status, body);
}

/**
 * Sends a request. Returns the response when the server accepts it.
 * @param {{ query?: object, body?: string, accept?: string, transaction?: string, signal?: AbortSignal }} options
 */
async function request(method, path, { query = {}, body, accept, transaction, signal } = {}) {
  const url = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') url.searchParams.set(name, value);
  }
  const headers = {};
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (accept) headers.Accept = accept;
  if (transaction) headers['PhantomDB-Transaction'] = transaction;
  let response;
  try {
    response = await fetch(url, { method, headers, body, signal, credentials: 'omit', cache: 'no-store' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, { code: 'UNREACHABLE', message: 'The server does not answer.' });
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

/** Sends a request. Returns the text of the answer. */
const send = async (...args) => (await request(...args)).text();

const json = async (...args) => {
  const text = await send(...args);
  return text === '' ? undefined : JSON.parse(text);
};

const post = (path, body, options) => json('POST', path, { ...options, body: JSON.stringify(body) });

export const serverInfo = () => json('GET', '');
export const grant = () => json('GET', 'grant');
/** The open transactions, and the calls that wait for a lock: `{ transactions, waits }`. */
export const openTransactions = (signal) => json('GET', 'transactions', { signal });
export const endTransaction = (id) => json('DELETE', segments(['transactions', id]));
export const slowCalls = (signal) => json('GET', 'slow-calls', { signal });
export const metrics = (signal) => send('GET', 'metrics', { signal });

/** The data types, as the server of this page knows them. */
export const dataTypes = async () => (await json('GET', 'console/contract.json')).types;

export const databases = async () => (await json('GET', 'databases')).databases;

export const tables = async (database, signal) =>
  (await json('GET', segments(['databases', database, 'tables']), { signal })).tables;

/** The views, with their queries: `{ name, schema, query }`. */
export const views = async (database, signal) =>
  (await json('GET', segments(['databases', database, 'views']), { signal })).views;

export function describe(database, table, signal) {
  const { path, query } = ofTable(database, table, 'schema');
  return json('GET', path, { query, signal });
}

/**
 * Finds rows of a table. Returns `{ columns, rows }`, each row an array.
 * @param {{ condition?: string, orderBy?: string, limit?: number, offset?: number, columns?: string }} find
 */
export function find(database, table, find, { signal, transaction } = {}) {
  const { path, query } = ofTable(database, table);
  return json('GET', path, { query: { ...query, ...find }, accept: ROWS, signal, transaction });
}

/** Runs one statement. Returns `{ columns, rows, affectedRows }`. */
export async function query(database, text, { parameters = [], signal, transaction } = {}) {
  const body = JSON.stringify({ query: text, parameters });
  return readAnswer(await send('POST', segments(['databases', database, 'query']), { body, signal, transaction }));
}

/** Reads the rows of a statement, a page of them at a time, in one state of the database. */
export async function* pagesOf(database, text) {
  const body = JSON.stringify({ query: text });
  const response = await request('POST', segments(['databases', database, 'stream']), { body });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value = '' } = await reader.read();
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const { result, error, end } = readAnswer(line);
      if (error) throw new ApiError(response.status, error);
      if (end) return;
      yield result.rows;
    }
    if (done) throw new ApiError(0, { code: 'UNREACHABLE', message: 'The answer broke off before its end.' });
  }
}

/**
 * Runs `work` in a transaction: commits it when the promise of `work` succeeds, and rolls it back otherwise.
 * @param {object} options those of the route, like `readOnly` and `isolationLevel`
 */
export async function inTransaction(database, options, work) {
  const { transaction_id: id } = await post('transactions', { database, ...options });
  const end = (how) => json('POST', segments(['transactions', id, how]));
  let result;
  try {
    result = await work(id);
  } catch (error) {
    // The server rolls it back by itself when this does not reach it.
    await end('rollback').catch(() => {});
    throw error;
  }
  await end('commit');
  return result;
}
