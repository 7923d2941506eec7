/**
 * Goal: a simpletrace file gives the events that the log of the same run gives.
 * Method: no distribution's QEMU writes simpletrace, so the log of a real run is encoded here as
 * QEMU's `trace/simple.c` writes it, with the argument types of `hw/vfio/trace-events` and
 * `hw/pci/trace-events` written down below, and both are imported.
 */
import { describe, expect, test } from 'vitest';
import { importBytes } from '../../../tests/import-bytes.js';
import { testData } from '../../../tests/test-data.js';
import { qemuText } from './qemu-text.js';
import { qemuSimpletrace } from './simpletrace.js';

/** Arguments of an event: how its line is taken apart, and which of them are strings. */
const ARGUMENTS: Record<string, { readonly line: RegExp; readonly strings: readonly number[] }> = {
  vfio_pci_read_config: { line: /\((.*), @(\S+), len=(\S+)\) (\S+)/, strings: [0] },
  vfio_pci_write_config: { line: /\((.*), @(\S+), (\S+), len=(\S+)\)/, strings: [0] },
  vfio_region_write: { line: /\((.*):region(\d+)\+(\S+), (\S+), (\d+)\)/, strings: [0] },
  vfio_region_read: { line: /\((.*):region(\d+)\+(\S+), (\d+)\) = (\S+)/, strings: [0] },
  vfio_msi_interrupt: { line: /\((.*)\) vector (\d+) (\S+)\/(\S+)/, strings: [0] },
  vfio_intx_update: { line: /\((.*)\) IRQ moved (\S+) -> (\S+)/, strings: [0] },
  vfio_listener_region_del: { line: /(0x\S+) - (\S+)/, strings: [] },
  vfio_listener_region_add_ram: { line: /(0x\S+) - (\S+) \[(\S+)\]/, strings: [] },
  vfio_region_setup: {
    line: /Device (\S+), region (\d+) "(.*)", flags: (\S+), offset: (\S+), size: (\S+)/,
    strings: [0, 2],
  },
  vfio_region_mmap: { line: /Region (.*) mmaps\[(\d+)\] \[(\S+) - (\S+)\]/, strings: [0] },
  vfio_region_mmaps_set_enabled: { line: /Region (.*) mmaps enabled: (\d)/, strings: [0] },
  pci_cfg_read: { line: /(\S+) (..):(..)\.(.) @(\S+) -> (\S+)/, strings: [0] },
  pci_cfg_write: { line: /(\S+) (..):(..)\.(.) @(\S+) <- (\S+)/, strings: [0] },
};
const HEX_ARGUMENTS = { pci_cfg_read: [1, 2, 3], pci_cfg_write: [1, 2, 3] } as Record<
  string,
  number[]
>;

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return bytes;
};
const string = (text: string) => Buffer.concat([u32(Buffer.byteLength(text)), Buffer.from(text)]);

const header = (version: bigint) =>
  Buffer.concat([u64(-1n), u64(0xf2b177cb0aa429b4n), u64(version)]);
const mapping = (id: number, name: string) =>
  Buffer.concat([u64(0n), u64(BigInt(id)), string(name)]);

function record(id: bigint, time: bigint, payload: Buffer): Buffer {
  const head = [u64(id), u64(time), u32(24 + payload.byteLength), u32(4711)];
  return Buffer.concat([u64(1n), ...head, payload]);
}

/** The payload that QEMU writes for a line of its log. */
function payloadOf(name: string, text: string): Buffer {
  const { line, strings } = ARGUMENTS[name];
  const args = line.exec(text)!.slice(1);
  const hex = HEX_ARGUMENTS[name] ?? [];
  return Buffer.concat(
    args.map((arg, i) => {
      if (strings.includes(i)) return string(arg);
      return u64(BigInt(hex.includes(i) ? `0x${arg}` : arg));
    }),
  );
}

describe('the log of a real run, encoded as simpletrace', () => {
  const log = testData('qemu/nested-linux.log.zst').toString();
  const names = Object.keys(ARGUMENTS);
  const lines = log.split('\n').filter((line) => names.includes(/:(\w+) /.exec(line)?.[1] ?? ''));
  const seen = new Map<string, number>();
  const parts: Buffer[] = [header(4n)];
  for (const line of lines) {
    const [, stamp, micros, name, args] = /^\d+@(\d+)\.(\d+):(\w+) (.*)$/.exec(line)!;
    let id = seen.get(name);
    if (id === undefined) {
      id = seen.size + 100;
      seen.set(name, id);
      parts.push(mapping(id, name));
    }
    const time = BigInt(stamp) * 1_000_000_000n + BigInt(micros) * 1000n;
    parts.push(record(BigInt(id), time, payloadOf(name, args)));
  }
  const bytes = Buffer.concat(parts);
  const fromText = importBytes(qemuText, Buffer.from(`${lines.join('\n')}\n`));

  test('the log of a real run, encoded as simpletrace is detected, and is not taken for text', () => {
    expect(qemuSimpletrace.detect(bytes, 'x')).toBe(1);
    expect(qemuText.detect(bytes.subarray(0, 65536), 'x')).toBe(0);
  });

  test('the log of a real run, encoded as simpletrace gives the same events as the log, however it is cut', () => {
    expect(seen.size).toBeGreaterThan(10);
    for (const chunk of [1 << 20, 61]) {
      const { rows, report } = importBytes(qemuSimpletrace, bytes, chunk);
      expect(report).toEqual(fromText.report);
      const want = fromText.rows.map(({ tid, ...row }) => ({ ...row, pid: 4711 }));
      expect(rows).toEqual(want);
    }
  });

  test('the log of a real run, encoded as simpletrace cut anywhere gives what came before the cut', () => {
    for (const cut of [24, 30, 50, 60, 1000, 1001, 2000]) {
      const { rows, report } = importBytes(qemuSimpletrace, bytes.subarray(0, cut));
      expect(rows.length).toBeLessThan(fromText.rows.length);
      expect(rows.map((row) => row.value)).toEqual(
        fromText.rows.slice(0, rows.length).map((row) => row.value),
      );
      if (cut > 24) expect(report.stopped?.why).toBe('a record is cut short');
    }
  });
});

test('a simpletrace says what QEMU dropped, and keeps what has no name', () => {
  const payload = Buffer.concat([string('x'), u64(3n)]);
  const bytes = Buffer.concat([
    header(4n),
    mapping(7, 'vfio_something_new'),
    record(0xffff_ffff_ffff_fffen, 5n, u64(12n)),
    record(7n, 6n, payload),
  ]);
  const { rows, report } = importBytes(qemuSimpletrace, bytes);
  expect(report).toEqual({ records: { vfio_something_new: 1 }, unparsed: 0, lost: 12 });
  expect(rows[0]).toMatchObject({ kind: 'lost', value: 12n, ts: 5n });
  expect(rows[1]).toMatchObject({
    kind: 'log',
    name: 'vfio_something_new',
    data: payload,
    pid: 4711,
  });
});

test('versions 2 and 3 have numbers for names', () => {
  const bytes = Buffer.concat([header(3n), record(9n, 6n, u64(1n)).subarray(8)]);
  const { rows, report } = importBytes(qemuSimpletrace, bytes);
  expect(report).toEqual({ records: { event_9: 1 }, unparsed: 0, lost: 0 });
  expect(rows[0]).toMatchObject({ kind: 'log', name: 'event_9', ts: 6n });
});

test('an impossible length stops the import instead of being believed', () => {
  const bad = record(9n, 6n, u64(1n));
  bad.writeUInt32LE(0xffff_fff0, 24);
  const { rows, report } = importBytes(qemuSimpletrace, Buffer.concat([header(4n), bad]));
  expect(rows).toMatchObject([{ kind: 'lost', value: 1n }]);
  expect(report.stopped).toEqual({ offset: 24, why: 'a record says it has 4294967280 bytes' });
});

test('another version is refused with a reason', () => {
  expect(() => importBytes(qemuSimpletrace, header(9n))).toThrow('version 9');
});

test.each([4n, 3n])('a tail of zeros in version %d is told', (version) => {
  const typed = version === 4n ? 0 : 8;
  const records = [record(9n, 6n, u64(1n)), record(9n, 7n, u64(2n))].map((r) => r.subarray(typed));
  const names = version === 4n ? [mapping(9, 'vfio_made_up')] : [];
  const sound = Buffer.concat([header(version), ...names, ...records]);
  const { rows, report } = importBytes(
    qemuSimpletrace,
    Buffer.concat([sound, Buffer.alloc(5000)]),
    300,
  );
  expect(rows.map(({ kind, ts }) => [kind, ts])).toEqual([
    ['log', 6n],
    ['log', 7n],
    ['lost', 7n],
  ]);
  expect(report.lost).toBe(1);
  const why = 'there are zeros where a record should be';
  expect(report.stopped).toEqual({ offset: sound.byteLength, why });
});
