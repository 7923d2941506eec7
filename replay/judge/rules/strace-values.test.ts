/**
 * Goal: what strace shows that a user of VFIO was given is held against what is known of the
 * function's ids, and nobody is accused of what is made up for the user, or not certain.
 * Method: traces written by hand: a snapshot of an endpoint, and reads of its configuration space.
 */
import { describe, expect, test } from 'vitest';
import { type EventRow, traceOf } from '../../../tests/build-trace.js';
import { replay } from '../../index.js';

const DEVICE = '0000:02:00.0';

function space(): Uint8Array {
  const bytes = new Uint8Array(256);
  bytes.set([0x86, 0x80, 0xd3, 0x10, 0x07, 0, 0x10, 0, 0x03, 0, 0, 2]);
  bytes.set([0x01, 0xb0, 0x55, 0xaa], 0x2c);
  bytes[0x34] = 0x40;
  bytes.set([0x09, 0x00, 0x10], 0x40);
  return bytes;
}

const SNAPSHOT: EventRow = { kind: 'snapshot', device: DEVICE, data: space(), text: '{}' };

const given = (offset: number, bytes: readonly number[]): EventRow => {
  const row = { kind: 'config.read', source: 'strace', path: 'vfio', device: DEVICE } as const;
  const place = { region: 7, offset: BigInt(offset), length: BigInt(bytes.length) };
  const value = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const shown = bytes.length > 8 ? { data: Uint8Array.from(bytes) } : { value };
  return { ...row, name: 'pread64', ...place, ...shown, ret: BigInt(bytes.length) };
};

const IDS = given(0, [0x86, 0x80, 0xd3, 0x10]);
const OTHER_IDS = given(0, [0x86, 0x80, 0xd4, 0x10]);
/** The whole space, with one byte that is another. */
const dump = (at: number, byte: number) => given(0, [...space().with(at, byte)]);

function diverged(rows: readonly EventRow[]): string[] {
  const reader = traceOf([SNAPSHOT, ...rows]);
  return replay(reader.read()).divergences.map(({ seq, actual }) => `${seq}: ${actual}`);
}

describe('seen by strace', () => {
  test.each([
    ['ids', OTHER_IDS, '0xd4 at 0x2'],
    ['class, in a dump of the whole space', dump(0x0b, 1), '0x1 at 0xb'],
    ['subsystem, in 8 bytes', given(0x28, [0, 0, 0, 0, 1, 0xb0, 0x56, 0xaa]), '0x56 at 0x2e'],
  ])('another value in strace is a divergence: %s', (_, changed, actual) => {
    expect(diverged([IDS, changed])).toEqual([`2: ${actual}`]);
  });

  test('other ids than the kernel read', () => {
    const kernel: EventRow = { kind: 'config.read', path: 'kernel', device: DEVICE, region: 7 };
    const read = { offset: 0n, length: 4n, value: 0x10d38086n, ret: 0n };
    const row = { ...kernel, name: 'pci_bus_read_config_dword', ...read };
    expect(diverged([row, OTHER_IDS])).toEqual(['2: 0xd4 at 0x2']);
  });

  test('right ids are matches that were computed', () => {
    const reader = traceOf([SNAPSHOT, IDS, IDS]);
    expect(replay(reader.read()).kinds['config.read'].computed).toBe(2);
  });
});

describe('nobody is accused when', () => {
  test.each([
    ['the snapshot alone knew the function', [OTHER_IDS, IDS]],
    ['the function does not answer', [IDS, given(8, [0xff, 0xff, 0xff, 0xff])]],
    ['the read failed', [IDS, { ...OTHER_IDS, ret: -5n }]],
    ['fewer bytes were read', [IDS, { ...OTHER_IDS, ret: 2n }]],
    ['the list of capabilities is made up', [IDS, dump(0x34, 0x50)]],
    ['it is reset', [IDS, { kind: 'reset', device: DEVICE, name: 'x' }, OTHER_IDS]],
    [
      'its vendor may have changed them',
      [IDS, { ...given(0x60, [1, 0, 0, 0]), kind: 'config.write' }, OTHER_IDS],
    ],
  ] satisfies [string, EventRow[]][])('another value in strace is no divergence: %s', (_, rows) => {
    expect(diverged(rows)).toEqual([]);
  });
});
