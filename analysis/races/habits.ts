/**
 * What drivers did with devices of the same ids in this recording: whether their probes succeed,
 * and whether they give a device up by themselves afterwards, as nvme does from a work item when a
 * controller does not come up.
 */
import { type Nanos, type NanosDelta, nanosBetween } from '../../traces/index.js';

/** The habit of one driver with devices of the same ids. */
export interface Habit {
  readonly probes: number;
  readonly worked: number;
  /** Number of informative bindings: given up, or longer than any that was. */
  readonly lives: number;
  readonly gaveUp: number;
  /** The difference between the times after which it gave up; null if it never did. */
  readonly spread: NanosDelta | null;
}

interface Seen {
  probes: number;
  worked: number;
  /** How long it had a device before it gave it up, and before something else ended the binding. */
  readonly gaveUpAfter: NanosDelta[];
  readonly hadFor: NanosDelta[];
}

export class Habits {
  readonly #seen = new Map<string, Seen>();
  /** Bindings that have not ended, with their begin. */
  readonly #bound = new Map<object, { readonly key: string; readonly since: Nanos }>();

  /** @param life one object for each life of a device */
  probed(life: object, driver: string, id: string, works: boolean, ts: Nanos): void {
    const seen = this.#of(driver, id);
    seen.probes++;
    if (!works) return;
    seen.worked++;
    this.#bound.set(life, { key: keyOf(driver, id), since: ts });
  }

  /** The driver lost the device, by itself or by another actor. */
  released(life: object, driver: string, id: string, own: boolean, ts: Nanos): void {
    const bound = this.#bound.get(life);
    this.#bound.delete(life);
    if (bound?.key !== keyOf(driver, id)) return;
    const seen = this.#of(driver, id);
    (own ? seen.gaveUpAfter : seen.hadFor).push(nanosBetween(bound.since, ts));
  }

  /** The device is removed. */
  ended(life: object, ts: Nanos): void {
    const bound = this.#bound.get(life);
    this.#bound.delete(life);
    if (bound !== undefined) this.#seen.get(bound.key)?.hadFor.push(nanosBetween(bound.since, ts));
  }

  /** The recording ends. */
  finish(ts: Nanos): void {
    for (const { key, since } of this.#bound.values()) {
      this.#seen.get(key)?.hadFor.push(nanosBetween(since, ts));
    }
    this.#bound.clear();
  }

  habit(driver: string, id: string): Habit {
    const seen = this.#seen.get(keyOf(driver, id)) ?? NOTHING;
    const { probes, worked, gaveUpAfter, hadFor } = seen;
    const times = gaveUpAfter.toSorted((a, b) => Number(a - b));
    const [shortest, longest] = [times.at(0), times.at(-1)];
    // A binding that something else ended early does not show whether the driver would have given
    // up.
    const stayed = hadFor.filter((ns) => longest === undefined || ns > longest).length;
    const spread =
      shortest === undefined || longest === undefined ? null : longest - shortest || longest / 10n;
    return {
      probes,
      worked,
      lives: times.length + stayed,
      gaveUp: times.length,
      spread: spread as NanosDelta | null,
    };
  }

  #of(driver: string, id: string): Seen {
    const key = keyOf(driver, id);
    const seen = this.#seen.get(key) ?? { probes: 0, worked: 0, gaveUpAfter: [], hadFor: [] };
    this.#seen.set(key, seen);
    return seen;
  }
}

const NOTHING: Seen = { probes: 0, worked: 0, gaveUpAfter: [], hadFor: [] };

const keyOf = (driver: string, id: string): string => `${driver} ${id}`;
