/**
 * Goal: the decoder sees in ring-buffer pages exactly what the kernel itself sees.
 * Method: per-CPU pages of a real kernel are decoded and every record is rendered with its event's
 * own `print fmt`; time, pid, name and, for probe events, every field are compared with the text
 * that the kernel printed for the same buffer.
 */
import { describe, expect, test } from 'vitest';
import { testData } from '../../../tests/test-data.js';
import {
  type EventFormat,
  fieldOf,
  PageCursor,
  parseEventFormat,
  parsePageFormat,
  readField,
  readText,
} from './index.js';

const FILES = 'ring-buffer';
const page = parsePageFormat(testData(`${FILES}/header_page.txt`).toString(), true, 'header_page');
const formats = new Map<number, EventFormat>();
for (const text of testData(`${FILES}/formats.txt.zst`)
  .toString()
  .split(/^(?=name: )/m)) {
  const format = parseEventFormat(text, 'formats');
  formats.set(format.id, format);
}

interface Printed {
  readonly cpu: number;
  readonly pid: number;
  readonly micros: bigint;
  readonly name: string;
  readonly rest: string;
}

const PREFIX = /^\s*.{1,16}?-(\d+)\s+\(\s*[-\d]+\)\s\[(\d+)\]\s\S+\s+(\d+)\.(\d{6}):\s/;

/** The kernel's text as records; strings are printed raw, so one record may span several lines. */
function printedRecords(): Printed[] {
  const texts: string[] = [];
  for (const line of testData(`${FILES}/trace.txt.zst`).toString().trimEnd().split('\n')) {
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
  return format.name.replace(/^sys_(enter|exit)_/, 'sys_');
}

describe('pages of a real kernel', () => {
  const printed = printedRecords();

  test.each([0, 1])('cpu %i: every record equals the text', (cpu) => {
    const bytes = testData(`${FILES}/cpu${cpu}.raw.zst`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const expected = printed.filter((record) => record.cpu === cpu)[Symbol.iterator]();
    const cursor = new PageCursor(page);
    let rendered = 0;
    for (let at = 0; at < bytes.length; at += page.pageSize) {
      cursor.load(view, at);
      expect(cursor.missed).toBe(0);
      while (cursor.next()) {
        const format = formats.get(cursor.eventId)!;
        const text: Printed = expected.next().value!;
        const pid = readField(cursor, fieldOf(format, 'common_pid')!, true);
        const micros = (cursor.time + 500n) / 1000n;
        expect([Number(pid), micros, nameInText(format)]).toEqual([
          text.pid,
          text.micros,
          text.name,
        ]);
        const fields = render(format, cursor);
        if (fields === undefined) continue;
        expect(text.rest.replace(/^\([^)]*\)/, '')).toBe(fields);
        rendered++;
      }
      expect(cursor.damage).toBeUndefined();
    }
    expect(expected.next().done).toBe(true);
    expect(rendered).toBeGreaterThan(1500);
  });
});
