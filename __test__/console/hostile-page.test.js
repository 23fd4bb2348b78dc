'use strict';

// A page of another origin, in a real browser, that tries to reach a server on the user's own computer.

const http = require('node:http');
const net = require('node:net');

const { describeInBrowser, launch } = require('../helpers/browser.js');
const { serve } = require('../helpers/serve.js');

jest.setTimeout(60_000);

// Chromium asks the user before a page reaches the own computer. Other browsers do not, so here the server has to refuse.
const TRUSTING = '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests';

/** Runs in the page: everything with which a page can send a request. Resolves to what it could read. */
async function attack({ server, statement }) {
  const read = [];
  const json = JSON.stringify({ query: statement });
  const query = `${server}/databases/shop/query`;
  const look = async (name, promise) => {
    try {
      const response = await promise;
      if (response.type !== 'opaque') read.push(`${name}: ${response.status} ${await response.text()}`);
    } catch {
      // The browser does not let the page see the answer.
    }
  };
  const post = (type, more) => fetch(query, { method: 'POST', body: json, headers: { 'content-type': type }, ...more });
  await look('get', fetch(`${server}/databases`));
  await look('get with credentials', fetch(`${server}/databases`, { credentials: 'include' }));
  await look('json', post('application/json'));
  await look('json as text', post('text/plain'));
  await look('no-cors', post('text/plain', { mode: 'no-cors' }));
  await look('keepalive', post('text/plain', { mode: 'no-cors', keepalive: true }));
  await look('blob', fetch(query, { method: 'POST', body: new Blob([json]), mode: 'no-cors' }));
  await look('delete', fetch(`${server}/databases/shop`, { method: 'DELETE' }));
  await look(
    'put',
    fetch(`${server}/databases/shop/tables/customers`, { method: 'PUT', body: '{"data":{"name":"x"},"all":true}' }),
  );
  navigator.sendBeacon(query, json);
  const settled = (element, url) =>
    new Promise((resolve) => {
      element.onload = element.onerror = resolve;
      setTimeout(resolve, 2_000);
      if (element.tagName === 'LINK') Object.assign(element, { rel: 'stylesheet', href: url });
      else element.src = url;
      document.body.append(element);
    });
  await settled(document.createElement('img'), `${server}/databases/shop/tables/customers?condition=true`);
  await settled(document.createElement('script'), `${server}/databases/shop/tables/customers`);
  await settled(document.createElement('link'), `${server}/databases`);
  const frame = document.createElement('iframe');
  await settled(frame, `${server}/databases`);
  try {
    read.push(`frame: ${frame.contentDocument.body.textContent}`);
  } catch {
    // It is of another origin.
  }
  await new Promise((resolve) => {
    const events = new EventSource(`${server}/databases`);
    events.onmessage = ({ data }) => read.push(`events: ${data}`);
    events.onerror = () => resolve(events.close());
  });
  await new Promise((resolve) => {
    const socket = new WebSocket(`${server.replace('http', 'ws')}/databases/shop/query`);
    socket.onopen = () => socket.send(json);
    socket.onmessage = ({ data }) => read.push(`socket: ${data}`);
    socket.onclose = socket.onerror = resolve;
  });
  for (const enctype of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const target = document.createElement('iframe');
    target.name = `target-${enctype}`;
    document.body.append(target);
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: query, enctype, target: target.name });
    const input = document.createElement('input');
    // As text/plain the body is `name=value`, which is JSON here.
    Object.assign(input, { name: `${json.slice(0, -1)},"parameters":["`, value: '"]}' });
    form.append(input);
    document.body.append(form);
    const sent = new Promise((resolve) => {
      target.onload = resolve;
      setTimeout(resolve, 2_000);
    });
    form.submit();
    await sent;
  }
  return read;
}

describeInBrowser('a hostile page', () => {
  let server;
  let browser;
  let evil;
  let page;
  const call = async (path, body) => {
    const response = await fetch(`${server.url}${path}`, body && { method: 'POST', body: JSON.stringify(body) });
    return response.json();
  };
  const customers = () => call('/databases/shop/query', { query: 'SELECT name FROM customers ORDER BY id' });
  /** How many requests the server has refused with 403. */
  const refusals = async () => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    return Number(/^phantomdb_requests_total\{code="403"\} (\d+)/m.exec(text)?.[1] ?? 0);
  };

  beforeAll(async () => {
    evil = http.createServer((_request, response) => {
      response.setHeader('content-type', 'text/html');
      // So that the page's next request looks its address up again.
      response.setHeader('connection', 'close');
      response.end('<!doctype html><title>Win a prize</title><body></body>');
    });
    await new Promise((resolve) => evil.listen(0, '127.0.0.1', resolve));
    [server, browser] = await Promise.all([
      serve(['--memory', '--listen', '127.0.0.1:0']),
      launch(TRUSTING, '--host-resolver-rules=MAP evil.example 127.0.0.1'),
    ]);
    await call('/databases', { name: 'shop' });
    await call('/databases/shop/query', {
      query: `CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO customers VALUES (1, 'Ada')`,
    });
  });
  beforeEach(async () => {
    page = await browser.newPage();
  });
  afterEach(() => page.close());
  afterAll(async () => {
    await browser?.close();
    server?.child.kill();
    await server?.ended;
    await new Promise((resolve) => evil?.close(resolve));
  });

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'evil.example'],
    // Both have the host 127.0.0.1, so to the browser they are one site of two origins.
    ['127.0.0.1', 'evil.example'],
  ])('it reaches the server at %s from a page of %s by no request', async (host, site) => {
    const before = await refusals();
    await page.goto(`http://${site}:${evil.address().port}/`);
    const url = new URL(server.url);
    url.hostname = host;
    const read = await page.evaluate(attack, { server: url.origin, statement: 'DROP TABLE customers' });
    expect(read).toEqual([]);
    expect((await customers()).rows).toEqual([['Ada']]);
    // The requests came, and the server refused them.
    expect((await refusals()) - before).toBeGreaterThan(10);
  });

  test('it opens no page of the server', async () => {
    await page.goto(`http://evil.example:${evil.address().port}/`);
    const answered = page.waitForResponse((response) => response.url() === `${server.url}/databases`);
    await page.evaluate((url) => {
      globalThis.location = url;
    }, `${server.url}/databases`);
    await expect(answered.then((response) => response.status())).resolves.toBe(403);
  });

  test('it is not let in when its own name gets the address of the server', async () => {
    // The name of the page has the address of its own server first, and that of the database next: as the port stays the
    // same, a tunnel stands for the change.
    const { port } = new URL(server.url);
    const tunnel = net.createServer((socket) => {
      const inner = net.connect(isRebound ? Number(port) : evil.address().port, '127.0.0.1');
      for (const [from, to] of [
        [socket, inner],
        [inner, socket],
      ]) {
        from.pipe(to);
        from.on('error', () => to.destroy());
      }
    });
    let isRebound = false;
    await new Promise((resolve) => tunnel.listen(0, '127.0.0.1', resolve));
    const origin = `http://evil.example:${tunnel.address().port}`;
    await page.goto(`${origin}/`);
    isRebound = true;
    const outcome = await page.evaluate(
      async (body) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch('/databases/shop/query', { method: 'POST', headers, body });
        return [response.status, (await response.json()).code];
      },
      JSON.stringify({ query: 'DROP TABLE customers' }),
    );
    expect(outcome).toEqual([403, 'FORBIDDEN']);
    expect((await customers()).rows).toEqual([['Ada']]);
    tunnel.close();
  });
});
