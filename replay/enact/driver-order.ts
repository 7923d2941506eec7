/**
 * In which order drivers registered, learned from walks over their list: of two drivers that match
 * a function the one that is tried first is before the other.
 */
import { only, type Possible } from '../model/possible.js';
import type { RecordedEvent } from './recording.js';

/** The pass of a thread over all drivers for one function. */
interface Walk {
  readonly device: string;
  readonly tried: string[];
  /** Drivers that match all the time from its begin to its first attempt. */
  readonly matching: readonly string[];
  isOver: boolean;
  /** The last driver that was tried has the function. */
  isBound: boolean;
  /** The override when the last driver failed; not known while it was being written. */
  override: Possible<string | null>;
}

/** What the rest of the recording teaches of the function of an event. */
export interface AtThisEvent {
  /** Calls within which the event is, outermost first. */
  readonly callers: readonly RecordedEvent[];
  /** Drivers that certainly match the function now and since the last event of the thread. */
  matching(): readonly string[];
  /** Its override; not known while it is being written. */
  override(): Possible<string | null>;
}

/** Calls that try one driver, or one driver on all functions. */
const ONE_DRIVER: ReadonlySet<string> = new Set([
  'device_driver_attach',
  'new_id',
  'bus_add_driver',
]);
export class DriverOrder {
  readonly #walks: Walk[] = [];
  /** The walk that is under way in a thread. */
  readonly #current = new Map<number, Walk>();

  take(e: RecordedEvent, { callers, matching, override }: AtThisEvent): void {
    const { name, phase, device, driver, tid, ret } = e;
    if (name !== '__driver_probe_device' || device === null || driver === null) {
      const isWithin = callers.some((call) => call.name === '__driver_probe_device');
      if (phase !== 'point' && !isWithin) this.#end(tid);
      return;
    }
    if (phase === 'begin') {
      const caller = callers.at(-1)?.name;
      if (caller === undefined || !ONE_DRIVER.has(caller)) {
        this.#try(tid, device, driver, matching);
      }
      return;
    }
    const walk = this.#current.get(tid);
    if (walk === undefined) return;
    walk.override = override();
    walk.isBound = ret === 0;
    if (ret === null || ret <= 0) this.#end(tid);
  }

  #try(tid: number, device: string, driver: string, matching: () => readonly string[]): void {
    const walk = this.#current.get(tid);
    if (walk?.device === device) {
      walk.tried.push(driver);
      return;
    }
    this.#end(tid);
    const facts = { isOver: false, isBound: false, override: 'unknown' as const };
    const begun: Walk = { device, tried: [driver], matching: matching(), ...facts };
    this.#walks.push(begun);
    this.#current.set(tid, begun);
  }

  #end(tid: number): void {
    const walk = this.#current.get(tid);
    if (walk !== undefined) walk.isOver = true;
    this.#current.delete(tid);
  }

  /** Names in an order that contradicts nothing, and else as they were given. */
  sort(names: readonly string[]): string[] {
    const before = this.#before(names);
    const left = [...names];
    const sorted: string[] = [];
    while (left.length > 0) {
      const isFree = (name: string) => !left.some((one) => before.get(one)?.has(name));
      const at = Math.max(0, left.findIndex(isFree));
      sorted.push(...left.splice(at, 1));
    }
    return sorted;
  }

  /** For each driver those that are after it. */
  #before(names: readonly string[]): Map<string, Set<string>> {
    const before = new Map(names.map((name) => [name, new Set<string>()]));
    for (const { tried, matching, isOver, isBound, override: possible } of this.#walks) {
      for (let i = 0; i + 1 < tried.length; i++) before.get(tried[i])?.add(tried[i + 1]);
      const last = tried[tried.length - 1];
      const override = only(possible);
      if (isBound) {
        const left = matching.filter((name) => !tried.includes(name));
        for (const name of left) before.get(last)?.add(name);
      } else if (isOver && typeof override === 'string' && !tried.includes(override)) {
        // The walk had passed the driver that the override has named since.
        before.get(override)?.add(last);
      }
    }
    return before;
  }
}
