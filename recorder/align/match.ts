/**
 * Which element of one sequence is which of another that was recorded from another side: most are
 * in both, in the same order, some in one only.
 *
 * The method is that of Myers ("An O(ND) difference algorithm", 1986), run from one difference to
 * the next: as soon as a path has come to a long run of equal elements it is taken as right and the
 * search starts anew behind it, so that time and memory depend on the differences at one place and
 * not on their sum.
 */

/** Equal elements in a row after which the sequences are in step again. */
const RUN = 24;
/** Differences at one place after which the path that came farthest is taken. */
const DIFFERENCES_MAX = 2048;

/** A path of the search: how far it came in `a`, and the run of equal elements it ended with. */
interface Reach {
  readonly d: number;
  readonly k: number;
  readonly x: number;
}

/**
 * Matches `a` against `b`.
 * @returns for each element of `a` its index in `b`, or -1; the indexes ascend
 */
export function matchSequences(a: Int32Array, b: Int32Array): Int32Array {
  const matches = new Int32Array(a.length).fill(-1);
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) matches[i++] = j++;
    else [i, j] = new Step(a, b, i, j).take(matches);
  }
  return matches;
}

/** The search for the way past one place where the sequences differ. */
class Step {
  /** Per number of differences: how far in `a` the path on each diagonal came. */
  readonly #reached: Int32Array[] = [];
  #farthest: Reach = { d: 0, k: 0, x: 0 };

  constructor(
    private readonly a: Int32Array,
    private readonly b: Int32Array,
    private readonly i: number,
    private readonly j: number,
  ) {}

  /** Writes the matches of the way that was found and returns where it ends. */
  take(matches: Int32Array): [number, number] {
    const reach = this.#search();
    this.#trace(reach, matches);
    return [this.i + reach.x, this.j + reach.x - reach.k];
  }

  #search(): Reach {
    const n = this.a.length - this.i;
    const m = this.b.length - this.j;
    for (let d = 0; d <= DIFFERENCES_MAX; d++) {
      const row = new Int32Array(2 * d + 1);
      this.#reached.push(row);
      for (let k = -d; k <= d; k += 2) {
        const start = this.#start(d, k);
        const x = this.#slide(start, k, n, m);
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

  #slide(start: number, k: number, n: number, m: number): number {
    const { a, b, i, j } = this;
    let x = start;
    while (x < n && x - k < m && x >= 0 && x - k >= 0 && a[i + x] === b[j + x - k]) x++;
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
