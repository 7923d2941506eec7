/**
 * Goal: no request but those of the page is answered with content.
 * Method: a hundred requests as bytes on connections of their own, sent to the server; each answer
 * is read to its end.
 */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { traceOf } from '../../tests/build-trace.js';
import { type Listening, listen } from './http-server.js';
import { pageApp } from './page-app.js';
import { TraceSet } from './trace-set.js';

const TOKEN = 'BX9kq3vYt0-secret_token-of-this-test';
const SECRET = 'a page that nobody else may read';
let server: Listening;
let traces: TraceSet;

beforeAll(async () => {
  const reader = traceOf([{ kind: 'mark', text: SECRET }]);
  traces = new TraceSet([reader], { program: '', follow: false });
  const page = { type: 'text/html', bytes: Buffer.from(SECRET) };
  server = await listen(pageApp(traces, new Map([['', page]])), TOKEN, 0);
});

afterAll(async () => {
  await server.close();
  traces.close();
});

/** Sends bytes, and reads until the server closes the connection. */
const exchange = (bytes: string | Buffer): Promise<string> =>
  new Promise((resolve) => {
    let answer = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.end(bytes));
    socket.setEncoding('latin1');
    socket.on('data', (text) => {
      answer += text;
    });
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
  });

interface Parts {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string | null;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly version?: string;
}

function request(parts: Parts): string {
  const { method = 'GET', target = `/${TOKEN}/`, host, headers = [], body = '' } = parts;
  const own = host === undefined ? `127.0.0.1:${server.port}` : host;
  const lines = [`${method} ${target} ${parts.version ?? 'HTTP/1.1'}`];
  if (own !== null) lines.push(`Host: ${own}`);
  if (body !== '') lines.push(`Content-Length: ${body.length}`);
  return [...lines, 'Connection: close', ...headers, '', body].join('\r\n');
}

const names = ['', 'status', 'rows?first=0&count=1', 'event?seq=0', 'tables'];
const tokens = [
  '',
  'token',
  TOKEN.slice(1),
  `${TOKEN}x`,
  TOKEN.toLowerCase(),
  `%42${TOKEN.slice(1)}`,
];
const hosts = [
  'attacker.example',
  'attacker.example:80',
  '127.0.0.1.attacker.example',
  'localhost',
  '127.0.0.1',
  '127.0.0.1:1',
  '0.0.0.0',
  '[::1]',
  '127.1',
  '2130706433',
  '',
  null,
];
const origins = [
  'http://attacker.example',
  'https://127.0.0.1',
  'null',
  'file://',
  'http://localhost',
];
const paths = [
  '..',
  '../',
  '../../etc/passwd',
  './',
  '.',
  '/',
  '//',
  'status/',
  'status/..',
  'status/../status',
  '%2e%2e/',
  '..%2f',
  '%2e%2e%2fstatus',
  '%73tatus',
  'status%00',
  '..\\status',
  'page.js',
  'package.json',
  '.git/config',
  'STATUS%20',
  'status;a=b',
  'status%3Fseq=0',
];
const methods = ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'CONNECT', 'get', 'FOO'];
const site = (name: string, dest = 'empty') => [
  `Sec-Fetch-Site: ${name}`,
  `Sec-Fetch-Dest: ${dest}`,
];

/** Requests by what is wrong with them. */
const HOSTILE: readonly (readonly [string, () => string | Buffer])[] = [
  ...tokens.flatMap((token) =>
    names.map((name): [string, () => string] => [
      `token ${token} for ${name}`,
      () => request({ target: `/${token}/${name}` }),
    ]),
  ),
  ...hosts.map((host): [string, () => string] => [`host ${host}`, () => request({ host })]),
  ...origins.map((origin): [string, () => string] => [
    `origin ${origin}`,
    () => request({ target: `/${TOKEN}/status`, headers: [`Origin: ${origin}`] }),
  ]),
  ...origins.map((origin): [string, () => string] => [
    `query of ${origin}`,
    () =>
      request({
        method: 'POST',
        target: `/${TOKEN}/sql`,
        headers: [`Origin: ${origin}`],
        body: 'SELECT 1',
      }),
  ]),
  ...paths.map((path): [string, () => string] => [
    `path ${path}`,
    () => request({ target: `/${TOKEN}/${path}` }),
  ]),
  ...methods.map((method): [string, () => string] => [
    `method ${method}`,
    () => request({ method, target: `/${TOKEN}/status` }),
  ]),
  ...['cross-site', 'same-site'].flatMap((name) =>
    ['empty', 'script', 'iframe', 'image'].map((dest): [string, () => string] => [
      `${dest} of a page of ${name}`,
      () => request({ target: `/${TOKEN}/status`, headers: site(name, dest) }),
    ]),
  ),
  ['a page in a frame', () => request({ headers: site('cross-site', 'iframe') })],
  ['absolute target', () => request({ target: `http://127.0.0.1:${server.port}/${TOKEN}/` })],
  ['target of another server', () => request({ target: 'http://attacker.example/' })],
  ['asterisk', () => request({ method: 'OPTIONS', target: '*' })],
  ['two hosts', () => request({ headers: ['Host: attacker.example'] })],
  ['no host in 1.0', () => request({ host: null, version: 'HTTP/1.0' })],
  ['version 9', () => request({ version: 'HTTP/9.9' })],
  ['a long target', () => request({ target: `/${TOKEN}/rows?filter=${'a'.repeat(60_000)}` })],
  ['long headers', () => request({ headers: [`X-Long: ${'a'.repeat(60_000)}`] })],
  ['many headers', () => request({ headers: Array.from({ length: 5000 }, (_, i) => `X-${i}: 1`) })],
  [
    'a long body',
    () => request({ method: 'POST', target: `/${TOKEN}/sql`, body: 'a'.repeat(2e6) }),
  ],
  ['a body without a token', () => request({ method: 'POST', target: '/sql', body: 'SELECT 1' })],
  ['a line break in a header', () => request({ headers: ['X: a\rOrigin: http://a.example'] })],
  ['a folded header', () => request({ headers: ['X: a', ' Host: attacker.example'] })],
  ['two lengths', () => request({ headers: ['Content-Length: 1', 'Content-Length: 2'] })],
  [
    'length and chunks',
    () => request({ headers: ['Content-Length: 4', 'Transfer-Encoding: chunked'] }),
  ],
  ['TLS', () => Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3])],
  ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['no request', () => '\r\n\r\n'],
];

test('the list of hostile requests has a hundred at least', () => {
  expect(new Set(HOSTILE.map(([what]) => what)).size).toBe(HOSTILE.length);
  expect(HOSTILE.length).toBeGreaterThanOrEqual(100);
});

test('hostile requests get an empty answer or none', async () => {
  const answered: string[] = [];
  for (const [what, bytes] of HOSTILE) {
    const answer = await exchange(bytes());
    const [head, ...body] = answer.split('\r\n\r\n');
    const isRefused = answer === '' || /^HTTP\/1\.1 4\d\d /.test(head);
    // An empty body in chunks is the length of its last one.
    const isEmpty = ['', '0'].includes(body.join('').trim());
    if (!isRefused || !isEmpty || /access-control/i.test(head)) answered.push(`${what}: ${answer}`);
  }
  expect(answered).toEqual([]);
});

test('the server answers the page after that', async () => {
  const page = await exchange(request({}));
  expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(page).toContain(SECRET);
  expect(page).toMatch(/content-security-policy: default-src 'none'; script-src 'self'/i);
  expect(await exchange(request({ target: `/${TOKEN}/event?seq=0` }))).toContain(SECRET);
});

test('a request with a wrong number gets a reason and no content', async () => {
  const answer = await exchange(request({ target: `/${TOKEN}/event?seq=1e9` }));
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('seq has to be a number');
});
