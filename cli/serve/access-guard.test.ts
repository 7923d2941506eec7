/**
 * Goal: only requests of the page itself are admitted.
 * Method: requests that differ in one respect from one that is admitted.
 */
import { expect, test } from 'vitest';
import { AccessGuard } from './access-guard.js';

const TOKEN = 'a-token_of-this-run';
const guard = new AccessGuard(TOKEN, 4000);

const admit = (target: string, method = 'GET', headers: readonly string[] = []) =>
  guard.admit({ method, target, headers: ['Host', '127.0.0.1:4000', ...headers] });

test('the page, its files and its answers are admitted by their names', () => {
  expect(admit(`/${TOKEN}/`)).toEqual({ name: '' });
  expect(admit(`/${TOKEN}/sql-editor-XY12.js`)).toEqual({ name: 'sql-editor-XY12.js' });
  expect(admit(`/${TOKEN}/rows?filter=a%2Fb&first=0`)).toEqual({ name: 'rows' });
});

test.each([
  '/',
  `/${TOKEN}`,
  `/${TOKEN.slice(0, -1)}/`,
  `/${TOKEN}x/`,
  `/x/${TOKEN}/`,
  `//${TOKEN}/`,
  `http://127.0.0.1:4000/${TOKEN}/`,
  `/${encodeURIComponent(TOKEN).replace('a', '%61')}/`,
  `/${TOKEN.toUpperCase()}/`,
  `/${TOKEN}/${'a'.repeat(20_000)}`,
])('a request without the token in its place is refused: %s', (target) => {
  expect(admit(target)).toBe(403);
});

test.each([
  '../',
  '%2e%2e/status',
  '.',
  '..',
  'a/b',
  'a%2fb',
  'status/',
  '.hidden',
  'a.b.c',
])('a name in another spelling is not found: %s', (name) => {
  expect([403, 404]).toContain(admit(`/${TOKEN}/${name}`));
});

test.each([
  ['a name that resolves to this machine', ['Host', 'attacker.example:4000']],
  ['another port', ['Host', '127.0.0.1:4001']],
  ['no port', ['Host', '127.0.0.1']],
  ['no host', []],
  ['two hosts', ['Host', '127.0.0.1:4000', 'host', 'attacker.example']],
])('a request with a wrong host is refused: %s', (_what, headers) => {
  expect(guard.admit({ method: 'GET', target: `/${TOKEN}/`, headers })).toBe(403);
});

test('a request of another origin is refused, whatever it asks for', () => {
  for (const origin of ['http://attacker.example', 'null', 'http://127.0.0.1:4001', ''])
    expect(admit(`/${TOKEN}/status`, 'GET', ['Origin', origin])).toBe(403);
  expect(admit(`/${TOKEN}/status`, 'GET', ['Origin', 'http://127.0.0.1:4000'])).toEqual({
    name: 'status',
  });
});

test('a page of another site may link to the page, and do nothing else', () => {
  const from = (site: string, mode: string, dest: string) => [
    'Sec-Fetch-Site',
    site,
    'Sec-Fetch-Mode',
    mode,
    'Sec-Fetch-Dest',
    dest,
  ];
  const link = from('cross-site', 'navigate', 'document');
  expect(admit(`/${TOKEN}/`, 'GET', link)).toEqual({ name: '' });
  expect(admit(`/${TOKEN}/status`, 'GET', link)).toBe(403);
  expect(admit(`/${TOKEN}/`, 'POST', link)).toBe(403);
  expect(admit(`/${TOKEN}/`, 'GET', from('cross-site', 'navigate', 'iframe'))).toBe(403);
  expect(admit(`/${TOKEN}/`, 'GET', from('same-site', 'no-cors', 'script'))).toBe(403);
});

test('a method that could change something is refused', () => {
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])
    expect(admit(`/${TOKEN}/status`, method)).toBe(405);
});
