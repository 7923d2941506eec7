/** Configuration spaces and resources of functions, as a recording shows them. */
import type { EventCursor } from '../judge/engine/event-cursor.js';
import type { OpenedConfig } from '../kernel/index.js';
import { readSriovCap } from '../model/config-space.js';
import { BASIC_BYTES, EXPRESS_BYTES } from '../model/vfio-pci-core/capabilities.js';
import { poke, type Width } from '../model/vfio-pci-core/little-endian.js';
import { NO_RESOURCE, parseResource, type Resource } from '../model/vfio-pci-core/pci-function.js';

/** What a kernel read for itself while a thread opened a function. */
interface Opening {
  readonly address: string;
  /** Where the last read is in the recording. */
  last: number;
  readonly reads: { readonly offset: number; readonly width: Width; readonly value: number }[];
}

interface Snapshot {
  readonly config: Uint8Array | null;
  readonly resources: readonly Resource[];
}

/** BARs of all VFs are resources 7 to 12 of their PF, in sysfs. */
const FIRST_VF_BAR = 7;

export class ConfigLog {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #openings = new Map<number, Opening[]>();
  /** How the kernel first read configuration spaces, while it opened their functions. */
  readonly #read = new Map<string, Opening>();
  /** The function that a thread opens. */
  readonly #opening = new Map<number, Opening>();

  snapshot(address: string, text: string | null, data: Uint8Array | null): void {
    this.#snapshots.set(address, {
      config: data === null ? null : Uint8Array.from(data),
      resources: resourcesOf(text),
    });
  }

  /** A thread begins to open a function, or is done with it. */
  open(tid: number, address: string | null): void {
    if (address === null) {
      this.#opening.delete(tid);
      return;
    }
    const opening: Opening = { address, last: 0, reads: [] };
    this.#opening.set(tid, opening);
    const all = this.#openings.get(tid);
    if (all === undefined) this.#openings.set(tid, [opening]);
    else all.push(opening);
  }

  take(e: EventCursor): void {
    const opening = this.#opening.get(e.tid);
    if (opening === undefined || e.path !== 'kernel' || e.device !== opening.address) return;
    if (e.isWrite || e.phase === 'begin' || !e.hasValue) return;
    if (!this.#read.has(opening.address)) this.#read.set(opening.address, opening);
    opening.last = e.seq;
    opening.reads.push({ offset: e.offset, width: e.length as Width, value: e.value });
  }

  /**
   * Configuration space of a function as a thread read it while it opened it.
   * @param seq of the event that the thread makes next
   */
  opened(tid: number, address: string, seq: number): OpenedConfig | null {
    const opening = this.#openings
      .get(tid)
      ?.findLast((one) => one.address === address && one.last <= seq && one.reads.length > 0);
    if (opening === undefined) return null;
    const dwords = opening.reads.filter(({ width }) => width === 4).map(({ offset }) => offset);
    return { bytes: this.#bytesOf(opening), dwords };
  }

  /** What a snapshot has, with what the kernel read after it. */
  #bytesOf({ address, reads }: Opening): Uint8Array {
    const known = this.#snapshots.get(address)?.config;
    const isExpress = reads.some(({ offset }) => offset >= BASIC_BYTES);
    const bytes = known?.slice() ?? new Uint8Array(isExpress ? EXPRESS_BYTES : BASIC_BYTES);
    for (const { offset, width, value } of reads) {
      if (offset + width <= bytes.length) poke(bytes, offset, width, value);
    }
    return bytes;
  }

  /** Whether configuration space of a function is recorded at all. */
  knows(address: string): boolean {
    return this.config(address) !== null || this.#read.has(address);
  }

  /** Configuration space in the snapshot; null when it does not have it. */
  config(address: string): Uint8Array | null {
    return this.#snapshots.get(address)?.config ?? null;
  }

  /** Configuration space as the kernel first read it when it opened the function. */
  asRead(address: string): Uint8Array | null {
    const opening = this.#read.get(address);
    return opening === undefined ? null : this.#bytesOf(opening);
  }

  /** BARs and ROM in the snapshot; null when it does not have them. */
  resources(address: string): readonly Resource[] | null {
    const all = this.#snapshots.get(address)?.resources ?? [];
    return all.length === 0 ? null : all.slice(0, FIRST_VF_BAR);
  }

  /** BARs of a VF that the snapshot does not have: equal parts of what its PF has for all. */
  resourcesOfVf(pf: string, index: number): readonly Resource[] | null {
    const { config, resources } = this.#snapshots.get(pf) ?? { config: null, resources: [] };
    const vfs = config === null ? null : readSriovCap(Buffer.from(config))?.totalVfs;
    if (!vfs || resources.length < FIRST_VF_BAR + 6) return null;
    const bars = resources.slice(FIRST_VF_BAR, FIRST_VF_BAR + 6).map((all) => {
      if (all.start === 0) return NO_RESOURCE;
      const bytes = (all.end - all.start + 1) / vfs;
      const start = all.start + index * bytes;
      return { start, end: start + bytes - 1, flags: all.flags };
    });
    return [...bars, NO_RESOURCE];
  }
}

function resourcesOf(text: string | null): readonly Resource[] {
  try {
    const { resource } = JSON.parse(text ?? '{}');
    return Array.isArray(resource) ? resource.map((line) => parseResource(String(line))) : [];
  } catch {
    return [];
  }
}
