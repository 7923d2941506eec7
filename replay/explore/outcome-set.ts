/** Outcomes as a search finds them: ends that are the same to people are one. */
import { describeDeadlock, type Kernel, type Outcome } from '../kernel/index.js';

export interface FoundOutcome extends Ending {
  /** The component that ends so, from 1; null: the whole run. */
  readonly component: number | null;
  /** Orders of steps that end so; null if they were not counted. */
  readonly orders: bigint | null;
  /** How many different sets of errors the operations have in orders that were searched. */
  readonly errorPatterns: number;
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
  /** Errors of operations distinguish ends, too. */
  readonly byErrors?: boolean;
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
  /** How often it changes the thread: the fewest are kept, and of these the fewest errors. */
  readonly changes: number;
  readonly schedule: () => readonly number[];
}

interface Kept extends Omit<FoundOutcome, 'schedule' | 'component' | 'errorPatterns'> {
  readonly way: Way;
  readonly patterns: ReadonlyMap<string, number>;
}

export class OutcomeSet {
  readonly #found = new Map<string, Kept>();

  constructor(private readonly byErrors = false) {}

  /** @param patterns sets of errors that this end stands for */
  add(end: Ending, orders: bigint | null, way: Way, patterns = 1): void {
    const errors = JSON.stringify(end.outcome.errors);
    const key = keyOf(end) + (this.byErrors ? errors : '');
    const known = this.#found.get(key);
    if (known === undefined) {
      this.#found.set(key, { ...end, orders, way, patterns: new Map([[errors, patterns]]) });
      return;
    }
    const sum = known.orders === null || orders === null ? null : known.orders + orders;
    const changes = way.changes - known.way.changes;
    const isBetter = changes < 0 || (changes === 0 && failuresIn(end) < failuresIn(known));
    const kept = isBetter ? { ...end, orders, way } : known;
    const all = new Map(known.patterns).set(errors, patterns);
    this.#found.set(key, { ...kept, orders: sum, patterns: all });
  }

  /** The most frequent one first; those without a count in the order of their content. */
  list(): FoundOutcome[] {
    return [...this.#found]
      .sort(([a, { orders: m }], [b, { orders: n }]) => {
        if (m !== null && n !== null && m !== n) return m > n ? -1 : 1;
        return a < b ? -1 : 1;
      })
      .map(([, { way, patterns, ...one }]) => ({
        ...one,
        component: null,
        errorPatterns: [...patterns.values()].reduce((sum, n) => sum + n, 0),
        schedule: way.schedule(),
      }));
  }
}

const failuresIn = ({ outcome: { errors } }: Ending): number => Object.values(errors).flat().length;

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
