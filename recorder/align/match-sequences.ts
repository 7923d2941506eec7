/**
 * Matches the elements of two sequences that were recorded at different places. Most elements are
 * in both, in the same order; some are in only one.
 *
 * Between certain matches (anchors.ts) the method is that of Myers ("An O(ND) difference
 * algorithm", 1986), run from one difference to the next. Once a path has reached a long run of
 * equal elements, the run is accepted and the search restarts after it, so that time and memory
 * depend on the differences at one place and not on their sum.
 */
import { findAnchors } from './anchors.js';

/** Equal elements in a row after which the sequences are in step again. */
const RUN = 24;
/** Differences at one place after which the farthest path is accepted. */
const DIFFERENCES_MAX = 512;

/** A path of the search: how far it reached in `a`, and the run of equal elements at its end. */
interface Reach {
  readonly d: number;
  readonly k: number;
  readonly x: number;
}

/** A part of each sequence, up to but without its end. */
interface Range {
  readonly aEnd: number;
  readonly bEnd: number;
}

/**
 * Matches `a` against `b`.
 * @returns for each element of `a` its index in `b`, or -1; the indexes ascend
 */
export function matchSequences(a: Int32Array, b: Int32Array): Int32Array {
  const matches = new Int32Array(a.length).fill(-1);
  const ends = [...findAnchors(a, b), { a: a.length, b: b.length }];
  let i = 0;
  let j = 0;
  for (const end of ends) {
    const range = { aEnd: end.a, bEnd: end.b };
    while (i < range.aEnd && j < range.bEnd) {
      if (a[i] === b[j]) matches[i++] = j++;
      else [i, j] = new EditStep(a, b, i, j, range).apply(matches);
    }
    [i, j] = [end.a, end.b];
  }
  return matches;
}

/** The search for the way past one place where the sequences differ. */
class EditStep {
  /** Per number of differences: how far in `a` the path on each diagonal reached. */
  readonly #reached: Int32Array[] = [];
  #farthest: Reach = { d: 0, k: 0, x: 0 };

  readonly #a: Int32Array;
  readonly #b: Int32Array;

  constructor(
    a: Int32Array,
    b: Int32Array,
    private readonly i: number,
    private readonly j: number,
    range: Range,
  ) {
    this.#a = a.subarray(i, range.aEnd);
    this.#b = b.subarray(j, range.bEnd);
  }

  /** Writes the matches of the way that was found and returns where it ends. */
  apply(matches: Int32Array): [number, number] {
    const reach = this.#search();
    this.#trace(reach, matches);
    return [this.i + reach.x, this.j + reach.x - reach.k];
  }

  #search(): Reach {
    const n = this.#a.length;
    const m = this.#b.length;
    for (let d = 0; d <= DIFFERENCES_MAX; d++) {
      const row = new Int32Array(2 * d + 1);
      this.#reached.push(row);
      for (let k = -d; k <= d; k += 2) {
        const start = this.#start(d, k);
        const x = this.#slide(start, k);
        row[k + d] = x;
        const y = x - k;
        const isInside = x <= n && y <= m;
        if (isInside && x + y > 2 * this.#farthest.x - this.#farthest.k) {
          this.#farthest = { d, k, x };
        }
        if (x - start >= RUN || (x >= n && y >= m)) return { d, k, x };
      }
    }
    return this.#farthest;
  }

  /** Where the path on diagonal `k` starts its `d`-th part: below or right of a neighbour. */
  #start(d: number, k: number): number {
    if (d === 0) return 0;
    const before = this.#reached[d - 1];
    const at = (diagonal: number) => before[diagonal + d - 1];
    if (k === -d || (k !== d && at(k - 1) < at(k + 1))) return at(k + 1);
    return at(k - 1) + 1;
  }

  #slide(start: number, k: number): number {
    const a = this.#a;
    const b = this.#b;
    let x = start;
    while (x < a.length && x - k < b.length && x - k >= 0 && a[x] === b[x - k]) x++;
    return x;
  }

  /** Follows the path back from its end and notes the equal elements on it. */
  #trace(reach: Reach, matches: Int32Array): void {
    let { d, k, x } = reach;
    for (; d >= 0; d--) {
      const start = this.#start(d, k);
      for (let at = x - 1; at >= start; at--) matches[this.i + at] = this.j + at - k;
      if (d === 0) return;
      const before = this.#reached[d - 1];
      const fromAbove = k === -d || (k !== d && before[k - 1 + d - 1] < before[k + 1 + d - 1]);
      k += fromAbove ? 1 : -1;
      x = before[k + d - 1];
    }
  }
}
