/**
 * Places where two sequences are surely in step: runs of elements that occur once in each. They let
 * recordings that cover different times be matched, where a search from the start would have to
 * step over all that only one of them has.
 */
import { firstIndex } from '../../traces/index.js';

/** Elements of a run. */
const RUN = 16;
const FACTOR = 0x01000193;
const SEVERAL = -1;
/** About the most runs to examine; of longer sequences only runs whose hash ends in zeros. */
const RUNS_MAX = 1 << 20;

/** Two indexes from which on the sequences are equal for a while. */
export interface Anchor {
  readonly a: number;
  readonly b: number;
}

/** The longest chain of anchors that ascends in both sequences. */
export function findAnchors(a: Int32Array, b: Int32Array): Anchor[] {
  let mask = 0;
  while (Math.max(a.length, b.length) / (mask + 1) > RUNS_MAX) mask = mask * 2 + 1;
  const inA = singleRuns(a, mask);
  const inB = singleRuns(b, mask);
  const pairs: Anchor[] = [];
  for (const [hash, at] of inA) {
    const other = inB.get(hash) ?? SEVERAL;
    if (at === SEVERAL || other === SEVERAL || !isSame(a, at, b, other)) continue;
    pairs.push({ a: at, b: other });
  }
  pairs.sort((x, y) => x.a - y.a);
  return longestAscent(pairs);
}

/** Where each run of a sequence starts, by its hash; SEVERAL when it occurs more than once. */
function singleRuns(keys: Int32Array, mask: number): Map<number, number> {
  const found = new Map<number, number>();
  let power = 1;
  for (let i = 0; i < RUN; i++) power = Math.imul(power, FACTOR);
  let hash = 0;
  for (let i = 0; i < keys.length; i++) {
    hash = (Math.imul(hash, FACTOR) + keys[i] + 1) | 0;
    if (i >= RUN) hash = (hash - Math.imul(keys[i - RUN] + 1, power)) | 0;
    const start = i - RUN + 1;
    if (start >= 0 && (hash & mask) === 0) found.set(hash, found.has(hash) ? SEVERAL : start);
  }
  return found;
}

function isSame(a: Int32Array, i: number, b: Int32Array, j: number): boolean {
  for (let n = 0; n < RUN; n++) if (a[i + n] !== b[j + n]) return false;
  return true;
}

/** The longest subsequence of pairs whose `b` ascends, by patience sorting. */
function longestAscent(pairs: readonly Anchor[]): Anchor[] {
  const tails: number[] = [];
  const before = new Int32Array(pairs.length).fill(-1);
  for (const [n, { b }] of pairs.entries()) {
    const at = firstIndex(tails.length, (i) => pairs[tails[i]].b >= b);
    if (at > 0) before[n] = tails[at - 1];
    tails[at] = n;
  }
  const chain: Anchor[] = [];
  for (let n = tails.at(-1) ?? -1; n >= 0; n = before[n]) chain.push(pairs[n]);
  return chain.reverse();
}
