/**
 * Goal: the views that pair a beginning with an end say of real recordings what happened.
 * Method: recordings with a log of what the acting processes did and saw. That log, and the lines of
 * the kernel's own text, are read here by a few regular expressions; nothing of vfr but the view
 * itself has a part in it.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { importInput } from '../../recorder/import/index.js';
import { scratchFolder } from '../../tests/build-trace.js';
import { testData } from '../../tests/test-data.js';
import { TraceReader } from '../../traces/index.js';
import { openTrustedSession, type SqlSession } from '../index.js';

const folder = scratchFolder();
const close: (() => void)[] = [];
afterAll(() => {
  for (const one of close) one();
});

const text = (capture: string, file: string) =>
  testData(`captures/${capture}/${file}.zst`).toString();

async function open(capture: string): Promise<SqlSession> {
  const at = `tests/data/captures/${capture}`;
  const output = join(folder, `${capture}.arrows`);
  importInput({ input: `${at}/trace.txt.zst`, snapshot: `${at}/state-before`, output });
  const reader = TraceReader.open(output);
  const session = await openTrustedSession([{ name: 't', reader }]);
  close.push(() => {
    session.close();
    reader.close();
  });
  return session;
}

type Row = Record<string, unknown>;

async function ask(session: SqlSession, sql: string): Promise<Row[]> {
  const { columns, chunks } = await session.query(sql);
  const rows: Row[] = [];
  for await (const chunk of chunks()) {
    for (const row of chunk) rows.push(Object.fromEntries(columns.map((c, i) => [c, row[i]])));
  }
  return rows;
}

/** A line of the kernel's text: thread, nanoseconds, function, and the values that were fetched. */
interface Line {
  readonly tid: number;
  readonly ns: number;
  readonly name: string;
  readonly rest: string;
}

function linesOf(capture: string): Line[] {
  const pattern = /^.*-(\d+) +\( *\S+\) \[\d+\] \S+ +(\d+)\.(\d{6}): (\w+): (.*)$/gm;
  return [...text(capture, 'trace.txt').matchAll(pattern)].map(([, tid, s, us, name, rest]) => ({
    tid: Number(tid),
    ns: Number(s) * 1e9 + Number(us) * 1e3,
    name,
    rest,
  }));
}

const value = ({ rest }: Line, key: string) => new RegExp(`\\b${key}="([^"]*)"`).exec(rest)?.[1];

const SRIOV = ['sriov-on-r1', 'sriov-off-r1', 'udev-r1', 'k612-sriov-on-r1'];

describe.each(SRIOV)('bindings of %s', (capture) => {
  test('last from driver_bound to device_unbind_cleanup, by the threads of both', async () => {
    const expected: unknown[] = [];
    const open_ = new Map<string, Line>();
    const lasts = (line: Line | null, end: Line | null) =>
      line !== null &&
      expected.push([value(line, 'dev'), value(line, 'drv'), line.ns, end?.ns, line.tid, end?.tid]);
    for (const line of linesOf(capture)) {
      const device = value(line, 'dev') ?? '';
      if (line.name === 'driver_bound') open_.set(device, line);
      if (line.name !== 'device_unbind_cleanup' || !open_.has(device)) continue;
      lasts(open_.get(device)!, line);
      open_.delete(device);
    }
    for (const line of open_.values()) lasts(line, null);
    const sql = 'FROM bindings WHERE bound_seq IS NOT NULL';
    const told = (await ask(await open(capture), sql)).map((row) => [
      row.device,
      row.driver,
      Number(row.bound_ts),
      row.released_ts === null ? undefined : Number(row.released_ts),
      row.bound_tid,
      row.released_tid ?? undefined,
    ]);
    const sorted = (rows: unknown[]) => rows.map((row) => JSON.stringify(row)).sort();
    expect(told.length).toBeGreaterThan(5);
    expect(sorted(told)).toEqual(sorted(expected));
  });
});

interface Action {
  readonly t0: number;
  readonly t1: number;
  readonly op: string;
  readonly pid: number;
  readonly path: string;
  readonly value: string;
  readonly errno: number | string;
  readonly dev: string;
  readonly driver: string | null;
}

describe.each([
  'sriov-on-r1',
  'k612-sriov-on-r1',
])('what the actors of %s did and saw', (capture) => {
  const actions = text(capture, 'actors.jsonl')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Action);

  test('what actors did and saw agrees with the bindings', async () => {
    // sysfs shows a driver from the beginning of its probe: really_probe() links it first.
    const probes = linesOf(capture).filter(({ name }) => name === 'really_probe');
    const shownFrom = ({ device, driver, bound_ts: ns }: Row) =>
      probes.findLast(
        (line) =>
          line.ns <= Number(ns) && value(line, 'dev') === device && value(line, 'drv') === driver,
      )?.ns ?? Number(ns);
    const rows = (await ask(await open(capture), 'FROM bindings')).map((row) => ({
      device: String(row.device),
      driver: String(row.driver),
      from: row.bound_ts === null ? 0 : shownFrom(row),
      to: row.released_ts === null ? Number.POSITIVE_INFINITY : Number(row.released_ts),
    }));
    const saw = actions.filter(({ op, t0 }) => op === 'saw' && t0 > 0);
    expect(saw.length).toBeGreaterThan(10);
    for (const { t0, dev, driver } of saw) {
      const had = rows.filter((row) => row.device === dev && row.from <= t0 && t0 < row.to);
      expect([t0, dev, had.map((row) => row.driver)]).toEqual([
        t0,
        dev,
        driver === null ? [] : [driver],
      ]);
    }
  });

  test('an unbind that a process made ends a binding while it writes, and by its thread', async () => {
    const rows = await ask(await open(capture), 'FROM bindings WHERE released_seq IS NOT NULL');
    const unbinds = actions.filter(
      ({ op, path, errno }) => op === 'write' && path.endsWith('/unbind') && errno === 0,
    );
    expect(unbinds.length).toBeGreaterThan(3);
    for (const { t0, t1, pid, value: device, path } of unbinds) {
      const driver = /drivers\/([^/]+)\/unbind$/.exec(path)?.[1];
      const ended = rows.filter(
        (row) =>
          row.device === device.trim() &&
          (driver === undefined || row.driver === driver) &&
          Number(row.released_ts) >= t0 &&
          Number(row.released_ts) <= t1,
      );
      if (ended.length === 0) continue;
      expect(ended.map((row) => row.released_tid)).toContain(pid);
    }
  });

  test('no binding of a VF outlasts the write that removed it', async () => {
    const rows = await ask(await open(capture), "FROM bindings WHERE device > '0000:01:00.0'");
    const removals = actions.filter(
      ({ op, path, errno, value: text_ }) =>
        op === 'write' && path.endsWith('sriov_numvfs') && errno === 0 && text_.trim() === '0',
    );
    expect(removals.length).toBeGreaterThan(5);
    for (const { t0, t1 } of removals) {
      const over = rows.filter(
        ({ device, bound_ts, released_ts }) =>
          String(device).startsWith('0000:01:00.') &&
          bound_ts !== null &&
          Number(bound_ts) < t0 &&
          (released_ts === null || Number(released_ts) > t1),
      );
      expect(over).toEqual([]);
    }
  });
});

describe('holders', () => {
  test('holders of a VFIO client last from the open that worked to the close that follows', async () => {
    const expected: unknown[] = [];
    const begun = new Map<number, string>();
    const held = new Map<string, Line>();
    for (const line of linesOf('vfio-client-r1')) {
      const device = value(line, 'dev') ?? '';
      if (line.name === 'vfio_pci_core_enable') begun.set(line.tid, device);
      if (line.name === 'vfio_pci_core_enable_ret' && /ret=(0x)?0\b/.test(line.rest)) {
        held.set(begun.get(line.tid)!, line);
      }
      if (line.name !== 'vfio_pci_core_close_device' || !held.has(device)) continue;
      const from = held.get(device)!;
      expected.push([device, from.tid, from.ns, line.ns]);
      held.delete(device);
    }
    const rows = await ask(await open('vfio-client-r1'), 'FROM holders ORDER BY opened_seq');
    expect(expected.length).toBeGreaterThan(5);
    expect(
      rows.map((row) => [row.device, row.tid, Number(row.opened_ts), Number(row.closed_ts)]),
    ).toEqual(expected);
  });
});

/** Calls of a function by the text: begin and return of a thread are nested like brackets. */
function callsOf(capture: string, name: string): number[][] {
  const open_ = new Map<number, Line[]>();
  const calls: number[][] = [];
  for (const line of linesOf(capture)) {
    if (line.name === name) open_.set(line.tid, [...(open_.get(line.tid) ?? []), line]);
    if (line.name !== `${name}_ret`) continue;
    const begin = open_.get(line.tid)?.pop();
    if (begin !== undefined) calls.push([begin.tid, begin.ns, line.ns - begin.ns]);
  }
  return calls.sort((a, b) => a[1] - b[1] || a[0] - b[0]);
}

describe('calls', () => {
  const SPANS = [
    ['vfio-client-r1', 'vfio_pci_mmap_fault'],
    ['vfio-client-r1', 'vfio_pci_core_enable'],
    ['sriov-on-r1', 'really_probe'],
    ['sriov-on-r1', 'device_release_driver_internal'],
  ] as const;
  test.each(SPANS)('spans of %s %s are the calls of the text', async (capture, name) => {
    const sql = `FROM spans WHERE name = '${name}' AND end_seq IS NOT NULL ORDER BY ts, tid`;
    const told = (await ask(await open(capture), sql)).map((row) => [
      Number(row.tid),
      Number(row.ts),
      Number(row.duration),
    ]);
    expect(told.length).toBeGreaterThan(3);
    expect(told).toEqual(callsOf(capture, name));
  });

  test('stores last as long as the text says', async () => {
    const sql = `FROM stores WHERE attribute = 'sriov_numvfs' AND duration IS NOT NULL ORDER BY ts`;
    const told = (await ask(await open('sriov-on-r1'), sql)).map((row) => [
      Number(row.tid),
      Number(row.ts),
      Number(row.duration),
    ]);
    expect(told.length).toBeGreaterThan(10);
    expect(told).toEqual(callsOf('sriov-on-r1', 'sriov_numvfs_store'));
  });

  test('ioctls of a user last as long as the text says', async () => {
    const sql = `FROM ioctls WHERE name LIKE 'VFIO_DEVICE_%' AND duration IS NOT NULL
      ORDER BY ts, tid`;
    const told = (await ask(await open('vfio-client-r1'), sql)).map(({ ts, duration }) =>
      JSON.stringify([Number(ts), Number(duration)]),
    );
    const names = ['vfio_device_fops_unl_ioctl', 'vfio_pci_core_ioctl'];
    const known = names.flatMap((name) => callsOf('vfio-client-r1', name));
    const calls = new Set(known.map(([, ns, duration]) => JSON.stringify([ns, duration])));
    expect(told.length).toBeGreaterThan(20);
    expect(told.filter((call) => !calls.has(call))).toEqual([]);
  });
});
