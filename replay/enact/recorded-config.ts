/** Configuration spaces and resources of functions, as a recording shows them. */
import type { EventCursor } from '../judge/engine/event-cursor.js';
import type { OpenedConfig } from '../kernel/index.js';
import { readSriovCap } from '../model/config-space.js';
import { poke, type Width } from '../model/vfio-pci-core/little-endian.js';
import { parseResource, type Resource } from '../model/vfio-pci-core/pci-function.js';

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

const EXPRESS_BYTES = 4096;
/** BARs of all VFs are resources 7 to 12 of their PF, in sysfs. */
const FIRST_VF_BAR = 7;
const NO_RESOURCE: Resource = { start: 0, end: 0, flags: 0 };

export class ConfigLog {
  readonly #snapshots = new Map<string, Snapshot>();
  readonly #openings = new Map<number, Opening[]>();
  /** Functions whose configuration space the kernel read while it opened them. */
  readonly #read = new Set<string>();
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
    this.#read.add(opening.address);
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
    const known = this.#snapshots.get(address)?.config;
    const bytes = known?.slice() ?? new Uint8Array(EXPRESS_BYTES);
    for (const { offset, width, value } of opening.reads) {
      if (offset + width <= bytes.length) poke(bytes, offset, width, value);
    }
    const dwords = opening.reads.filter(({ width }) => width === 4).map(({ offset }) => offset);
    return { bytes, dwords };
  }

  /** No snapshot has a configuration space. */
  get isEmpty(): boolean {
    return ![...this.#snapshots.values()].some(({ config }) => config !== null);
  }

  /** Whether configuration space of a function is recorded at all. */
  knows(address: string): boolean {
    return this.config(address) !== null || this.#read.has(address);
  }

  /** Configuration space in the snapshot; null when it does not have it. */
  config(address: string): Uint8Array | null {
    return this.#snapshots.get(address)?.config ?? null;
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
