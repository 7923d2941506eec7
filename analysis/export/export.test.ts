/**
 * Goal: what an export says is what the trace says. Method: real recordings, exported and read back
 * by programs that are not ours: DuckDB, Arrow, polars, a decoder that protobufjs makes of Perfetto's
 * published schema, umockdev; counts and values are equal to those that SQL and the reader give.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import polars from 'nodejs-polars';
import protobuf from 'protobufjs';
import { afterAll, expect, test } from 'vitest';
import { traceOf } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { PERFETTO_PROTO } from '../../tests/perfetto-schema.js';
import { scratchFolder } from '../../tests/scratch.js';
import { COLUMNS, MemorySink, type TraceReader } from '../../traces/index.js';
import { openTrustedSession } from '../index.js';
import { type Lanes, readLanes, rowsOf } from '../lanes/index.js';
import { type ExportFormat, exportTrace } from './index.js';

const folder = scratchFolder();
const reader = importedCapture('sriov-off-r1');
const client = importedCapture('vfio-client-r1');
afterAll(() => {
  reader.close();
  client.close();
});

const made = new Map<string, Promise<Buffer>>();

/** An export of a trace; made once, since several tests read the same. */
function exported(of: TraceReader, format: ExportFormat): Promise<Buffer> {
  const key = `${of.id} ${format}`;
  const known = made.get(key) ?? makeExport(of, format);
  made.set(key, known);
  return known;
}

async function makeExport(of: TraceReader, format: ExportFormat): Promise<Buffer> {
  const sink = new MemorySink();
  await exportTrace({ trace: { name: 't', reader: of }, format, sink, folder });
  return sink.bytes();
}

async function exportedFile(of: TraceReader, format: ExportFormat): Promise<string> {
  const file = join(folder, `export.${format}`);
  writeFileSync(file, await exported(of, format));
  return file;
}

async function query<T>(of: TraceReader, sql: string): Promise<T[]> {
  const session = await openTrustedSession([{ name: 't', reader: of }]);
  try {
    return await rowsOf<T>(session, sql);
  } finally {
    session.close();
  }
}

const read = new Map<TraceReader, Promise<Lanes>>();

function lanesOf(of: TraceReader): Promise<Lanes> {
  const known = read.get(of) ?? readLanesOf(of);
  read.set(of, known);
  return known;
}

async function readLanesOf(of: TraceReader): Promise<Lanes> {
  const session = await openTrustedSession([{ name: 't', reader: of }]);
  try {
    return await readLanes(session, of);
  } finally {
    session.close();
  }
}

/** Rows of a file as another DuckDB reads them, as text. */
async function readBack(sql: string): Promise<string[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const result = await connection.runAndReadAll(sql);
  return result.getRows().map((row) => row.map(String));
}

/** Every column as text, so that types of the other side do not matter. */
const TEXTS = COLUMNS.map(({ name, type }) =>
  type === 'binary' ? `lower(to_hex("${name}"))` : `"${name}"::VARCHAR`,
).join(', ');
const PLAIN = COLUMNS.map(({ name }) => `"${name}"::VARCHAR`).join(', ');

let own: Promise<Record<string, unknown>[]> | null = null;

async function ownRows(): Promise<string[][]> {
  own ??= query<Record<string, unknown>>(reader, `SELECT ${TEXTS} FROM events`);
  return (await own).map((row) => Object.values(row).map(String));
}

test('a Parquet export has every value, in types that all engines know', async () => {
  const file = await exportedFile(reader, 'parquet');
  expect(await readBack(`SELECT ${TEXTS} FROM '${file}' ORDER BY seq`)).toEqual(await ownRows());
  const types = await readBack(`SELECT DISTINCT column_type FROM (DESCRIBE FROM '${file}')`);
  expect(types.flat().sort()).toEqual(['BIGINT', 'BLOB', 'INTEGER', 'TIMESTAMP', 'VARCHAR']);
  const clock = `SELECT decode(value) FROM parquet_kv_metadata('${file}')
    WHERE decode(key) = 'vfr_clock'`;
  expect(await readBack(clock)).toEqual([[reader.meta.clock]]);
});

test('a number beyond 63 bits is its two’s complement in Parquet, and the wall clock is a time', async () => {
  const meta = { wallOffsetNs: 1_700_000_000_000_000_000n };
  const trace = traceOf([{ kind: 'mark', ts: 5000n, value: (1n << 64n) - 2n }], { meta });
  const file = await exportedFile(trace, 'parquet');
  expect(await readBack(`SELECT value, wall::VARCHAR FROM '${file}'`)).toEqual([
    ['-2', '2023-11-14 22:13:20.000005'],
  ]);
});

test('a CSV export has every value, and distinguishes null from an empty text', async () => {
  const file = await exportedFile(reader, 'csv');
  const read = `read_csv('${file}', all_varchar = true, quote = '"', escape = '"',
    strict_mode = true, new_line = '\\n', max_line_size = 1000000)`;
  expect(await readBack(`SELECT ${PLAIN} FROM ${read}`)).toEqual(await ownRows());
});

test('a JSON lines export has every value', async () => {
  const lines = (await exported(reader, 'jsonl')).toString('utf8').trimEnd().split('\n');
  const expected = await ownRows();
  const names = COLUMNS.map(({ name }) => name);
  expect(lines.map((line) => names.map((name) => String(JSON.parse(line)[name])))).toEqual(
    expected,
  );
});

test('an Arrow export is read by Arrow and by polars, with every value', async () => {
  const bytes = await exported(reader, 'arrow');
  const table = tableFromIPC(bytes);
  expect(table.schema.metadata.get('vfr.clock')).toBe(reader.meta.clock);
  const text = (value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
  const rows = Array.from({ length: table.numRows }, (_, i) =>
    COLUMNS.map(({ name }) => text(table.getChild(name)?.get(i))),
  );
  expect(rows).toEqual(await ownRows());
  const frame = polars.readIPC(bytes);
  expect([frame.height, frame.width]).toEqual([reader.events, COLUMNS.length]);
  const [{ n }] = await query<{ n: bigint }>(
    reader,
    "SELECT count(*) n FROM events WHERE kind = 'bind'",
  );
  expect(frame.filter(polars.col('kind').cast(polars.Utf8).eq(polars.lit('bind'))).height).toBe(
    Number(n),
  );
});

interface Packet {
  readonly timestamp?: string;
  readonly trackEvent?: {
    readonly type: string;
    readonly trackUuid: string;
    readonly nameIid?: string;
    readonly categoryIids?: readonly string[];
    readonly counterValue?: string;
    readonly flowIds?: readonly string[];
    readonly terminatingFlowIds?: readonly string[];
    readonly debugAnnotations?: readonly Record<string, string>[];
  };
  readonly trackDescriptor?: {
    readonly uuid: string;
    readonly name?: string;
    readonly parentUuid?: string;
    readonly thread?: { readonly tid: string; readonly threadName: string };
    readonly counter?: object;
  };
  readonly internedData?: Readonly<
    Record<string, readonly { readonly iid: string; readonly name: string; readonly str: string }[]>
  >;
  readonly sequenceFlags: number;
}

class PerfettoTrace {
  readonly packets: readonly Packet[];
  readonly #names = new Map<string, string>();

  constructor(bytes: Buffer) {
    const type = protobuf.parse(PERFETTO_PROTO).root.lookupType('Trace');
    const options = { longs: String, enums: String, bytes: String };
    const trace = type.toObject(type.decode(bytes), options) as { packet: Packet[] };
    this.packets = trace.packet;
    for (const { internedData } of this.packets)
      for (const [kind, entries] of Object.entries(internedData ?? {}))
        for (const { iid, name, str } of entries)
          this.#names.set(`${kind} ${iid}`, name ?? Buffer.from(str, 'base64').toString('utf8'));
  }

  get events() {
    return this.packets.flatMap((packet) => {
      const { trackEvent: event } = packet;
      if (event === undefined) return [];
      const name = this.#names.get(`eventNames ${event.nameIid}`);
      const category = this.#names.get(`eventCategories ${event.categoryIids?.[0]}`);
      return [{ ...event, at: BigInt(packet.timestamp ?? 0), name, category }];
    });
  }

  get tracks() {
    return this.packets.flatMap(({ trackDescriptor }) => trackDescriptor ?? []);
  }

  /** The value of an annotation. */
  annotation(event: { debugAnnotations?: readonly Record<string, string>[] }, name: string) {
    const found = event.debugAnnotations?.find(
      ({ nameIid }) => this.#names.get(`debugAnnotationNames ${nameIid}`) === name,
    );
    const { stringValueIid } = found ?? {};
    return stringValueIid === undefined
      ? (found?.uintValue ?? found?.intValue ?? found?.stringValue)
      : this.#names.get(`debugAnnotationStringValues ${stringValueIid}`);
  }
}

test('a Perfetto export has the calls of each thread, nested and with their values', async () => {
  const trace = new PerfettoTrace(await exported(reader, 'perfetto'));
  expect(trace.packets[0].sequenceFlags).toBe(1);
  const threads = new Map(
    trace.tracks.flatMap(({ uuid, thread }) => (thread ? [[uuid, thread]] : [])),
  );
  const own = trace.events.filter(({ trackUuid }) => threads.has(trackUuid));
  const count = (type: string) => own.filter((event) => event.type === type).length;
  const phases = await query<{ phase: string; n: bigint }>(
    reader,
    "SELECT phase, count(*) n FROM events WHERE kind NOT IN ('snapshot', 'lost') GROUP BY ALL",
  );
  const expected = Object.fromEntries(phases.map(({ phase, n }) => [phase, Number(n)]));
  expect([count('TYPE_SLICE_BEGIN'), count('TYPE_INSTANT')]).toEqual([
    expected.begin,
    expected.point,
  ]);
  expect(count('TYPE_SLICE_END')).toBe(expected.begin);
  const rows = await query<{
    seq: bigint;
    ts: bigint;
    tid: number;
    name: string;
    device: string | null;
  }>(reader, "SELECT seq, ts, tid, name, device FROM events WHERE phase = 'begin' ORDER BY seq");
  const shown = own
    .filter(({ type }) => type === 'TYPE_SLICE_BEGIN')
    .map((event) => ({
      seq: BigInt(trace.annotation(event, 'seq') ?? -1),
      ts: event.at,
      tid: Number(threads.get(event.trackUuid)?.tid),
      name: event.name,
      device: trace.annotation(event, 'device') ?? null,
    }));
  expect(shown).toEqual(rows);
});

test('a Perfetto export has a track with the drivers of each device, and instants of races', async () => {
  const trace = new PerfettoTrace(await exported(reader, 'perfetto'));
  const lanes = await lanesOf(reader);
  const root = trace.tracks.find(({ name }) => name === 'PCI devices');
  const devices = trace.tracks.filter(({ parentUuid }) => parentUuid === root?.uuid);
  expect(devices.map(({ name }) => name)).toEqual(lanes.devices.map(({ device }) => device));
  for (const [i, lane] of lanes.devices.entries()) {
    const children = trace.tracks.filter(({ parentUuid }) => parentUuid === devices[i].uuid);
    expect(children.map(({ name }) => name)).toEqual(['driver', 'holder', 'override']);
    const driver = trace.events.filter(({ trackUuid }) => trackUuid === children[0].uuid);
    const begins = driver.filter(({ type }) => type === 'TYPE_SLICE_BEGIN');
    expect(begins.map(({ name, at }) => [name, Number(at - lanes.zero)])).toEqual(
      lane.bars.map((bar) => [bar.driver, Math.max(0, bar.from?.at ?? 0)]),
    );
    expect(driver).toHaveLength(2 * begins.length);
    const marks = trace.events.filter(({ trackUuid }) => trackUuid === devices[i].uuid);
    expect(marks.map(({ category }) => category)).toEqual(lane.marks.map(({ kind }) => kind));
  }
});

test('flows of a Perfetto export lead from a write to the binding, and pair the sides of races', async () => {
  const races = importedCapture('sriov-on-r1');
  const trace = new PerfettoTrace(await exported(races, 'perfetto'));
  const lanes = await lanesOf(races);
  races.close();
  const ids = (name: 'flowIds' | 'terminatingFlowIds') =>
    trace.events.flatMap((event) =>
      (event[name] ?? []).map((id) => ({ id, seq: Number(trace.annotation(event, 'seq')) })),
    );
  const [begun, ended] = [ids('flowIds'), ids('terminatingFlowIds')];
  expect(new Set(ended.map(({ id }) => id)).size).toBe(ended.length);
  const pathOf = (id: string) => begun.filter((one) => one.id === id).map(({ seq }) => seq);
  for (const { first, second } of lanes.races.races) {
    const paths = ended.filter(({ seq }) => seq === second.seq).map(({ id }) => pathOf(id));
    expect(paths).toContainEqual([first.seq]);
  }
  const bound = lanes.devices.flatMap(({ bars }) => bars).filter(({ from }) => from?.store);
  expect(bound.length).toBeGreaterThan(0);
  for (const { from } of bound) {
    const passed = begun.filter(({ seq }) => seq === from?.store).map(({ id }) => id);
    const here = [...begun, ...ended].filter(({ seq }) => seq === from?.seq).map(({ id }) => id);
    expect(here.some((id) => passed.includes(id))).toBe(true);
  }
});

test('the counter of a Perfetto export is the sum of the mappings', async () => {
  const trace = new PerfettoTrace(await exported(client, 'perfetto'));
  const track = trace.tracks.find(({ name }) => name === 'DMA mapped');
  expect(track?.counter).toBeDefined();
  const values = trace.events
    .filter(({ type, trackUuid }) => type === 'TYPE_COUNTER' && trackUuid === track?.uuid)
    .map(({ counterValue }) => Number(counterValue));
  const rows = await query<{ change: bigint }>(
    client,
    `SELECT if(kind = 'dma.map', length::BIGINT, -coalesce(value, length)::BIGINT) AS change
     FROM events WHERE kind IN ('dma.map', 'dma.unmap') ORDER BY seq`,
  );
  let sum = 0;
  const expected = rows.map(({ change }) => {
    sum = Math.max(0, sum + Number(change));
    return sum;
  });
  expect(values).toEqual(expected);
});

interface ChromeEvent {
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly name: string;
  readonly id?: number;
  readonly args: Readonly<Record<string, unknown>>;
}

test('a Chrome export nests the calls of each thread, and has bars of devices and flows', async () => {
  const { traceEvents } = JSON.parse((await exported(reader, 'chrome')).toString('utf8')) as {
    traceEvents: ChromeEvent[];
  };
  const lanes = await lanesOf(reader);
  const stacks = new Map<number, string[]>();
  let [ended, last] = [0, -1];
  for (const { ph, tid, name, ts } of traceEvents) {
    if (ph === 'B') stacks.set(tid, [...(stacks.get(tid) ?? []), name]);
    if (ph === 'E') {
      expect(stacks.get(tid)?.pop()).toBe(name);
      ended++;
    }
    if (ph === 'B' || ph === 'E' || ph === 'i') last = Math.max(last, ts);
  }
  expect([...stacks.values()].flat()).toEqual([]);
  const [{ n }] = await query<{ n: bigint }>(
    reader,
    "SELECT count(*) n FROM events WHERE phase = 'begin'",
  );
  expect(ended).toBe(Number(n));
  expect(last).toBe(lanes.end / 1000);
  const bars = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 0);
  expect(bars.map(({ name }) => name)).toEqual(
    lanes.devices.flatMap((lane) => lane.bars.map(({ driver }) => driver)),
  );
  const flows = (phase: string) => traceEvents.filter(({ ph }) => ph === phase).map(({ id }) => id);
  expect(flows('s').sort()).toEqual(flows('f').sort());
  expect(flows('s').length).toBeGreaterThanOrEqual(lanes.races.races.length);
});

test('a speedscope export has profiles whose calls open and close in order', async () => {
  const file = JSON.parse((await exported(reader, 'speedscope')).toString('utf8')) as {
    $schema: string;
    shared: { frames: { name: string }[] };
    profiles: {
      type: string;
      unit: string;
      startValue: number;
      endValue: number;
      events: { type: 'O' | 'C'; frame: number; at: number }[];
    }[];
  };
  expect(file.$schema).toBe('https://www.speedscope.app/file-format-schema.json');
  const counts = new Map<string, number>();
  for (const { type, unit, startValue, endValue, events } of file.profiles) {
    expect([type, unit]).toEqual(['evented', 'nanoseconds']);
    const open: number[] = [];
    let before = startValue;
    for (const { type: how, frame, at } of events) {
      expect(at).toBeGreaterThanOrEqual(before);
      before = at;
      const { name } = file.shared.frames[frame];
      if (how === 'O') counts.set(name, (counts.get(name) ?? 0) + 1);
      if (how === 'O') open.push(frame);
      else expect(open.pop()).toBe(frame);
    }
    expect([open, before]).toEqual([[], endValue]);
  }
  const rows = await query<{ name: string; n: bigint }>(
    reader,
    "SELECT name, count(*) n FROM events WHERE phase = 'begin' GROUP BY ALL",
  );
  expect([...counts].sort()).toEqual(rows.map(({ name, n }) => [name, Number(n)]).sort());
});

test('an OTLP export has a span for each call and point, within its parent', async () => {
  const lines = (await exported(reader, 'otlp-json')).toString('utf8').trimEnd().split('\n');
  const spans = lines.flatMap(
    (line) =>
      JSON.parse(line).resourceSpans[0].scopeSpans[0].spans as {
        traceId: string;
        spanId: string;
        parentSpanId?: string;
        startTimeUnixNano: string;
        endTimeUnixNano: string;
      }[],
  );
  const [{ n }] = await query<{ n: bigint }>(
    reader,
    "SELECT count(*) n FROM events WHERE phase <> 'end' AND kind <> 'snapshot'",
  );
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  expect([spans.length, byId.size]).toEqual([Number(n), Number(n)]);
  for (const { traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano } of spans) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(spanId).toMatch(/^[0-9a-f]{16}$/);
    if (parentSpanId === undefined) continue;
    const parent = byId.get(parentSpanId)!;
    expect(BigInt(parent.startTimeUnixNano) <= BigInt(startTimeUnixNano)).toBe(true);
    expect(BigInt(parent.endTimeUnixNano) >= BigInt(endTimeUnixNano)).toBe(true);
  }
});

test('calls without an end are closed where the call around them or the trace ends', async () => {
  const trace = traceOf([
    { kind: 'ioctl', phase: 'begin', name: 'outer', tid: 1, ts: 10n },
    { kind: 'probe', phase: 'begin', name: 'lost', tid: 1, ts: 20n },
    { kind: 'ioctl', phase: 'end', name: 'outer', tid: 1, span: 0, ts: 30n },
    { kind: 'ioctl', phase: 'begin', name: 'hangs', tid: 1, ts: 25n },
    { kind: 'mark', tid: 2, ts: 50n },
  ]);
  const { shared, profiles } = JSON.parse((await exported(trace, 'speedscope')).toString('utf8'));
  const names = profiles[0].events.map((e: { type: string; frame: number; at: number }) => [
    e.type,
    shared.frames[e.frame].name,
    e.at,
  ]);
  expect(names).toEqual([
    ['O', 'outer', 0],
    ['O', 'lost', 10],
    ['C', 'lost', 20],
    ['C', 'outer', 20],
    // The clock went back; the thread did not.
    ['O', 'hangs', 20],
    ['C', 'hangs', 40],
  ]);
});

const hasUmockdev = spawnSync('umockdev-run', ['--version']).status === 0;

test.skipIf(!hasUmockdev)(
  'umockdev shows programs the functions of a umockdev export',
  async () => {
    const file = await exportedFile(reader, 'umockdev');
    const device = '/sys/bus/pci/devices/0000:01:00.0';
    const script = `cat ${device}/vendor ${device}/device; readlink ${device}/driver;
    od -An -tx1 -N4 ${device}/config; ls /sys/bus/pci/devices | wc -l`;
    const { stdout } = spawnSync('umockdev-run', ['--device', file, '--', 'sh', '-c', script], {
      encoding: 'utf8',
    });
    const [{ n }] = await query<{ n: bigint }>(
      reader,
      "SELECT count(*) n FROM events WHERE kind = 'snapshot' AND name = 'start'",
    );
    const [vendor, id, driver, config, count] = stdout.trim().split('\n');
    expect([vendor, id, config.trim(), Number(count)]).toEqual([
      '0x1b36',
      '0x0010',
      '36 1b 10 00',
      Number(n),
    ]);
    expect(driver).toMatch(/bus\/pci\/drivers\/nvme$/);
  },
);

test('a umockdev export of a trace without a snapshot is refused', async () => {
  await expect(exported(traceOf([{ kind: 'mark' }]), 'umockdev')).rejects.toMatchObject({
    code: 'SNAPSHOT_MISSING',
  });
});
