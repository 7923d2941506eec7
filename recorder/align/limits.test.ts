/**
 * Goal: a trace that holds, or claims to hold, more than an alignment can keep in memory ends it
 * with a clear error.
 * Method: the bounds lowered to what a small trace has, and a reader that claims a huge number.
 */
import { expect, test } from 'vitest';
import { inputOf } from '../../tests/import-bytes.js';
import {
  MemorySink,
  MemorySource,
  placeable,
  TraceReader,
  TraceWriter,
} from '../../traces/index.js';
import { qemuText } from '../import/qemu/qemu-text.js';
import { AccessKeys, guestAccesses } from './comparable-accesses.js';

const input = inputOf(
  Buffer.from('vfio_pci_read_config (0000:03:00.0, @0x0, len=0x2) 0x8086\n'.repeat(3)),
);
const sink = new MemorySink();
const writer = new TraceWriter(sink, { notes: {}, ...qemuText.meta(input), writer: 'vfr test' });
qemuText.read(input, writer.events);
writer.finish();
const guest = new TraceReader(new MemorySource(sink.bytes()));

test('more accesses than can be aligned are refused', () => {
  const keys = new AccessKeys();
  keys.id('r 0000:03:00.0 7 0 2', true);
  expect(guestAccesses(guest, keys, 3).count).toBe(3);
  const refused = expect.objectContaining({ code: 'ALIGN_TOO_LARGE' });
  expect(() => guestAccesses(guest, keys, 2)).toThrow(refused);
});

test('more events than can be aligned are refused', () => {
  expect(placeable(guest)).toBe(3);
  const refused = expect.objectContaining({ code: 'ALIGN_TOO_LARGE', kind: 'unsupported' });
  expect(() => placeable({ events: 2 ** 40, source: guest.source })).toThrow(refused);
});
