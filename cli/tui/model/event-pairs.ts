/** Events of two traces that belong together. */
import { firstAtLeast } from './call-list.js';

/** An event of the other trace. */
export interface Partner {
  readonly seq: number;
  /** Whether it belongs to the event itself, and not to one before it. */
  readonly exact: boolean;
}

/** One side of the pairs, ascending, with the events of the other side. */
class Side {
  readonly #own: Float64Array;
  readonly #other: Float64Array;

  constructor(pairs: readonly (readonly [own: number, other: number])[]) {
    const sorted = pairs.toSorted(([x], [y]) => x - y);
    this.#own = Float64Array.from(sorted, ([own]) => own);
    this.#other = Float64Array.from(sorted, ([, other]) => other);
  }

  /** The partner of an event, or else of the last event before it that has one. */
  partnerOf(seq: number): Partner | null {
    const at = firstAtLeast(this.#own, seq + 1) - 1;
    if (at < 0) return this.#own.length === 0 ? null : { seq: this.#other[0], exact: false };
    return { seq: this.#other[at], exact: this.#own[at] === seq };
  }
}

export class EventPairs {
  readonly ofA: Side;
  readonly ofB: Side;

  constructor(pairs: readonly (readonly [a: number, b: number])[]) {
    this.ofA = new Side(pairs);
    this.ofB = new Side(pairs.map(([a, b]) => [b, a] as const));
  }
}
