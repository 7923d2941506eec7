/**
 * Goal: what trace_printk, trace_puts, trace_marker_raw and stack traces put into the buffer is
 * shown as the kernel would show it, for both byte orders and sizes of a long.
 * Method: files written by the manual, with arguments packed as the kernel's vbin_printf packs
 * them. Where trace-cmd 3.1.6 reads the same files right, it prints the same texts.
 */
import { describe, expect, test } from 'vitest';
import { Bytes, buildTraceDat, type RecordSpec } from '../../../tests/build-trace-dat.js';
import { importBytes } from '../../../tests/import-bytes.js';
import { bprint, ftraceEvents } from '../../../tests/trace-dat-events.js';
import { traceDat } from './index.js';

const z = (text: string) => Buffer.from(`${text}\0`);

describe.each([
  [7, false, 8],
  [7, true, 8],
  [7, false, 4],
  [7, true, 4],
  [6, false, 8],
  [6, true, 4],
] as const)('version %i, big-endian %s, longs of %i bytes', (version, isBig, longBytes) => {
  const bytes = new Bytes(isBig);
  const base = longBytes === 8 ? 0xffff_ffff_8100_0000n : 0xc100_0000n;
  const [caller, other] = [base + 0x6400n, base + 0xc800n];
  const layout = { isBig, longBytes };
  const long = (value: bigint) =>
    longBytes === 8 ? bytes.u64(value) : bytes.u32(Number(BigInt.asUintN(32, value)));
  const hex = (address: bigint) => address.toString(16);

  const importRecords = (
    bodies: readonly (readonly [event: number, body: Buffer])[],
    formats: readonly string[],
  ) => {
    const records = bodies.map(
      ([event, body], i): RecordSpec => ({
        cpu: i % 2,
        time: 5_000_000_000n + BigInt(i) * 1000n,
        event,
        tid: 1,
        body,
      }),
    );
    const file = buildTraceDat({
      ...{ version, isBig, longBytes, clock: 'mono', records },
      events: ftraceEvents(longBytes),
      printkFormats: formats
        .map((format, i) => `0x${hex(base + BigInt(i) * 0x100n)} : "${format}"\n`)
        .join(''),
      kallsyms: `${hex(caller)} T my_func\n${hex(other)} T other_func\n`,
      commandLines: '1 my task\n',
    });
    return importBytes(traceDat, file);
  };
  const printed = (format: string, ...packed: Buffer[]) => {
    const record = [6, bprint(layout, caller + 4n, base, ...packed)] as const;
    const { rows, report } = importRecords([record], [format]);
    expect(report).toMatchObject({ records: { bprint: 1 }, unparsed: 0 });
    expect(rows[0]).toMatchObject({ kind: 'log', name: 'bprint', task: 'my task', tid: 1 });
    return rows[0].text?.replace(/^my_func: /, '');
  };

  test('numbers, by their length', () => {
    const numbers = [bytes.u32(-5), bytes.u32(7), bytes.u32(0xbeef), long(0x1234n)];
    const more = [bytes.u64(0x0123_4567_89ab_cdefn), long(-9n), long(11n)];
    expect(printed('%d %u %x %lx %llx %ld %zu\\n', ...numbers, ...more)).toBe(
      '-5 7 beef 1234 123456789abcdef -9 11',
    );
  });

  test('a char stands on its own, a short on two, an int on four bytes', () => {
    const packed = [Buffer.from('Z'), Buffer.alloc(1), bytes.u16(0xabcd), bytes.u32(99)];
    expect(printed('%c|%hx|%d', ...packed)).toBe('Z|abcd|99');
    const short = [Buffer.from([0xfe, 0, 0, 0]), bytes.u32(-1)];
    expect(printed('%hhx|%i', ...short)).toBe('fe|-1');
    expect(printed('%hhd|%i', ...short)).toBe('-2|-1');
  });

  test('a 64-bit number stands on four bytes', () => {
    expect(printed('%d %llu', bytes.u32(1), bytes.u64(2n ** 63n))).toBe('1 9223372036854775808');
  });

  test('flags, widths and precisions, also those that are arguments', () => {
    const numbers = [bytes.u32(6), bytes.u32(42), bytes.u32(-3), bytes.u32(17), bytes.u32(255)];
    expect(printed('%*d|%-5d|%05d|%#x', ...numbers)).toBe('    42|-3   |00017|0xff');
    expect(printed('%+d|%.3d|%*d|', bytes.u32(3), bytes.u32(7), bytes.u32(-4), bytes.u32(5))).toBe(
      '+3|007|5   |',
    );
  });

  test('strings, of which the next number stands behind on four bytes', () => {
    const strings = [bytes.u32(3), z('abcdef'), z('xyz'), z('ab'), Buffer.alloc(2), bytes.u32(8)];
    expect(printed('%.*s|%.2s|%5s|%d', ...strings)).toBe('abc|xy|   ab|8');
    expect(printed('100 %% of %s', z(''))).toBe('100 % of ');
  });

  test('pointers: as functions, as numbers, and as text where the kernel followed them', () => {
    expect(printed('%ps %pS', long(other), long(other + 0x1cn))).toBe('other_func other_func+0x1c');
    expect(printed('%p %px', long(other), long(other))).toBe(`0x${hex(other)} ${hex(other)}`);
    expect(printed('%pI4 is %s', z('10.0.0.1'), z('up'))).toBe('10.0.0.1 is up');
    expect(printed('%pe', long(-12n))).toBe('-12');
  });

  test('escapes of printk_formats', () => {
    expect(printed('a\\tb \\"%d\\"\\n', bytes.u32(1))).toBe('a\tb "1"');
  });

  test('what a damaged record lacks is said', () => {
    expect(printed('%d %d %s', bytes.u32(1))).toBe('1 (missing) (missing)');
  });

  test('a format that the file lacks', () => {
    const { rows } = importRecords([[6, bprint(layout, caller, 0x10n, bytes.u32(1))]], []);
    expect(rows[0].text).toBe('my_func: (no format at 0x10)');
  });

  test('trace_puts, marks, raw data and stacks', () => {
    const pad = longBytes === 8 ? Buffer.alloc(4) : Buffer.alloc(0);
    const stack = (size: number, ...callers: bigint[]) =>
      Buffer.concat([bytes.u32(size), pad, ...callers.map(long)]);
    const { rows, report } = importRecords(
      [
        [14, bprint(layout, caller, base)],
        [5, Buffer.concat([long(caller), z('a mark\n')])],
        [18, Buffer.concat([bytes.u32(0x1234), Buffer.from([1, 2, 3, 0xff])])],
        [12, stack(77, 0x40_1000n, 0x7f00n, 0n, 0n, 0n, 0n, 0n, 0n)],
        [4, stack(2, caller + 8n, other + 8n, -1n)],
      ],
      ['some text\\n'],
    );
    expect(rows.map(({ kind, name, text }) => [kind, name, text])).toEqual([
      ['log', 'bputs', 'my_func: some text'],
      ['mark', 'print', 'a mark'],
      ['log', 'raw_data', '# 1234 buf: 01 02 03 ff'],
      ['log', 'user_stack', '=> 0x401000\n => 0x7f00'],
      ['log', 'kernel_stack', '=> my_func\n => other_func'],
    ]);
    const each = { bputs: 1, print: 1, raw_data: 1, user_stack: 1, kernel_stack: 1 };
    expect(report).toMatchObject({ records: each, unparsed: 0 });
  });
});
