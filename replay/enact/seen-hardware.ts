/**
 * What users of VFIO show of a function's hardware, for recordings without its configuration
 * space: interrupts that were set up are there, and so is memory that was mapped or accessed.
 */
import { ERRNO } from '../../traces/index.js';
import type { HardwareSpec } from '../kernel/index.js';
import { BASIC_BYTES } from '../model/vfio-pci-core/capabilities.js';
import { peek } from '../model/vfio-pci-core/little-endian.js';
import { IRQ } from '../model/vfio-pci-core/open-device.js';
import {
  BARS,
  IORESOURCE,
  NO_RESOURCE,
  type Resource,
} from '../model/vfio-pci-core/pci-function.js';
import { PAGE, REGION, REGION_PAGE_BITS } from '../model/vfio-pci-core/regions.js';
import { wordAt } from './call-structs.js';
import type { RecordedEvent } from './recording.js';

interface Seen {
  /** It has a capability of PCI Express. */
  isExpress: boolean;
  /** The most interrupts of each index that a call was not refused for. */
  readonly irqs: number[];
  /** Bytes of BARs that were reached. */
  readonly bars: number[];
  /** Offsets in BARs that were refused. */
  readonly limits: number[];
}

/** The word of the struct of VFIO_DEVICE_GET_IRQ_INFO that is an index. */
const INDEX = 8;

export class SeenHardware {
  readonly #seen = new Map<string, Seen>();
  /** Of each thread, the call that is under way. */
  readonly #begun = new Map<number, RecordedEvent>();

  take(e: RecordedEvent): void {
    const { kind, phase, device, access, tid, ret } = e;
    if (device === null) return;
    if (kind === 'irq.set' && phase !== 'end') {
      const { region, offset, length } = access!;
      this.#has('irqs', device, region ?? 0, (offset ?? 0) + (length ?? 0));
    }
    if (phase === 'begin') this.#begun.set(tid, e);
    else if (ret !== null && ret >= 0) this.#done(device, this.#begun.get(tid) ?? e, ret);
    else if (ret === -ERRNO.EINVAL) this.#refused(device, e);
  }

  /** An access that begins after the end of a BAR is refused (vfio_pci_bar_rw). */
  #refused(device: string, { call, access }: RecordedEvent): void {
    if (call !== 'vfio_pci_bar_rw' || access?.region == null || access.offset === null) return;
    const { limits } = this.#of(device);
    limits[access.region] = Math.min(limits[access.region] ?? access.offset, access.offset);
  }

  /** A call was not refused. */
  #done(device: string, { kind, name, access, value, data }: RecordedEvent, ret: number): void {
    const region = access?.region ?? BARS;
    const start = access?.offset ?? 0;
    if (name === 'VFIO_DEVICE_GET_IRQ_INFO') {
      const index = wordAt(data, INDEX) ?? IRQ.NONE;
      if (index === IRQ.ERR) this.#of(device).isExpress = true;
    } else if (region === REGION.CONFIG) {
      if (start + ret > BASIC_BYTES) this.#of(device).isExpress = true;
    } else if (region >= BARS) return;
    else if (kind === 'mmap' && data !== null && data.length >= 8) {
      const bytes = Number(data.readBigUInt64LE(0)) - start;
      this.#has('bars', device, region, (value % 2 ** REGION_PAGE_BITS) * PAGE + bytes);
    } else if (kind === 'region.read' || kind === 'region.write') {
      this.#has('bars', device, region, start + ret);
    }
  }

  #of(device: string): Seen {
    let seen = this.#seen.get(device);
    if (seen === undefined) {
      seen = { isExpress: false, irqs: [], bars: [], limits: [] };
      this.#seen.set(device, seen);
    }
    return seen;
  }

  #has(what: 'irqs' | 'bars', device: string, index: number, count: number): void {
    const counts = this.#of(device)[what];
    counts[index] = Math.max(counts[index] ?? 0, count);
  }

  /** Hardware that has what was seen; null when nothing was. */
  of(device: string): HardwareSpec | null {
    const seen = this.#seen.get(device);
    if (seen === undefined) return null;
    const { irqs, bars, limits, isExpress } = seen;
    return {
      bars: Array.from({ length: BARS }, (_, i) => sizeOf(bars[i] ?? 0, limits[i])),
      pin: irqs[IRQ.INTX] !== undefined,
      msi: irqs[IRQ.MSI] ?? 0,
      msix: irqs[IRQ.MSIX] ?? 0,
      express: isExpress || irqs[IRQ.ERR] !== undefined,
      reset: 0,
    };
  }
}

/**
 * Bytes of a BAR, a power of two; 0 for one that nobody reached.
 * @param limit an offset that is not in it; undefined when none is known
 */
function sizeOf(reached: number, limit: number | undefined): number {
  if (reached === 0) return 0;
  const bytes = 2 ** Math.ceil(Math.log2(reached));
  return limit === undefined
    ? Math.max(PAGE, bytes)
    : Math.max(bytes, 2 ** Math.floor(Math.log2(limit)));
}

const FIRST_BAR = 0x10;
/** Bits of a BAR that say what it is (PCI Local Bus Specification 3.0, 6.2.5.1). */
const BAR = { IO: 1, TYPE: 6, IS_64: 4, FLAGS: 0xf, IO_FLAGS: 3 } as const;

/**
 * BARs as configuration space has them, and no ROM.
 * @param bytes of each BAR; of others than these it is assumed that they have a page
 */
export function resourcesRead(config: Uint8Array, bytes: readonly number[]): Resource[] {
  const resources: Resource[] = [];
  for (let i = 0; i < BARS; i++) {
    const bar = peek(config, FIRST_BAR + 4 * i, 4);
    const isIo = (bar & BAR.IO) !== 0;
    const is64 = !isIo && (bar & BAR.TYPE) === BAR.IS_64;
    const low = bar - (bar & (isIo ? BAR.IO_FLAGS : BAR.FLAGS));
    const start =
      low + (is64 && i + 1 < BARS ? peek(config, FIRST_BAR + 4 * i + 4, 4) * 2 ** 32 : 0);
    const flags = isIo ? IORESOURCE.IO : IORESOURCE.MEM | (is64 ? IORESOURCE.MEM_64 : 0);
    const end = start + (bytes[i] || PAGE) - 1;
    resources.push(start === 0 ? NO_RESOURCE : { start, end, flags });
    if (is64) {
      resources.push(NO_RESOURCE);
      i++;
    }
  }
  return [...resources.slice(0, BARS), NO_RESOURCE];
}
