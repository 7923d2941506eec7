/**
 * Goal: what is read of ids, header types and capability lists is what it was before, and nobody is
 * accused of what hardware, a reset or another function at the place may change.
 * Method: traces written by hand: a snapshot of an endpoint, and reads of its configuration space.
 */
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { MemorySource, TraceReader } from '../../../traces/index.js';
import { replay } from '../../index.js';

const DEVICE = '0000:02:00.0';

/** An endpoint with power management at 0x40 and, behind it, a capability of its vendor. */
function space(): Uint8Array {
  const bytes = new Uint8Array(256);
  bytes.set([0x86, 0x80, 0xd3, 0x10, 0x07, 0, 0x10, 0, 0x03, 0, 0, 2]);
  bytes.set([0x01, 0xb0, 0x55, 0xaa], 0x2c);
  bytes[0x34] = 0x40;
  bytes.set([0x01, 0x60, 0x22, 0, 0x08, 0], 0x40);
  bytes.set([0x09, 0x00, 0x10], 0x60);
  return bytes;
}

const SNAPSHOT: EventRow = { kind: 'snapshot', device: DEVICE, data: space(), text: '{}' };
const TYPES = { 1: 'byte', 2: 'word', 4: 'dword' } as const;

const read = (offset: number, width: 1 | 2 | 4, value: number, path = 'kernel'): EventRow => ({
  kind: 'config.read',
  path,
  name: `pci_${path === 'kernel' ? 'bus' : 'user'}_read_config_${TYPES[width]}`,
  device: DEVICE,
  region: 7,
  ...{ offset: BigInt(offset), length: BigInt(width), value: BigInt(value), ret: 0n },
});

const write = (offset: number, value: number): EventRow => ({
  ...{ kind: 'config.write', path: 'kernel', name: 'pci_bus_write_config_dword' },
  ...{ device: DEVICE, region: 7, offset: BigInt(offset), length: 4n, value: BigInt(value) },
});

/** Writes of another function: the recording has the kernel's writes. */
const OTHERS: readonly EventRow[] = ['word', 'dword'].map((width) => ({
  ...{ kind: 'config.write', path: 'kernel', name: `pci_bus_write_config_${width}` },
  ...{ device: '0000:03:00.0', region: 7, offset: 4n, length: 2n, value: 7n },
}));

function run(rows: readonly EventRow[]) {
  const trace = buildTrace([...rows, ...OTHERS]);
  const { kinds, divergences } = replay(new TraceReader(new MemorySource(trace)).read());
  const { computed = 0, unknown = 0 } = kinds['config.read'] ?? {};
  return { computed, unknown, diverged: divergences.map(({ seq, actual }) => `${seq}: ${actual}`) };
}

const IDS = read(0, 4, 0x10d38086);

describe('reads of what a snapshot has', () => {
  test('reads of what a snapshot has are predicted whatever their width, through sysfs too', () => {
    const rows = [IDS, read(0x0e, 1, 0), read(0x2c, 4, 0xaa55b001), read(0x40, 2, 0x6001)];
    const found = run([SNAPSHOT, ...rows, read(0x60, 1, 0x09, 'sysfs')]);
    expect(found).toEqual({ computed: 5, unknown: 0, diverged: [] });
  });

  test.each([
    ['device id', read(2, 2, 0x10d4), '0x10d4 at 0x2'],
    ['revision and class', read(8, 4, 0x02000004), '0x2000004 at 0x8'],
    ['header type', read(0x0e, 1, 1), '0x1 at 0xe'],
    ['first capability', read(0x34, 1, 0x44), '0x44 at 0x34'],
    ['id of a capability', read(0x40, 2, 0x6005), '0x6005 at 0x40'],
    ['end of the list', read(0x60, 2, 0x7009), '0x7009 at 0x60'],
  ])('another %s is seen, once', (_, changed, actual) => {
    const found = run([SNAPSHOT, IDS, changed, changed]);
    expect(found.diverged).toEqual([`2: ${actual}`]);
  });

  test('registers that hardware or a driver changes are stimuli', () => {
    const rows = [read(4, 2, 0x406), read(6, 2, 0x4810), read(0x44, 2, 0x103), read(0x10, 4, 7)];
    expect(run([SNAPSHOT, IDS, ...rows]).diverged).toEqual([]);
  });
});

describe('nobody is accused when', () => {
  const other = read(0, 4, 0x12345678);

  test.each([
    ['the snapshot alone knew the function', [other, other]],
    ['it did not answer in between', [IDS, read(0, 4, 0xffffffff), other]],
    ['it was not ready', [IDS, read(0, 4, 0xffff0001), IDS]],
    ['it was removed', [IDS, { kind: 'device.remove', device: DEVICE }, other]],
    ['it was reset', [IDS, { kind: 'reset', device: DEVICE, name: 'x' }, other]],
    ['a register was written', [IDS, write(8, 0), read(8, 4, 1)]],
    ['a register of its vendor was written', [IDS, write(0x64, 1), other]],
    [
      'buses were given other numbers',
      [read(0, 4, 0x10d38086), write(0x0c, 0), write(0x18, 1), other],
    ],
    ['events were lost', [IDS, { kind: 'lost', value: 1n }, other]],
    ['the read failed', [IDS, { ...other, ret: 0x87n }]],
  ] satisfies [string, EventRow[]][])('a read of another value is no divergence: %s', (_, rows) => {
    expect(run([SNAPSHOT, ...rows]).diverged).toEqual([]);
  });

  test('there may be several domains', () => {
    const vmd = { ...SNAPSHOT, device: '10000:01:00.0' };
    expect(run([SNAPSHOT, vmd, IDS, other]).diverged).toEqual([]);
    expect(run([IDS, other]).diverged).toEqual([]);
  });
});

test('a write of power management leaves the ids known', () => {
  const found = run([SNAPSHOT, IDS, write(0x44, 3), read(0, 4, 0x12345678)]);
  expect(found.diverged).toHaveLength(1);
});

test('what was read once is known, without a snapshot of the function', () => {
  const elsewhere = { ...SNAPSHOT, device: '0000:00:00.0' };
  const pass = [IDS, read(0x0e, 1, 0), read(6, 2, 0x10), read(0x34, 1, 0x40), read(0x40, 2, 0x01)];
  const found = run([elsewhere, ...pass, IDS, read(0x40, 2, 0x6001)]);
  expect(found.diverged).toEqual(['7: 0x6001 at 0x40']);
});
