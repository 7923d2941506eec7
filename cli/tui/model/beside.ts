/** A second trace beside the first, moved with it by the alignment of their operations. */
import { basename } from 'node:path';
import type { Comparison } from '../../../analysis/index.js';
import {
  type Beside,
  type Browser,
  idle,
  jumpTo,
  type ListedDifference,
  moveTo,
  openBrowser,
  positionOf,
  revealed,
} from './browser.js';
import type { CallIndex } from './call-index.js';
import { timeBaseOf } from './clock.js';
import { EventPairs } from './event-pairs.js';
import type { EventStore } from './event-store.js';
import { NO_INSIGHTS, type RegisterAt } from './overview.js';

/** A trace that was compared with the first one. */
export interface Compared {
  readonly file: string;
  readonly store: EventStore;
  readonly calls: CallIndex;
  readonly comparison: Comparison;
  readonly registerAt: RegisterAt;
}

/**
 * Shows a second trace beside the first, with what differs.
 * @param stays whether the cursor stays where it is, and does not go to the first difference
 */
export function withBeside(
  browser: Browser,
  other: Compared,
  height: number,
  stays: boolean,
): Browser {
  const { file, store, calls, comparison, registerAt } = other;
  const insights = { ...NO_INSIGHTS, registerAt };
  const pairs = new EventPairs(comparison.pairs ?? []);
  const differences = listed(comparison, pairs);
  const ofA = differences.flatMap(({ a }) => a ?? []);
  const ofB = differences.flatMap(({ b }) => b ?? []);
  const beside: Beside = {
    file,
    browser: {
      ...openBrowser(store, calls, timeBaseOf(store.reader), insights),
      screen: 'events',
    },
    pairs,
    differences,
    differing: { a: rowsWith(ofA, browser.store, browser.calls), b: rowsWith(ofB, store, calls) },
    chosen: 0,
    movedFor: null,
    exact: false,
  };
  const shown: Browser = { ...idle(browser), screen: 'events', beside };
  if (differences.length === 0)
    return { ...shown, message: `Nothing that was done differs from ${basename(file)}.` };
  const search = { what: 'a difference', seqs: Float64Array.from(new Set(ofA)).sort() };
  if (stays) return { ...shown, search };
  return toDifference({ ...shown, search, lower: { type: 'diff', cursor: 0 } }, 0, height);
}

/** All differences, the first one with the state before it. */
function listed({ first, groups }: Comparison, pairs: EventPairs): ListedDifference[] {
  const all = Object.entries(groups).flatMap(([group, differences]) =>
    differences.map(({ text, a, b }) => {
      const place = { a: a?.seq ?? null, b: b?.seq ?? null };
      const isFirst = place.a === (first?.a?.seq ?? null) && place.b === (first?.b?.seq ?? null);
      const difference = { group, text: isFirst && first !== null ? first.text : text, ...place };
      return { difference, isFirst };
    }),
  );
  const at = ({ a, b }: ListedDifference) => a ?? pairs.ofB.partnerOf(b ?? 0)?.seq ?? 0;
  const sorted = all.toSorted(
    (x, y) => Number(y.isFirst) - Number(x.isFirst) || at(x.difference) - at(y.difference),
  );
  return sorted.map(({ difference }) => difference);
}

/** The rows of some events, and the calls around them. */
function rowsWith(
  seqs: readonly number[],
  store: EventStore,
  calls: CallIndex,
): ReadonlySet<number> {
  const rows = new Set<number>();
  for (const seq of seqs) {
    const at = store.positionOf(seq);
    if (at >= calls.done) continue;
    rows.add(calls.rowOf(at));
    for (const call of calls.ancestors(at)) rows.add(call);
  }
  return rows;
}

/** Goes to a difference in both traces. */
export function toDifference(browser: Browser, index: number, height: number): Browser {
  const { beside } = browser;
  const difference = beside?.differences[index];
  if (beside === null || difference === undefined) return browser;
  const { a, b } = difference;
  const [own, other] = [
    a ?? beside.pairs.ofB.partnerOf(b ?? 0)?.seq ?? 0,
    b ?? beside.pairs.ofA.partnerOf(a ?? 0)?.seq ?? 0,
  ];
  const there = jumpTo(browser, own, height);
  const exact = a !== null && b !== null;
  const chosen = { ...beside, chosen: index };
  return { ...there, beside: moved(chosen, { seq: other, exact }, own, height) };
}

/** Keeps the cursors of both traces visible in lists of other heights. */
export function fitted(browser: Browser, height: number, heightBeside: number): Browser {
  const fits = moveTo(browser, browser.cursor, height);
  const { beside } = fits;
  if (beside === null) return fits;
  const { cursor } = beside.browser;
  return { ...fits, beside: { ...beside, browser: moveTo(beside.browser, cursor, heightBeside) } };
}

/** Moves the second trace to where the cursor of the first one is. */
export function followed(browser: Browser, height: number): Browser {
  const { beside, store, calls } = browser;
  const position = positionOf(browser);
  if (beside === null || position === null) return browser;
  const seq = store.seqAt(position);
  if (beside.movedFor === seq) return browser;
  const around = [position, ...calls.ancestors(position)].map((at) => store.seqAt(at));
  const pairs = around.map((one) => beside.pairs.ofA.partnerOf(one));
  const partner = pairs.find((pair) => pair?.exact === true) ?? pairs[0];
  if (partner === null) return { ...browser, beside: { ...beside, movedFor: seq, exact: false } };
  const exact = pairs[0]?.exact === true;
  return { ...browser, beside: moved(beside, { seq: partner.seq, exact }, seq, height) };
}

function moved(
  beside: Beside,
  { seq, exact }: { readonly seq: number; readonly exact: boolean },
  movedFor: number,
  height: number,
): Beside {
  const browser = { ...revealed(beside.browser, seq, height), message: '' };
  return { ...beside, browser, movedFor, exact };
}
