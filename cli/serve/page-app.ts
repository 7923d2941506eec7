/** The answers of the server by their names. Only this file knows hono. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { isVfrError } from '../exit-codes.js';
import { printable } from '../printable.js';
import type { Answer } from './http-server.js';
import type { PageFile } from './page-files.js';
import type { Refusal } from './page-messages.js';
import type { TraceSet } from './trace-set.js';

/** The longest body of a request: a query in SQL. */
const BODY_MAX = 1 << 20;
const ROWS_MAX = 500;
const COLUMNS_MAX = 10_000;

/**
 * Nothing is loaded from elsewhere, no other page may show or read the answers, and no copy of them
 * is kept.
 */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cache-Control': 'no-store',
};

/** @param files of the page by their names; the page itself has the empty name */
export function pageApp(traces: TraceSet, files: ReadonlyMap<string, PageFile>): Answer {
  // The guard has checked the path, which has the form /token/name.
  const app = new Hono({ strict: false }).basePath('/:token');
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(HEADERS)) c.header(name, value);
    // The page fetches the status all the time, also when the user waits for nothing.
    if (!c.req.path.endsWith('/status')) traces.rest();
    await next();
  });
  app.use(bodyLimit({ maxSize: BODY_MAX, onError: (c) => c.body(null, 413) }));
  for (const [name, { type, bytes }] of files)
    app.get(`/${name}`, (c) => c.body(new Uint8Array(bytes), 200, { 'Content-Type': type }));
  addTraceAnswers(app, traces);
  app.get('/status', (c) => c.json(traces.status()));
  app.get('/tables', (c) => c.json(traces.tables()));
  app.post('/sql', async (c) => c.json(await traces.sql(await c.req.text())));
  app.post('/cancel', (c) => {
    traces.cancel();
    return c.json({});
  });
  app.notFound((c) => c.body(null, 404));
  app.onError((error, c) => {
    const isExpected =
      isVfrError(error) || error instanceof BadRequest || error.name === 'AbortError';
    return c.json(refusalOf(error), isExpected ? 400 : 500, HEADERS);
  });
  return (request) => app.fetch(request);
}

function addTraceAnswers(app: Hono, traces: TraceSet): void {
  const trace = (c: Context) => {
    const found = traces.at(numberOf(c, 'trace', 0));
    if (found === undefined) throw new BadRequest('there is no such trace');
    return found;
  };
  const condition = (c: Context) => c.req.query('filter') ?? '';
  app.get('/lanes', (c) => {
    const [from, to] = [numberOf(c, 'from'), numberOf(c, 'to')];
    const columns = Math.max(1, Math.min(COLUMNS_MAX, numberOf(c, 'columns')));
    return c.json(trace(c).laneWindow({ from, to: Math.max(from + 1, to) }, columns));
  });
  app.get('/rows', async (c) => {
    const count = Math.min(ROWS_MAX, numberOf(c, 'count'));
    return c.json(await trace(c).rows(condition(c), numberOf(c, 'first'), count));
  });
  app.get('/place', async (c) => {
    const seq = c.req.query('seq');
    const where = seq === undefined ? { at: numberOf(c, 'at') } : { seq: numberOf(c, 'seq') };
    return c.json(await trace(c).place(condition(c), where));
  });
  app.get('/mark', (c) =>
    c.json(trace(c).mark(numberOf(c, 'seq'), numberOf(c, 'step') < 0 ? -1 : 1)),
  );
  app.get('/event', (c) => c.json(trace(c).event(numberOf(c, 'seq'))));
  app.get('/state', (c) => c.json(trace(c).state(numberOf(c, 'seq'))));
  app.get('/why', async (c) => c.json(await trace(c).why(numberOf(c, 'seq'))));
  app.get('/flame', (c) =>
    c.json(trace(c).flame(numberOf(c, 'seq'), numberOf(c, 'from'), numberOf(c, 'to'))),
  );
}

/** A request that the page does not send. */
class BadRequest extends Error {}

function numberOf(c: Context, name: string, otherwise?: number): number {
  const text = c.req.query(name);
  if (text === undefined && otherwise !== undefined) return otherwise;
  const value = /^-?\d{1,20}(?:\.\d{1,20})?$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(Math.trunc(value))) return value;
  throw new BadRequest(`${name} has to be a number`);
}

function refusalOf(error: Error): Refusal {
  const what = printable(error.message);
  if (!isVfrError(error)) return { code: '', what, next: '' };
  return { code: error.code, what: printable(error.what), next: printable(error.next) };
}
