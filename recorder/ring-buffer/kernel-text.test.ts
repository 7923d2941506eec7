/**
 * Goal: the decoder sees in ring-buffer pages exactly what the kernel itself sees.
 * Method: per-CPU pages of a real kernel are decoded and every record is rendered with its event's
 * own `print fmt`; time, pid, name and, for probe events, every field are compared with the text
 * that the kernel printed for the same buffer.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../tests/test-data.js';
import {
  type EventFormat,
  fieldOf,
  PageCursor,
  parseEventFormat,
  parsePageFormat,
  readField,
  readText,
} from './index.js';

/** A buffer in pages and in text; `rendered` records at least are compared field by field. */
const BUFFERS = [
  { what: 'a buffer that held everything', folder: 'ring-buffer', rendered: 1500 },
  { what: 'a buffer that overflowed', folder: 'ring-buffer/overrun', rendered: 1000 },
];

function formatsIn(folder: string): Map<number, EventFormat> {
  const texts = testData(`${folder}/formats.txt.zst`)
    .toString()
    .split(/^(?=name: )/m);
  const formats = texts.map((text) => parseEventFormat(text, 'formats'));
  return new Map(formats.map((format) => [format.id, format]));
}

interface Printed {
  readonly cpu: number;
  readonly pid: number;
  readonly micros: bigint;
  readonly name: string;
  readonly rest: string;
}

const PREFIX = /^\s*.{1,16}?-(\d+)\s+(?:\(\s*[-\d]+\)\s)?\[(\d+)\]\s\S+\s+(\d+)\.(\d{6}):\s/;

/** The kernel's text as records; strings are printed raw, so one record may span several lines. */
function printedRecords(folder: string): Printed[] {
  const texts: string[] = [];
  const lines = testData(`${folder}/trace.txt.zst`).toString().trimEnd().split('\n');
  for (const line of lines.filter((text) => !text.startsWith('#'))) {
    if (PREFIX.test(line)) texts.push(line);
    else texts.push(`${texts.pop()}\n${line}`);
  }
  return texts.map((text) => {
    const [prefix, pid, cpu, seconds, micros] = PREFIX.exec(text)!;
    const [, name, rest] = /^([\w]+):? ?(.*)$/s.exec(text.slice(prefix.length))!;
    const time = BigInt(seconds!) * 1_000_000n + BigInt(micros!);
    return { cpu: Number(cpu), pid: Number(pid), micros: time, name: name!, rest: rest! };
  });
}

/** Renders a probe event's arguments as its `print fmt` says, without the probe's address. */
function render(format: EventFormat, record: PageCursor): string | undefined {
  const match = /^"\(%lx(?: <- %lx)?\)(.*?)"(?:, (.*))?$/s.exec(format.print);
  if (!match) return undefined;
  const args = [...match[2]!.matchAll(/REC->(\w+)|__get_str\((\w+)\)/g)]
    .map(([, value, text]) => value ?? text!)
    .filter((name) => !name.startsWith('__probe'));
  return match[1]!.replaceAll('\\"', '"').replace(/"?%(?:l|ll|L)?([sdux])"?/g, (_, kind) => {
    const field = fieldOf(format, args.shift()!)!;
    if (kind === 's') {
      const text = readText(record, field, true);
      return text === undefined ? '(fault)' : `"${text}"`;
    }
    const value = readField(record, field, true)!;
    return kind === 'x' ? BigInt.asUintN(8 * field.size, value).toString(16) : value.toString();
  });
}

function nameInText(format: EventFormat): string {
  if (format.name === 'print') return 'tracing_mark_write';
  return format.name.replace(/^sys_(enter|exit)_/, 'sys_');
}

describe.each(BUFFERS)('$what', ({ folder, rendered }) => {
  const printed = printedRecords(folder);
  const formats = formatsIn(folder);
  const header = testData(`${folder}/header_page.txt`).toString();
  const page = parsePageFormat(header, true, 'header_page');

  test.each([0, 1])('cpu %i: every record equals the text', (cpu) => {
    const bytes = testData(`${folder}/cpu${cpu}.raw.zst`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const expected = printed.filter((record) => record.cpu === cpu)[Symbol.iterator]();
    const cursor = new PageCursor(page);
    let compared = 0;
    for (let at = 0; at < bytes.length; at += page.pageSize) {
      cursor.load(view, at);
      while (cursor.next()) {
        const format = formats.get(cursor.eventId)!;
        const text: Printed = expected.next().value!;
        const pid = readField(cursor, fieldOf(format, 'common_pid')!, true);
        const micros = (cursor.time + 500n) / 1000n;
        const ours = [Number(pid), micros, nameInText(format)];
        expect(ours).toEqual([text.pid, text.micros, text.name]);
        const fields = render(format, cursor);
        if (fields === undefined) continue;
        expect(text.rest.replace(/^\([^)]*\)/, '')).toBe(fields);
        compared++;
      }
      expect(cursor.damage).toBeUndefined();
    }
    expect(expected.next().done).toBe(true);
    expect(compared).toBeGreaterThan(rendered);
  });

  test.each([0, 1])('cpu %i: the losses in the pages are those the kernel counted', (cpu) => {
    const bytes = testData(`${folder}/cpu${cpu}.raw.zst`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const cursor = new PageCursor(page);
    const missed: unknown[] = [];
    for (let at = 0; at < bytes.length; at += page.pageSize) {
      cursor.load(view, at);
      if (cursor.missed !== 0) missed.push(cursor.missed);
    }
    const overrun = folder.endsWith('overrun')
      ? /^overrun: (\d+)/m.exec(testData(`${folder}/stats${cpu}.txt`).toString())![1]
      : undefined;
    expect(missed).toEqual(overrun === undefined ? [] : [Number(overrun)]);
  });
});
