/**
 * Goal: the numbers of a report are those of the trace, and the page stays small, alone and readable.
 * Method: pages of real recordings, parsed by linkedom, against SQL of an own session.
 */
import { parseHTML } from 'linkedom';
import { afterAll, expect, test } from 'vitest';
import { traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import type { TraceReader } from '../../traces/index.js';
import { makeReport, openTrustedSession, races } from '../index.js';
import { rowsOf } from '../lanes/index.js';

/** The part of the DOM that is used here. */
interface Element {
  readonly textContent: string;
  readonly outerHTML: string;
  readonly id: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

const client = importedCapture('vfio-client-r1');
const sriov = importedCapture('sriov-on-r1');
const faulty = importedCapture('dma-fault-r1');
afterAll(() => {
  for (const reader of [client, sriov, faulty]) reader.close();
});

const made = new Map<TraceReader, Promise<string>>();

function htmlOf(reader: TraceReader): Promise<string> {
  const known = made.get(reader) ?? makeReport([{ name: 't.arrows', reader }]).then((r) => r.html);
  made.set(reader, known);
  return known;
}

const pageOf = async (reader: TraceReader): Promise<Element> =>
  parseHTML(await htmlOf(reader)).document as unknown as Element;

async function query(reader: TraceReader, sql: string): Promise<Record<string, unknown>[]> {
  const session = await openTrustedSession([{ name: 't', reader }]);
  try {
    return await rowsOf(session, sql);
  } finally {
    session.close();
  }
}

const numberOf = (page: Element, id: string): number =>
  Number(page.querySelector(`#${id}`)?.textContent ?? Number.NaN);

/** The cells of the table of a section, row by row. */
const tableOf = (page: Element, id: string): string[][] =>
  [...page.querySelectorAll(`#${id} tbody tr`)].map((row) =>
    [...row.querySelectorAll('td')].map(({ textContent }) => textContent),
  );

test('the numbers at the head of a report are those of SQL and of the other commands', async () => {
  const page = await pageOf(sriov);
  const [{ failed, open }] = await query(
    sriov,
    `SELECT (SELECT count(*) FROM stores WHERE ret < 0) + (SELECT count(*) FROM ioctls WHERE ret < 0)
      AS failed, (SELECT count(*) FILTER (phase = 'begin') - count(*) FILTER (phase = 'end')
      FROM events) AS open`,
  );
  expect(numberOf(page, 't1-count-races')).toBe(races(sriov).races.length);
  expect(numberOf(page, 't1-count-failed')).toBe(Number(failed));
  expect(numberOf(page, 't1-count-blocked')).toBe(Number(open));
  expect(numberOf(page, 't1-count-lost')).toBe(0);
  expect(page.querySelector('header')?.textContent).toContain('The recording is complete.');
  expect(page.querySelector('dl')?.textContent).toContain(
    `kernel${sriov.meta.kernel ?? 'unknown'}`,
  );
});

test('the lanes of a report have a bar for each binding, with its actor', async () => {
  const page = await pageOf(sriov);
  const bindings = await query(
    sriov,
    'SELECT device, driver, bound_task, bound_tid FROM bindings WHERE bound_seq IS NOT NULL',
  );
  const rows = tableOf(page, 't1-lanes');
  expect(rows.map(([device, driver]) => [device, driver])).toEqual(
    bindings.map(({ device, driver }) => [device, driver]),
  );
  const titles = [...page.querySelectorAll('#t1-lanes svg rect title')].map((t) => t.textContent);
  for (const [i, { driver, bound_task, bound_tid }] of bindings.entries()) {
    expect(rows[i][2]).toContain(`${bound_task}-${bound_tid}`);
    const own = titles.filter((text) => text.startsWith(`${driver}: from ${rows[i][2]}`));
    expect(own.length).toBeGreaterThan(0);
  }
});

test('each race with a figure names both sides, the outcome and the other order', async () => {
  const page = await pageOf(sriov);
  const closest = races(sriov).races.toSorted((a, b) => Number(a.windowNs - b.windowNs));
  for (let i = 0; i < 12; i++) {
    const [first, second] = tableOf(page, `t1-race-${i + 1}`);
    expect([Number(first[1]), Number(second[1])]).toEqual([
      closest[i].first.seq,
      closest[i].second.seq,
    ]);
    const text = page.querySelector(`#t1-race-${i + 1} p`)?.textContent;
    expect(text).toContain(closest[i].outcome);
    expect(text).toContain('in the other order');
  }
});

test('latencies, registers and failed calls of a report are those of the views', async () => {
  const page = await pageOf(client);
  const latency = await query(
    client,
    'SELECT name, calls, errors FROM ioctl_latency ORDER BY total DESC NULLS LAST, name LIMIT 25',
  );
  expect(tableOf(page, 't1-latency').map((row) => row.slice(0, 3))).toEqual(
    latency.map((row) => Object.values(row).map(String)),
  );
  const [{ n }] = await query(client, 'SELECT count(*) AS n FROM config_accesses');
  const shown = tableOf(page, 't1-registers').map((row) => Number(row[2]));
  expect(shown.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(Number(n));
  const [{ failed }] = await query(client, 'SELECT count(*) AS failed FROM ioctls WHERE ret < 0');
  const times = tableOf(page, 't1-failed').map((row) => Number(row[2]));
  expect(times.reduce((sum, count) => sum + count, 0)).toBe(Number(failed));
});

test('a report of an incomplete recording says what was lost, and draws it', async () => {
  const page = await pageOf(faulty);
  expect(page.querySelector('header p')?.textContent).toContain('not complete: 5 events lost');
  expect(tableOf(page, 't1-losses')).toHaveLength(1);
  const [{ faults }] = await query(faulty, 'SELECT count(*) AS faults FROM faults');
  const counts = tableOf(page, 't1-faults').map((row) => Number(row[3]));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(Number(faults));
});

test('a report needs nothing from elsewhere, has no script, and each figure has words', async () => {
  for (const reader of [client, sriov, faulty]) {
    const html = await htmlOf(reader);
    expect(html.length).toBeLessThan(500_000);
    expect(html).not.toMatch(/<script|<link|<img|@import|\bon\w+="|url\((?!#)/i);
    expect(html.match(/(?:src|href)="(?!#)[^"]*"/g) ?? []).toEqual([]);
    const page = parseHTML(html).document as unknown as Element;
    for (const svg of page.querySelectorAll('.figure svg')) {
      expect(svg.getAttribute('role')).toBe('img');
      expect(svg.getAttribute('aria-label')?.length).toBeGreaterThan(10);
    }
    const ids = [...page.querySelectorAll('[id]')].map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(page.querySelector('html')?.getAttribute('lang')).toBe('en');
  }
});

test('text of a trace is never markup of its report', async () => {
  const evil = '<img src=x onerror=alert(1)>\u202e&"';
  const reader = traceOf([
    {
      kind: 'bind',
      name: 'driver_bound',
      device: '0000:01:00.1',
      driver: evil,
      task: evil,
      tid: 1,
    },
    { kind: 'sysfs.write', name: 'bind', driver: evil, text: evil, ret: -16n, task: evil, tid: 1 },
  ]);
  const { html } = await makeReport([{ name: evil, reader }]);
  expect(html).not.toContain('<img');
  expect(html).not.toContain('\u202e');
  expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;\\u{202e}');
});

test('a report of several traces has a part for each, and one of nothing says so', async () => {
  const empty = traceOf([]);
  const { html, findings } = await makeReport([
    { name: 'a/first.arrows', reader: empty },
    { name: 'b/second.arrows', reader: traceOf([{ kind: 'mark' }]) },
  ]);
  const page = parseHTML(html).document as unknown as Element;
  expect([...page.querySelectorAll('h1')].map(({ textContent }) => textContent)).toEqual([
    'first.arrows',
    'second.arrows',
  ]);
  expect(page.querySelector('#t1 header p')?.textContent).toContain('Nothing was found.');
  expect(findings).toHaveLength(2);
});
