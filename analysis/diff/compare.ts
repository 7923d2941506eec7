/** Compares two recordings by what was done to each device, not by when and by which process. */
import { type DeviceState, deviceState, Timeline } from '../../replay/index.js';
import type { TraceReader } from '../../traces/index.js';
import { eventWords } from '../why/index.js';
import { align } from './align.js';
import { GROUPS, type Group, type Lanes, lanesOf, type Operation } from './device-operations.js';

export interface Place {
  readonly seq: number;
}

/** Something that one recording has and the other has not, or has otherwise. */
export interface Difference {
  readonly text: string;
  readonly a: Place | null;
  readonly b: Place | null;
}

export interface Comparison {
  readonly equal: boolean;
  /** The first difference in the order of A, with the state of its device before it. */
  readonly first: Difference | null;
  /** All differences; groups without any are left out. */
  readonly groups: Readonly<Record<string, readonly Difference[]>>;
  /** With `pairs`: the events of A and of B that belong together, in the order of A. */
  readonly pairs?: readonly EventPair[];
}

/** An operation of A and the one of B that it was aligned with, by the events that begin them. */
export type EventPair = readonly [a: number, b: number];

export interface CompareOptions {
  /** Durations count, if they differ by more than {@link TIMES} and {@link NOISE_NS}. */
  readonly timing?: boolean;
  /** Whether the comparison has the pairs of events. */
  readonly pairs?: boolean;
}

const TIMES = 4n;
const NOISE_NS = 10_000_000n;

/** Operations of a lane that were aligned with each other; one of them may be absent. */
interface Aligned {
  readonly group: Group;
  readonly lane: string;
  readonly a: Operation | null;
  readonly b: Operation | null;
  /** Where it comes in A: an operation that only B has comes before the next of its lane in A. */
  readonly at: number;
}

/** A difference between two lanes, before it is put into words. */
interface Found extends Omit<Aligned, 'group'> {
  readonly group: Group | 'timing';
}

export function compare(a: TraceReader, b: TraceReader, options: CompareOptions = {}): Comparison {
  const aligned = alignedLanes(lanesOf(a), lanesOf(b));
  const found = aligned.flatMap((one) => differenceIn(one, options));
  const words = new Words(a, b);
  const groups: Record<string, Difference[]> = {};
  for (const group of [...GROUPS, 'timing'] as const) {
    const own = found.filter((difference) => difference.group === group);
    if (own.length > 0) groups[group] = own.map((difference) => words.describe(difference));
  }
  const first = found.length === 0 ? null : words.withState(found[0]);
  const comparison = { equal: first === null, first, groups };
  return options.pairs === true ? { ...comparison, pairs: pairsOf(aligned) } : comparison;
}

/** All operations, in the order of A. */
function alignedLanes(a: Lanes, b: Lanes): Aligned[] {
  const lanes = [...new Set([...a.keys(), ...b.keys()])];
  const all = lanes.flatMap((lane) => alignedLane(lane, a.get(lane) ?? [], b.get(lane) ?? []));
  return all.sort((x, y) => x.at - y.at);
}

function alignedLane(lane: string, a: readonly Operation[], b: readonly Operation[]): Aligned[] {
  let at = a.length === 0 ? Number.POSITIVE_INFINITY : a[0].seq;
  const pairs = align(
    a.map(({ key }) => key),
    b.map(({ key }) => key),
  );
  return pairs.flatMap((pair): Aligned[] => {
    const [left, right] = [pair.a === null ? null : a[pair.a], pair.b === null ? null : b[pair.b]];
    if (left !== null) at = left.seq;
    const { group } = (left ?? right)!;
    return group === null ? [] : [{ group, lane, a: left, b: right, at }];
  });
}

/** What differs in operations that were aligned, if anything does. */
function differenceIn(one: Aligned, { timing }: CompareOptions): Found[] {
  const { a, b } = one;
  if (a === null || b === null) return [one];
  if (a.result !== null && b.result !== null && a.result !== b.result) return [one];
  return timing === true && takesLonger(a, b) ? [{ ...one, group: 'timing' }] : [];
}

const pairsOf = (aligned: readonly Aligned[]): EventPair[] =>
  aligned.flatMap(({ a, b }): EventPair[] => (a === null || b === null ? [] : [[a.seq, b.seq]]));

function takesLonger({ ns: a }: Operation, { ns: b }: Operation): boolean {
  if (a === null || b === null) return false;
  const [less, more] = a < b ? [a, b] : [b, a];
  return more - less > NOISE_NS && more > less * TIMES;
}

/** Puts differences into words. */
class Words {
  readonly #a: Timeline<TraceReader>;
  readonly #b: Timeline<TraceReader>;

  constructor(a: TraceReader, b: TraceReader) {
    this.#a = new Timeline(a, { ...a.meta });
    this.#b = new Timeline(b, { ...b.meta });
  }

  describe({ group, a, b }: Found): Difference {
    const places = { a: placeOf(a), b: placeOf(b) };
    if (a === null || b === null) {
      const has = a === null ? this.#of(this.#b, b!) : this.#of(this.#a, a);
      const [one, other] = a === null ? ['B', 'A'] : ['A', 'B'];
      return { text: `only in ${one}: ${has}; not in ${other}`, ...places };
    }
    const what = this.#of(this.#a, a);
    if (group === 'timing') {
      const [left, right] = [a, b].map(({ ns }) => `${Number(ns ?? 0n) / 1e6} ms`);
      return { text: `${what}: took ${left} in A, ${right} in B`, ...places };
    }
    return { text: `${what}: ${a.result} in A, ${b.result} in B`, ...places };
  }

  /** The same, with the state of the device before it in both. */
  withState(found: Found): Difference {
    const difference = this.describe(found);
    const [device] = found.lane.split('\t');
    const states = [
      found.a === null ? null : stateBefore(this.#a, device, found.a.seq),
      found.b === null ? null : stateBefore(this.#b, device, found.b.seq),
    ];
    const texts = states.flatMap((state, i) => {
      return state === null ? [] : [`${'AB'[i]} ${stateText(state)}`];
    });
    const before = texts.length === 0 ? '' : `; before that ${device} in ${texts.join(', in ')}`;
    return { ...difference, text: `${difference.text}${before}` };
  }

  #of(timeline: Timeline<TraceReader>, { seq }: Operation): string {
    const e = timeline.event(seq);
    return e === null ? `event ${seq}` : eventWords(e);
  }
}

const placeOf = (operation: Operation | null): Place | null =>
  operation === null ? null : { seq: operation.seq };

function stateBefore(
  timeline: Timeline<TraceReader>,
  device: string,
  seq: number,
): DeviceState | null {
  timeline.seek(seq);
  const found = timeline.engine.machine.find(device);
  return found === undefined ? null : deviceState(found);
}

const stateText = ({ driver, override }: DeviceState): string =>
  `had driver ${driver ?? 'none'}, override ${override ?? 'none'}`;
