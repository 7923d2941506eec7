/**
 * What a recording is known to record. That an event is missing says something only when the
 * recording shows that this very event is recorded, for this very driver, and nothing was lost.
 */

/** Plain data, which copies of a replay's state take along. */
export interface RecordedData {
  /** Events were lost. */
  gaps: boolean;
  /** Functions that ended without a begin, and have not begun since: begins are not recorded. */
  readonly beginless: Set<string>;
  /** Drivers' own probe functions that were seen: not every event of such a name is one. */
  readonly ownProbes: Set<string>;
  /** Parts of calls, and calls within others, that were seen; see {@link partKey}. */
  readonly shown: Set<number>;
}

export const newRecorded = (): RecordedData => ({
  gaps: false,
  beginless: new Set(),
  ownProbes: new Set(),
  shown: new Set(),
});

/** Functions of the call graph are numbered below this. */
const FUNCTIONS_MAX = 64;
/** Drivers, names and regions above this are not told apart, and nothing is known of them. */
const DETAIL_MAX = 1 << 16;
const EDGES = 1 << 29;

/** The begin, end or point of a function, of one driver where each has its own. */
export const partKey = (fn: number, phase: number, detail: number): number =>
  detail >= DETAIL_MAX ? -1 : ((detail + 1) * FUNCTIONS_MAX + fn) * 4 + phase;

/**
 * A function called by another.
 * @param detail driver, ioctl or region: whether it is called depends on it
 */
export const edgeKey = (fn: number, caller: number, detail: number): number =>
  detail >= DETAIL_MAX ? -1 : EDGES + ((detail + 1) * FUNCTIONS_MAX + fn) * FUNCTIONS_MAX + caller;

export class Recorded {
  /** Kernel functions and attributes that occur in the recording, before and after. */
  #names: ReadonlySet<string> = new Set();

  readonly #last = new Int32Array(256).fill(-1);

  constructor(readonly data: RecordedData) {}

  set names(names: readonly string[]) {
    this.#names = new Set(names);
  }

  /** Whether the absence of a function's begin means that it was not called. */
  calls(name: string): boolean {
    const { gaps, beginless } = this.data;
    return this.#names.has(name) && !gaps && !beginless.has(name);
  }

  show(key: number): void {
    // Most events are like one of the last.
    if (key < 0 || key === this.#last[key & 255]) return;
    this.#last[key & 255] = key;
    this.data.shown.add(key);
  }

  /** Whether it was seen, whatever was lost. */
  showed(key: number): boolean {
    return this.data.shown.has(key);
  }

  /** Whether the absence of what was shown before says something. */
  shows(key: number): boolean {
    return !this.data.gaps && this.data.shown.has(key);
  }
}
