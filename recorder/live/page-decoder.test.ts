/**
 * Goal: what is decoded from the kernel's ring buffer is what the same kernel printed of it, also
 * when pages come one by one, and merging keeps every CPU's own order.
 * Method: real pages of two CPUs are decoded and merged, and compared event by event with the
 * import of the text that the kernel printed for the same buffer: an independent path to the same
 * events.
 */
import { describe, expect, test } from 'vitest';
import { type ImportedRow, importBytes, rowsOf } from '../../tests/import-bytes.js';
import { testData } from '../../tests/test-data.js';
import { type Bdf, MemorySink, TraceWriter } from '../../traces/index.js';
import { ftraceText } from '../import/ftrace/index.js';
import { parseEventFormat, parsePageFormat } from '../ring-buffer/index.js';
import { deviceFilter } from './device-filter.js';
import { mergeQueues } from './merge-queues.js';
import { PageDecoder } from './page-decoder.js';
import { PageQueue } from './page-queue.js';
import { Tasks } from './tasks.js';

const page = parsePageFormat(testData('ring-buffer/header_page.txt').toString(), true, 'page');
const formats = testData('ring-buffer/formats.txt.zst')
  .toString()
  .split(/^(?=name: )/m)
  .map((text) => parseEventFormat(text, 'formats'));
const buffers = [0, 1].map((cpu) => testData(`ring-buffer/cpu${cpu}.raw.zst`));

interface Options {
  /** Slots for pages per CPU. */
  readonly slots?: number;
  /** Pages that a fill finds at most, as in a live recording. */
  readonly perFill?: number;
  readonly device?: string;
  /** When the recording ends. */
  readonly end?: bigint;
}

/** Decodes the pages as a recording does: fill, merge what is certain, fill again. */
function decode({
  slots = 1000,
  perFill = 1000,
  device,
  end,
}: Options = {}): readonly ImportedRow[] {
  const sink = new MemorySink();
  const writer = new TraceWriter(sink, { clock: 'mono', writer: 'test', notes: {} }, { level: 1 });
  const { events } = writer;
  const devices = device === undefined ? [] : [device as Bdf];
  const filter = deviceFilter(devices, events.dictionaries.device);
  const tasks = new Tasks(events.dictionaries.task);
  const decoder = new PageDecoder({ events, tasks, filter }, page, formats);
  if (end !== undefined) decoder.endAt(end);
  let allowed = 0;
  const left = buffers.map((bytes) => bytes.length / page.pageSize);
  const queues = buffers.map((bytes, cpu) => {
    const read = (into: Buffer) => {
      if (allowed <= 0 || left[cpu] === 0) return false;
      allowed--;
      const at = bytes.length - left[cpu]!-- * page.pageSize;
      bytes.copy(into, 0, at, at + page.pageSize);
      return true;
    };
    return new PageQueue(cpu, read, page, slots);
  });
  do {
    for (const queue of queues) {
      allowed = perFill;
      queue.fill();
    }
    const known = queues.map((queue) => queue.latestKnown(0));
    mergeQueues(queues, 0, Math.min(...known), (queue) => decoder.decode(queue));
  } while (left.some((pages) => pages > 0));
  mergeQueues(queues, 0, Number.POSITIVE_INFINITY, (queue) => decoder.decode(queue));
  decoder.mapper.finish();
  writer.finish();
  expect(decoder.unknown).toBe(0);
  return rowsOf(sink.bytes());
}

/** What the text and the pages both tell, in a form that compares. */
function facts(row: ImportedRow): string {
  const micros = (row.ts + 500n) / 1000n;
  const { cpu, tid, kind, phase, device, driver, path, region, offset, length, value, ret } = row;
  const { name, text } = row;
  const numbers = [region, offset, length, value, ret].map(String).join(' ');
  return [cpu, tid, micros, kind, phase, device, driver, path, name, numbers, text].join('|');
}

const comparable = (rows: readonly ImportedRow[]) => rows.map(facts);

const importedText = () => {
  const text = testData('ring-buffer/trace.txt.zst').toString('latin1');
  return importBytes(ftraceText, Buffer.from(`# tracer: nop\n#\n${text}`, 'latin1')).rows;
};

describe('pages of a real kernel', () => {
  const whole = decode();

  test('pages of a real kernel become the events that the import of their text gives', () => {
    const imported = importedText();
    expect(imported.length).toBeGreaterThan(10_000);
    for (const cpu of [0, 1]) {
      const of = (rows: readonly ImportedRow[]) =>
        comparable(rows.filter((row) => row.cpu === cpu));
      expect(of(whole)).toEqual(of(imported));
    }
  });

  test('pages of a real kernel are merged in the order of time', () => {
    const times = whole.map(({ ts }) => ts);
    expect(times).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  test.each([
    [2, 1],
    [3, 7],
    [5, 2],
  ])('pages of a real kernel with %i slots and %i pages at a time every CPU keeps its order', (slots, perFill) => {
    const pieces = decode({ slots, perFill });
    expect(pieces.length).toBe(whole.length);
    for (const cpu of [0, 1]) {
      const of = (rows: readonly ImportedRow[]) =>
        comparable(rows.filter((row) => row.cpu === cpu));
      expect(of(pieces)).toEqual(of(whole));
    }
  });

  test('records after the end of a recording become no events', () => {
    const { ts: end } = whole[whole.length >> 1]!;
    expect(comparable(decode({ end }))).toEqual(comparable(whole.filter(({ ts }) => ts <= end)));
  });

  test('a device filter keeps calls whole', () => {
    const device = '0000:03:00.0';
    const some = decode({ device });
    expect(some.length).toBeGreaterThan(1000);
    const without = (row: ImportedRow) => row.device === undefined || row.device === device;
    expect(comparable(some)).toEqual(comparable(whole.filter(without)));
  });
});
