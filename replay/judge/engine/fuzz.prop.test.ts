/**
 * Goal: no sequence of events, however absurd, breaks the engine or its invariants.
 * Method: random events of all kinds that have a rule, with ends that belong to random begins; the
 * replay must not throw, must count every event once, must be repeatable, and must be the same when
 * it goes on from a checkpoint.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../../tests/build-trace.js';
import { type Kind, MemorySource, type Phase, TraceReader } from '../../../traces/index.js';
import { RULES } from '../rules/index.js';
import { replay } from './replayer.js';
import { Timeline } from './timeline.js';

const DEVICES = ['0000:01:00.0', '0000:01:00.1', '0000:02:00.0', 'usb1', ''];
const DRIVERS = ['nvme', 'vfio-pci', 'nouveau'];
const NAMES = [
  ...['bind', 'unbind', 'drivers_probe', 'driver_override', 'new_id', 'remove_id'],
  ...['sriov_numvfs', 'sriov_drivers_autoprobe', 'driver_set_override', '__driver_probe_device'],
  ...['really_probe', 'pci_device_probe', 'vfio_pci_probe', 'vfio_pci_core_register_device'],
  ...['device_driver_attach', 'driver_bound', 'device_release_driver_internal'],
  ...['pci_device_remove', 'device_unbind_cleanup', 'pci_device_add', 'pci_bus_add_device'],
  ...['vfio_pci_core_enable', 'vfio_pci_core_disable', 'vfio_pci_rw', 'vfio_pci_config_rw'],
  ...['vfio_pci_bar_rw', 'vfio_basic_config_write', 'pci_user_read_config_dword'],
  ...['VFIO_SET_IOMMU', 'VFIO_IOMMU_MAP_DMA', 'VFIO_DEVICE_SET_IRQS', 'VFIO_DEVICE_RESET'],
  ...['vfio_pci_set_irqs_ioctl', 'vfio_pci_mmap_fault', 'add_device_to_group', 'start', 'end'],
];
const TEXTS = [
  'vfio-pci\n',
  '\n',
  '',
  '4\n',
  'x',
  '10de 1\n',
  '{"vendor":"0x1b36"}',
  '{"class":[]}',
];

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const big = fc.oneof(fc.constantFrom(0n, 1n, 4n, 16n, 255n, 1n << 40n), fc.bigInt(0n, 1n << 63n));

const event = fc.record({
  kind: fc.constantFrom(...(Object.keys(RULES) as Kind[])),
  phase: fc.constantFrom<Phase>('begin', 'end', 'point'),
  back: fc.nat(12),
  tid: maybe(fc.nat(3)),
  device: maybe(fc.constantFrom(...DEVICES)),
  driver: maybe(fc.constantFrom(...DRIVERS)),
  path: maybe(fc.constantFrom('kernel', 'sysfs', 'vfio', 'hardware', 'virtual')),
  region: maybe(fc.integer({ min: -1, max: 12 })),
  offset: maybe(big),
  length: maybe(fc.constantFrom(0n, 1n, 2n, 3n, 4n, 8n, 4096n)),
  value: maybe(big),
  name: maybe(fc.constantFrom(...NAMES)),
  ret: maybe(fc.constantFrom(0n, -16n, -19n, 19n, -517n, 4n, 2n, 256n)),
  data: maybe(fc.uint8Array({ maxLength: 300 })),
  text: maybe(fc.constantFrom(...TEXTS)),
});

/** Ends belong to an event shortly before, which need not be their begin. */
function rowsOf(events: readonly (typeof event extends fc.Arbitrary<infer T> ? T : never)[]) {
  return events.map(({ back, ...row }, i) => {
    const kept = Object.fromEntries(Object.entries(row).filter(([, v]) => v !== undefined));
    const span = row.phase === 'end' && i > 0 ? { span: Math.max(0, i - 1 - back) } : {};
    // A count of lost events is a number that a counter can reach.
    const lost = row.kind === 'lost' ? { value: 3n } : {};
    return { ...kept, ...span, ...lost } as unknown as EventRow;
  });
}

test('any events are replayed, counted and repeatable', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120 }), fc.nat(120), (events, place) => {
      const trace = buildTrace(rowsOf(events));
      const reader = () => new TraceReader(new MemorySource(trace));
      const first = replay(reader().read());
      expect(first.events).toBe(events.length);
      const { matched, diverged, unmodelled, unknown, responses, stimuli } = first;
      expect(matched + diverged + unmodelled + unknown).toBe(responses);
      expect(stimuli + responses).toBe(events.length);
      expect(replay(reader().read())).toEqual(first);
      const timeline = new Timeline(reader());
      timeline.seek(Math.min(place, events.length));
      timeline.seek(0);
      timeline.seek(events.length);
      expect(timeline.result).toEqual(first);
    }),
    { numRuns: 150 },
  );
});
