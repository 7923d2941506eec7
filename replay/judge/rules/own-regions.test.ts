/**
 * Goal: regions that a device has besides those of every PCI device are judged, as far as a
 * recording shows what they hold.
 * Method: recordings of Intel graphics, with and without what memory holds at the OpRegion's
 * address.
 */
import { expect, test } from 'vitest';
import type { EventRow } from '../../../tests/build-trace.js';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:00:02.0';
const ADDRESS = 0x7a00_0018;
const NO_RESOURCES = Array(13).fill('0x0000000000000000 0x0000000000000000 0x0000000000000000');
const facts = { driver: 'vfio-pci', iommu_group: '1', resource: NO_RESOURCES, opened: false };
const ofIntel = { ...facts, vendor: '0x8086', device: '0x5917', class: '0x030000' };
const KNOWN = { 'opregion-kib': 8, 'opregion-version': 0x200 };

class Recording extends KernelStory {
  constructor(properties?: Readonly<Record<string, number>>) {
    super('6.12.0');
    const config = new Uint8Array(256);
    new DataView(config.buffer).setUint32(0xfc, ADDRESS, true);
    const own = properties === undefined ? ofIntel : { ...ofIntel, properties };
    this.device(device, own, { data: config });
    this.device('0000:00:00.0', { ...ofIntel, driver: null, class: '0x060000' }, { data: config });
    this.device(
      '0000:00:1f.0',
      { ...ofIntel, driver: 'lpc_ich', class: '0x060100' },
      { data: config },
    );
    this.#call({ kind: 'device.open', name: 'vfio_pci_core_enable' }, 0, () =>
      this.#call({ kind: 'reset', name: 'pci_try_reset_function' }, 0),
    );
  }

  #call(row: EventRow, ret: number, inside?: () => void): this {
    return this.call({ tid: 7, device, ...row }, ret, inside);
  }

  #given(value: number): void {
    Object.assign(this.rows.at(-1)!, { value: BigInt(value) });
  }

  /** @param hardware reads of another function, by offset and width */
  read(
    region: number,
    offset: number,
    count: number,
    ret: number,
    given = 0,
    hardware: readonly (readonly [of: string, at: number, width: 1 | 2 | 4])[] = [],
  ): this {
    const where = { region, offset: BigInt(offset), length: BigInt(count) };
    this.#call({ kind: 'region.read', path: 'vfio', name: 'vfio_pci_rw', ...where }, ret, () => {
      for (const [of, at, width] of hardware) {
        const name = `pci_user_read_config_${({ 1: 'byte', 2: 'word', 4: 'dword' } as const)[width]}`;
        const place = { region: 7, offset: BigInt(at), length: BigInt(width) };
        this.#call({ kind: 'config.read', path: 'hardware', name, ...place, device: of }, 0);
      }
    });
    this.#given(given);
    return this;
  }

  /** A read of the register of the OpRegion's address, which reaches no hardware. */
  readRegister(value: number): this {
    const where = { region: 7, offset: 0xfcn, length: 4n };
    const row = { kind: 'region.read', path: 'vfio', name: 'vfio_pci_rw', ...where } as const;
    this.#call(row, 4, () => {
      this.#call({ ...row, kind: 'config.read', name: 'vfio_pci_config_rw' }, 4);
      this.#given(value);
    });
    this.#given(value);
    return this;
  }
}

const HOST = '0000:00:00.0';
const LPC = '0000:00:1f.0';

test('regions of Intel graphics are judged where a recording shows the OpRegion', () => {
  const { divergences, unknown } = new Recording(KNOWN)
    .readRegister(ADDRESS)
    .read(9, 0x16, 2, 2, 0x200)
    .read(9, 0x2000, 4, -22)
    .read(10, 0x51, 8, 8, 0, [
      [HOST, 0x51, 1],
      [HOST, 0x52, 2],
      [HOST, 0x54, 4],
      [HOST, 0x58, 1],
    ])
    .read(11, 0, 4, 4, 0, [[LPC, 0, 4]])
    .read(12, 0, 4, -22)
    .replay();
  expect({ divergences, unknown }).toEqual({ divergences: [], unknown: 0 });
});

test.each([
  ['a version that it does not have', (r: Recording) => r.read(9, 0x16, 2, 2, 0x300), '0x2'],
  ['more than there is', (r: Recording) => r.read(9, 0x1ffe, 4, 4), '2'],
  [
    'a bridge that is read in other parts',
    (r: Recording) => r.read(10, 0, 4, 4, 0, [[HOST, 0, 2]]),
    '4 of 0000:00:00.0 at 0x0',
  ],
  ['another address', (r: Recording) => r.readRegister(1), `0x${ADDRESS.toString(16)}`],
])('%s in a region of Intel graphics is a divergence', (_, add, expected) => {
  const { divergences } = add(new Recording(KNOWN)).replay();

  expect(divergences).toMatchObject([{ expected }]);
});

test('nothing is expected of the OpRegion in a recording of a machine', () => {
  const { divergences, kinds } = new Recording()
    .readRegister(1)
    .read(9, 0x16, 2, 2, 0x300)
    .read(12, 0, 4, 4)
    .replay();
  expect(divergences).toEqual([]);
  expect(kinds['region.read']).toMatchObject({ unknown: 2 });
});
