/** Where the events of a guest's recording belong on the timeline of the kernel's. */
import { firstIndex, type Placement, placeable, type TraceReader } from '../../traces/index.js';
import type { Accesses } from './comparable-accesses.js';

/** How the two clocks relate, from the pairs that show the same access. */
export interface ClockFit {
  /**
   * What to subtract from a guest's time to convert it to the kernel's clock, at the first and last
   * pair.
   */
  readonly firstOffsetNs: bigint;
  readonly lastOffsetNs: bigint;
  /**
   * Median and 99th percentile of the time from the kernel's end of an access to the guest's
   * event.
   */
  readonly medianNs: number;
  readonly p99Ns: number;
}

/**
 * Pairs per estimate. The quickest of them shows the distance of the clocks: the others were
 * delayed.
 */
const WINDOW = 256;

/** A point of the line that the distance of the clocks follows. */
interface Knot {
  readonly at: bigint;
  readonly offset: bigint;
}

/** The distance of the guest's clock from the kernel's over time, which drifts. */
class ClockLine {
  readonly #knots: Knot[] = [];

  constructor(pairs: readonly Knot[]) {
    for (let i = 0; i < pairs.length; i += WINDOW) {
      const window = pairs.slice(i, i + WINDOW);
      this.#knots.push(window.reduce((least, pair) => (pair.offset < least.offset ? pair : least)));
    }
  }

  get first(): bigint {
    return this.#knots[0].offset;
  }

  get last(): bigint {
    return this.#knots[this.#knots.length - 1].offset;
  }

  /** The distance at a time of the guest's clock; times may be queried in any order. */
  at(time: bigint): bigint {
    const knots = this.#knots;
    const last = knots.length - 1;
    if (time <= knots[0].at) return knots[0].offset;
    if (time >= knots[last].at) return knots[last].offset;
    const after = firstIndex(knots.length, (i) => knots[i].at > time);
    const [a, b] = [knots[after - 1], knots[after]];
    if (b.at <= a.at) return a.offset;
    return a.offset + ((b.offset - a.offset) * (time - a.at)) / (b.at - a.at);
  }
}

export interface Placed {
  readonly placement: Placement;
  /** Null when the guest's recording has no times. */
  readonly fit: ClockFit | null;
}

/**
 * Places every event of the guest: a matched event at the end of the kernel's access, or at its own
 * time on the kernel's clock if it has one; other events after the event before them.
 * @param matches for each access of the guest the index of the kernel's, or -1; at least one
 * matches
 */
export function placeGuest(
  guest: TraceReader,
  accesses: Accesses,
  kernel: Accesses,
  matches: Int32Array,
): Placed {
  const events = placeable(guest);
  const times = new BigUint64Array(events);
  const links = new Float64Array(events).fill(-1);
  const hasTimes = guest.meta.clock !== 'none';
  const pairs = hasTimes ? pairsOf(accesses, kernel, matches) : [];
  const line = hasTimes ? new ClockLine(pairs) : null;
  for (let i = 0; i < accesses.count; i++) {
    if (matches[i] >= 0) links[accesses.seqs[i]] = kernel.seqs[matches[i]];
  }
  const firstMatch = matches.find((j) => j >= 0)!;
  let latest = line === null ? kernel.begins[firstMatch] : 0n;
  let next = 0;
  for (const batch of guest.read()) {
    const ts = batch.column('ts');
    for (let row = 0; row < batch.rows; row++) {
      const seq = batch.seqFirst + row;
      let time = latest;
      if (line !== null) {
        const own = ts.big(row);
        const placed = own - line.at(own);
        time = placed < 0n ? 0n : placed;
      }
      while (next < accesses.count && accesses.seqs[next] < seq) next++;
      if (links[seq] >= 0) {
        const j = matches[next];
        // A linked event follows the begin that it names; without a time of its own, it follows the
        // end.
        const earliest = line === null ? kernel.ends[j] : kernel.begins[j];
        if (time < earliest) time = earliest;
      }
      if (time > latest) latest = time;
      times[seq] = latest;
    }
  }
  return { placement: { times, links }, fit: line === null ? null : fitOf(line, pairs) };
}

/**
 * The guest's time of each matched access, and its distance from the kernel's end. If all matched
 * accesses were reported before they were made, the distance from the begin.
 */
function pairsOf(accesses: Accesses, kernel: Accesses, matches: Int32Array): Knot[] {
  const late = matches.some((j, i) => j >= 0 && accesses.early[i] === 0);
  const times = late ? kernel.ends : kernel.begins;
  const pairs: Knot[] = [];
  for (let i = 0; i < accesses.count; i++) {
    const j = matches[i];
    if (j < 0 || (late && accesses.early[i] !== 0)) continue;
    pairs.push({ at: accesses.ends[i], offset: accesses.ends[i] - times[j] });
  }
  return pairs;
}

function fitOf(line: ClockLine, pairs: readonly Knot[]): ClockFit {
  const delays = Float64Array.from(pairs, ({ at, offset }) => Number(offset - line.at(at))).sort();
  const quantile = (q: number) =>
    delays[Math.min(delays.length - 1, Math.floor(delays.length * q))];
  return {
    firstOffsetNs: line.first,
    lastOffsetNs: line.last,
    medianNs: quantile(0.5),
    p99Ns: quantile(0.99),
  };
}
