/** What a process does with its files, as operations of an actor, for any of VFIO's interfaces. */
import { ERRNO } from '../../traces/index.js';
import type { IoctlAction, Touch, UserAction } from '../kernel/index.js';
import { IRQ_SET } from '../model/vfio/vfio-irqs.js';
import { VM_FAULT } from '../model/vfio-pci-core/mmap-faults.js';
import { PAGE, REGION_PAGE_BITS } from '../model/vfio-pci-core/regions.js';
import type { RecordedEvent } from './recording.js';

const REGION_PAGES = 2 ** REGION_PAGE_BITS;

interface Mapping {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly device: string | null;
}

/** An operation, and the event that it is done for: its first one, or the next of its thread. */
export interface UserOperation {
  readonly at: number;
  readonly tid: number;
  readonly action: UserAction;
}

/** Collects the operations of all users. */
export class UserActions {
  readonly operations: UserOperation[] = [];
  /** Mappings of devices, by process. */
  readonly #maps = new Map<number, Mapping[]>();
  #named = 0;
  /** The event for which operations are done now, and its thread. */
  #at = 0;
  #tid = 0;

  /** @param at number of the event that the operations to come are done for */
  moveTo(at: number, tid: number): void {
    this.#at = at;
    this.#tid = tid;
  }

  do(action: UserAction): void {
    this.operations.push({ at: this.#at, tid: this.#tid, action });
  }

  newName(kind: string): string {
    return `${kind}-${this.#named++}`;
  }

  access(file: string, { kind, access, value }: RecordedEvent): void {
    const { region, offset, length } = access!;
    this.do({
      type: 'access',
      file,
      write: kind === 'region.write',
      region: region ?? 0,
      offset: offset ?? 0,
      count: length ?? 0,
      value,
    });
  }

  /**
   * @param ret what the call returned
   * @returns false when the event does not have all of the call's arguments
   */
  map(process: number, file: string, e: RecordedEvent, ret: number): boolean {
    const { device, access, value, data } = e;
    if (data === null || data.length < 8 || access?.offset == null) return false;
    const start = access.offset;
    const end = Number(data.readBigUInt64LE(0));
    const name = this.newName('map');
    const offset = (value % REGION_PAGES) * PAGE;
    this.do({
      type: 'mmap',
      file,
      region: access.region ?? 0,
      offset,
      length: end - start,
      as: name,
      // The flags of a mapping are not recorded.
      shared: ret !== -ERRNO.EINVAL,
    });
    if (ret >= 0) this.#mapsOf(process).push({ name, start, end, device });
    return true;
  }

  #mapsOf(process: number): Mapping[] {
    const maps = this.#maps.get(process) ?? [];
    this.#maps.set(process, maps);
    return maps;
  }

  /**
   * An access to memory that is mapped. Where it asks for large pages first, the faults that fall
   * back are part of it.
   * @param faults page faults of the access, begins and ends
   * @returns false when no mapping of a device is there
   */
  touch(process: number, faults: readonly RecordedEvent[]): boolean {
    const [touch] = this.touches(process, faults);
    if (touch === undefined) return false;
    this.do({ type: 'touch', ...touch });
    return true;
  }

  /** Pages that faults bring in; those that are in no mapping are left out. */
  touches(process: number, faults: readonly RecordedEvent[]): Touch[] {
    const touches: Touch[] = [];
    let orders: number[] = [];
    for (const { phase, access, ret } of faults) {
      if (phase === 'begin') {
        orders.push(access?.length ?? 0);
        continue;
      }
      if (ret === VM_FAULT.FALLBACK) continue;
      const address = access?.offset ?? 0;
      const found = this.#mapsOf(process).findLast(
        ({ start, end }) => address >= start && address < end,
      );
      if (found !== undefined)
        touches.push({ map: found.name, offset: address - found.start, orders });
      orders = [];
    }
    return touches;
  }

  /** A process begins as a copy of another one. */
  inherit(process: number, parent: number): void {
    this.do({ type: 'inherit', process: `process-${parent}` });
    this.#maps.set(process, [...this.#mapsOf(parent)]);
  }

  /** Removes what is mapped of a device. @returns whether anything was */
  unmapAll(process: number, device: string | null): boolean {
    const maps = this.#mapsOf(process);
    const gone = maps.filter((map) => map.device === device);
    for (const { name } of gone) this.do({ type: 'munmap', map: name });
    const left = maps.filter((map) => map.device !== device);
    this.#maps.set(process, left);
    return gone.length > 0;
  }

  /**
   * VFIO_DEVICE_SET_IRQS.
   * @param inner events within the call, which show how many eventfds it has
   */
  setIrqs(call: IoctlAction, inner: readonly RecordedEvent[]): void {
    const irqs = inner.find(({ kind }) => kind === 'irq.set');
    const isEventfd = ((irqs?.value ?? 0) & IRQ_SET.DATA_EVENTFD) !== 0;
    const count = isEventfd ? (irqs?.access?.length ?? 0) : 0;
    const event = this.newName('event');
    if (count > 0) this.do({ type: 'open', file: 'eventfd', address: null, as: event });
    this.do({ ...call, files: Array.from({ length: count }, () => event) });
  }
}

/** Whether a page fault asks for a smaller page next. */
export const fallsBack = ({ ret }: RecordedEvent): boolean => ret === VM_FAULT.FALLBACK;
