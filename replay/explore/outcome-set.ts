/** Outcomes as a search finds them: ends that are the same to people are one. */
import { describeDeadlock, type Kernel, type Outcome } from '../kernel/index.js';

export interface FoundOutcome extends Ending {
  /** The component that ends so, from 1; null: the whole run. */
  readonly component: number | null;
  /** Orders of steps that end so; null if they were not counted. */
  readonly orders: bigint | null;
  /** The thread of each step of a run that ends so. */
  readonly schedule: readonly number[];
}

/** Whether an end is one that must not be. @param k the kernel at the end */
export type IsBad = (outcome: Outcome, k: Kernel) => boolean;

/** How a run has ended. */
export interface Ending {
  readonly outcome: Outcome;
  readonly isBad: boolean;
  /** What else distinguishes it from others for the caller. */
  readonly mark: string;
}

/** What a search notes of each end. */
export interface Judgement {
  readonly isBad: IsBad;
  /** What else distinguishes ends; left out: nothing. */
  readonly markOf?: (k: Kernel) => string;
  /** Only the driver of this function distinguishes ends; left out: that of every function. */
  readonly question?: string;
}

export function endingOf(k: Kernel, whole: Outcome, judgement: Judgement): Ending {
  const { isBad, markOf, question } = judgement;
  const outcome = question === undefined ? whole : withDriverOf(whole, question);
  return { outcome, isBad: isBad(whole, k), mark: markOf?.(k) ?? '' };
}

/** The outcome with the driver of one function, and of no other. */
export const withDriverOf = (outcome: Outcome, address: string): Outcome => ({
  ...outcome,
  drivers: address in outcome.drivers ? { [address]: outcome.drivers[address] } : {},
});

/** A way to an end. */
export interface Way {
  /** How often it changes the thread: of several ways, the one with the fewest is kept. */
  readonly changes: number;
  readonly schedule: () => readonly number[];
}

interface Kept extends Omit<FoundOutcome, 'schedule' | 'component'> {
  readonly way: Way;
}

export class OutcomeSet {
  readonly #found = new Map<string, Kept>();

  add(end: Ending, orders: bigint | null, way: Way): void {
    const key = keyOf(end);
    const known = this.#found.get(key);
    if (known === undefined) {
      this.#found.set(key, { ...end, orders, way });
      return;
    }
    const sum = known.orders === null || orders === null ? null : known.orders + orders;
    const kept = way.changes < known.way.changes ? { ...end, orders, way } : known;
    this.#found.set(key, { ...kept, orders: sum });
  }

  /** The most frequent one first; those without a count in the order of their content. */
  list(): FoundOutcome[] {
    return [...this.#found]
      .sort(([a, { orders: m }], [b, { orders: n }]) => {
        if (m !== null && n !== null && m !== n) return m > n ? -1 : 1;
        return a < b ? -1 : 1;
      })
      .map(([, { way, ...one }]) => ({ ...one, component: null, schedule: way.schedule() }));
  }
}

/** What distinguishes outcomes: drivers, a deadlock by its words, and bugs that were hit. */
function keyOf({ outcome: { drivers, deadlock, faults }, isBad, mark }: Ending): string {
  const words = deadlock === null ? null : describeDeadlock(deadlock);
  return JSON.stringify([drivers, words, faults, isBad, mark]);
}

const SHARE_DIGITS = 12;

/** The share of an outcome in all orders, from 0 to 1; null if orders were not counted. */
export function shareOf(
  { orders }: Pick<FoundOutcome, 'orders'>,
  { orders: all }: Pick<FoundOutcome, 'orders'>,
): number | null {
  if (orders === null || all === null) return null;
  return Number((orders * 10n ** BigInt(SHARE_DIGITS)) / all) / 10 ** SHARE_DIGITS;
}
