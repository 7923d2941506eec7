/** Which region of a device a mapping shows, for the page faults in it. */
import { CELL, type EventRow } from '../../traces/index.js';
import type { FieldReader } from './trace-record.js';

/**
 * Bits of a page offset in a VFIO device's file below the region: VFIO_PCI_OFFSET_SHIFT (40,
 * include/linux/vfio_pci_core.h) without the 12 bits of a page of 4 KiB.
 */
const REGION_SHIFT = 28;
const REGION_MAX = 0x7fff;
/** Mappings that are remembered; beyond it the oldest are forgotten. */
const MAPPINGS_MAX = 1 << 12;

export class Mappings {
  /** Regions by process, device and address. */
  readonly #regions = new Map<string, number>();

  /**
   * Sets the region of an event of a mapping.
   * @param is `made` when the page offset is that of the file; `used` when it may be a frame
   * number, so that only the record of mmap has the region
   */
  step(start: number, pages: number, is: 'made' | 'used') {
    return (row: EventRow, fields: FieldReader): void => {
      if (!fields.number(start) || !row.has(CELL.device)) return;
      const pid = row.has(CELL.pid) ? row.cells[CELL.pid] : -1;
      const key = `${pid} ${row.cells[CELL.device]} ${fields.high} ${fields.low}`;
      const region = is === 'made' ? this.#read(fields, pages) : this.#regions.get(key);
      if (region === undefined) return;
      row.set(CELL.region, region);
      if (is === 'made') this.#remember(key, region);
    };
  }

  #read(fields: FieldReader, pages: number): number | undefined {
    if (!fields.number(pages)) return undefined;
    const region = fields.high * 2 ** (32 - REGION_SHIFT) + (fields.low >>> REGION_SHIFT);
    return region >= 0 && region <= REGION_MAX ? region : undefined;
  }

  #remember(key: string, region: number): void {
    this.#regions.delete(key);
    if (this.#regions.size >= MAPPINGS_MAX) {
      const [oldest] = this.#regions.keys();
      if (oldest !== undefined) this.#regions.delete(oldest);
    }
    this.#regions.set(key, region);
  }
}
