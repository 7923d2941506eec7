/** Finds the function and BAR at a physical address, from the PCIDEV rows of a recording. */

/** Seven resources: BARs 0 to 5 and the ROM, as VFIO counts them too. */
export const RESOURCES = 7;
const IO_FLAG = 1;
/** Bits of a memory BAR that are flags and not address (PCI 3.0 §6.2.5.1). */
const FLAG_BITS = 16;
const BARS_MAX = 1 << 13;

export interface Bar {
  /** Id of the function in the trace's dictionary. */
  readonly device: number;
  readonly region: number;
  readonly start: number;
  readonly end: number;
}

export class Bars {
  readonly #bars: Bar[] = [];

  /**
   * Adds the resources of a function.
   * @param starts as the PCIDEV row has them: address and flag bits
   */
  add(device: number, starts: readonly number[], lengths: readonly number[]): void {
    for (let region = 0; region < RESOURCES; region++) {
      const length = lengths[region];
      const flags = starts[region] % FLAG_BITS;
      const start = starts[region] - flags;
      const isMemory = length > 0 && flags % 2 !== IO_FLAG;
      if (!isMemory || this.#bars.length >= BARS_MAX) continue;
      this.#bars.push({ device, region, start, end: start + length });
    }
  }

  /** The BAR that holds a physical address; the one seen last when several do. */
  at(address: number): Bar | undefined {
    return this.#bars.findLast((bar) => address >= bar.start && address < bar.end);
  }
}
