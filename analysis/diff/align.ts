/** Aligns two sequences: the fewest elements that only one of them has (Myers 1986). */

/** Elements that belong together, or one that only one side has. */
export interface Pair {
  readonly a: number | null;
  readonly b: number | null;
}

/** More differences than this are not searched for the least: the rest is paired by place. */
const DIFFERENCES_MAX = 1000;

/** Pairs of positions, in the order of both sequences. */
export function align(a: readonly string[], b: readonly string[]): Pair[] {
  let first = 0;
  while (first < a.length && first < b.length && a[first] === b[first]) first++;
  let last = 0;
  const most = Math.min(a.length, b.length) - first;
  while (last < most && a[a.length - 1 - last] === b[b.length - 1 - last]) last++;
  const same = (count: number, fromA: number, fromB: number): Pair[] =>
    Array.from({ length: count }, (_, i) => ({ a: fromA + i, b: fromB + i }));
  const middle = search(a.slice(first, a.length - last), b.slice(first, b.length - last));
  const moved = middle.map((pair) => ({
    a: pair.a === null ? null : pair.a + first,
    b: pair.b === null ? null : pair.b + first,
  }));
  return [...same(first, 0, 0), ...moved, ...same(last, a.length - last, b.length - last)];
}

/** The ends of the furthest paths by diagonal, after each number of differences. */
function search(a: readonly string[], b: readonly string[]): Pair[] {
  const most = Math.min(a.length + b.length, DIFFERENCES_MAX);
  const steps: Int32Array[] = [];
  const ends = new Int32Array(2 * most + 3);
  const middle = most + 1;
  for (let d = 0; d <= most; d++) {
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && ends[middle + k - 1] < ends[middle + k + 1]);
      let x = down ? ends[middle + k + 1] : ends[middle + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      ends[middle + k] = x;
      if (x >= a.length && x - k >= b.length) {
        return walkBack(steps, d, k, middle, a.length, b.length);
      }
    }
    steps.push(ends.slice());
  }
  return [...a.keys()]
    .map((i): Pair => ({ a: i, b: null }))
    .concat([...b.keys()].map((i) => ({ a: null, b: i })));
}

function walkBack(
  steps: readonly Int32Array[],
  differences: number,
  diagonal: number,
  middle: number,
  lengthA: number,
  lengthB: number,
): Pair[] {
  const pairs: Pair[] = [];
  let [x, y, k] = [lengthA, lengthB, diagonal];
  for (let d = differences; d > 0; d--) {
    const ends = steps[d - 1];
    const down = k === -d || (k !== d && ends[middle + k - 1] < ends[middle + k + 1]);
    const before = down ? k + 1 : k - 1;
    const fromX = ends[middle + before];
    const fromY = fromX - before;
    const [startX, startY] = down ? [fromX, fromY + 1] : [fromX + 1, fromY];
    while (x > startX && y > startY) pairs.push({ a: --x, b: --y });
    pairs.push(down ? { a: null, b: fromY } : { a: fromX, b: null });
    [x, y, k] = [fromX, fromY, before];
  }
  while (x > 0 && y > 0) pairs.push({ a: --x, b: --y });
  return pairs.reverse();
}
