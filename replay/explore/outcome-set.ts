/** Outcomes as a search finds them: ends that are the same to people are one. */
import { describeDeadlock, type Outcome } from '../kernel/index.js';

export interface FoundOutcome {
  /** One of the runs that end so. */
  readonly outcome: Outcome;
  readonly isBad: boolean;
  /** Orders of steps that end so; null if they were not counted. */
  readonly orders: bigint | null;
  /** The thread of each step of a run that ends so. */
  readonly schedule: readonly number[];
}

/** Whether an outcome is one that must not be. */
export type IsBad = (outcome: Outcome) => boolean;

/** A way to an end. */
export interface Way {
  /** How often it changes the thread: of several ways, the one with the fewest is kept. */
  readonly changes: number;
  readonly schedule: () => readonly number[];
}

interface Kept extends Omit<FoundOutcome, 'schedule'> {
  readonly way: Way;
}

export class OutcomeSet {
  readonly #found = new Map<string, Kept>();

  constructor(private readonly isBad: IsBad) {}

  add(outcome: Outcome, orders: bigint | null, way: Way): void {
    const isBad = this.isBad(outcome);
    const key = keyOf(outcome, isBad);
    const known = this.#found.get(key);
    if (known === undefined) {
      this.#found.set(key, { outcome, isBad, orders, way });
      return;
    }
    const sum = known.orders === null || orders === null ? null : known.orders + orders;
    const kept = way.changes < known.way.changes ? { outcome, isBad, orders, way } : known;
    this.#found.set(key, { ...kept, orders: sum });
  }

  /** The most frequent one first; those without a count in the order of their content. */
  list(): FoundOutcome[] {
    return [...this.#found]
      .sort(([a, { orders: m }], [b, { orders: n }]) => {
        if (m !== null && n !== null && m !== n) return m > n ? -1 : 1;
        return a < b ? -1 : 1;
      })
      .map(([, { way, ...one }]) => ({ ...one, schedule: way.schedule() }));
  }
}

/** What distinguishes outcomes: drivers, a deadlock by its words, and bugs that were hit. */
function keyOf({ drivers, deadlock, faults }: Outcome, isBad: boolean): string {
  const words = deadlock === null ? null : describeDeadlock(deadlock);
  return JSON.stringify([drivers, words, faults, isBad]);
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
