/**
 * What a recording is known to record. That an event is missing says something only when the
 * recording shows that this very event is recorded, for this very driver, and nothing was lost.
 */
import { FACTS } from './graph-calls.js';

/** Plain data, which is copied with a replay's state. */
export interface RecordedData {
  /** Events were lost. */
  gaps: boolean;
  /** Functions that ended without a begin, and have not begun since: begins are not recorded. */
  readonly beginless: Set<string>;
  /** Drivers' own probe functions that were seen: not every event of such a name is one. */
  readonly ownProbes: Set<string>;
  /**
   * Parts of calls, and calls within others, that were seen: 1 for each fact, by the number of the
   * driver, ioctl or region that it depends on, plus 1.
   */
  readonly shown: [ofNone: Uint8Array, ...(Uint8Array | null)[]];
}

export const newRecorded = (): RecordedData => ({
  gaps: false,
  beginless: new Set(),
  ownProbes: new Set(),
  shown: [new Uint8Array(FACTS)],
});

/** Drivers, names and regions above this are not distinguished, and nothing is known about them. */
const DETAIL_MAX = 1 << 16;

export class Recorded {
  /** Kernel functions and attributes that occur in the recording, before and after. */
  #names: ReadonlySet<string> = new Set();
  /** All probes of binding, those of attributes among them, were there, by the recording itself. */
  binding = false;
  /** Facts that depend on nothing, the most frequent. */
  readonly #ofNone: Uint8Array;

  constructor(readonly data: RecordedData) {
    [this.#ofNone] = data.shown;
  }

  set names(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /** Whether the absence of a function's begin means that it was not called. */
  calls(name: string): boolean {
    const { gaps, beginless } = this.data;
    return this.#names.has(name) && !gaps && !beginless.has(name);
  }

  /**
   * Records that a fact was seen, for a driver, ioctl or region; for none of them when `detail` is
   * -1.
   */
  show(fact: number, detail: number): void {
    if (detail < 0) this.#ofNone[fact] = 1;
    else this.#showOf(fact, detail);
  }

  #showOf(fact: number, detail: number): void {
    const { shown } = this.data;
    const seen = shown[detail + 1];
    if (seen != null) seen[fact] = 1;
    else if (detail < DETAIL_MAX) {
      while (shown.length <= detail + 1) shown.push(null);
      const first = new Uint8Array(FACTS);
      first[fact] = 1;
      shown[detail + 1] = first;
    }
  }

  /** Whether it was ever seen, regardless of losses. */
  showed(fact: number, detail: number): boolean {
    if (detail < 0) return this.#ofNone[fact] === 1;
    const seen = this.data.shown[detail + 1];
    return seen != null && seen[fact] === 1;
  }

  /** Whether the absence of what was shown before says something. */
  shows(fact: number, detail: number): boolean {
    return !this.data.gaps && this.showed(fact, detail);
  }
}
