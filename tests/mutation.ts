/** Recordings with one response changed, to see whether a replay notices. */
import type { EventCursor, Verdict } from '../replay/index.js';
import { type Batch, DictView, WordView } from '../traces/index.js';

/** What is changed in one event. */
export interface Mutation {
  readonly seq: number;
  readonly kind: string;
  readonly phase: string;
  readonly name: string;
  readonly column: 'ret' | 'value' | 'offset' | 'driver';
  /** The new value; of `driver`, its id. */
  readonly to: bigint;
}

/** A repeatable source of numbers below `below` (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/**
 * A change of the part of a response that the kernel decided: the errno, the driver, the value that
 * went to hardware, the address.
 * @returns null for a stimulus, and for a response that is nothing but the fact that it came
 */
export function mutationOf(
  e: EventCursor,
  verdict: Verdict,
  drivers: readonly string[],
  random: (below: number) => number,
): Mutation | null {
  if (verdict.type !== 'match') return null;
  const { seq, kind, phase, name } = e;
  const base = { seq, kind, phase, name };
  if (phase === 'end' && e.hasRet)
    return { ...base, column: 'ret', to: otherResult(e.ret, random) };
  if (phase === 'end') return null;
  if (e.driver !== null && drivers.length > 1 && DRIVER_KINDS.has(kind)) {
    const at = drivers.indexOf(e.driver);
    const to = (at + 1 + random(drivers.length - 1)) % drivers.length;
    return { ...base, column: 'driver', to: BigInt(to) };
  }
  if (kind === 'config.write' && e.path === 'hardware') {
    return { ...base, column: 'value', to: e.valueBig ^ 1n };
  }
  if (VALUE_KINDS.has(kind) && e.hasValue) return { ...base, column: 'value', to: e.valueBig + 1n };
  if (OFFSET_KINDS.has(kind) && e.hasOffset) {
    return { ...base, column: 'offset', to: e.offsetBig + 4n };
  }
  return null;
}

const DRIVER_KINDS: ReadonlySet<string> = new Set(['match', 'probe', 'bind', 'unbind']);
const VALUE_KINDS: ReadonlySet<string> = new Set([
  'fault.page',
  'sriov.enable',
  'vf.add',
  'vf.remove',
]);
const OFFSET_KINDS: ReadonlySet<string> = new Set(['config.read', 'config.write']);

const ERRNOS = [1, 5, 11, 16, 19, 22];

function otherResult(ret: number, random: (below: number) => number): bigint {
  if (ret !== 0 && random(3) === 0) return 0n;
  const errno = -ERRNOS[random(ERRNOS.length)];
  return BigInt(errno === ret ? -EIO - 100 : errno);
}

const EIO = 5;

/** A view of a batch in which one column of one row has another value. */
export function mutate(batch: Batch, { seq, column, to }: Mutation): Batch {
  const row = seq - batch.seqFirst;
  const view =
    column === 'driver'
      ? withId(batch.column('driver'), row, Number(to))
      : withWord(batch.column(column), row, to);
  return new Proxy(batch, {
    get(target, key) {
      if (key !== 'column') return Reflect.get(target, key, target);
      return (name: Parameters<Batch['column']>[0]) =>
        name === column ? view : target.column(name);
    },
  });
}

function withWord({ bits, words, signed }: WordView, row: number, to: bigint): WordView {
  const changed = words.slice();
  changed[row * 2] = Number(BigInt.asUintN(32, to));
  changed[row * 2 + 1] = Number(BigInt.asUintN(32, to >> 32n));
  return new WordView(bits, changed, signed);
}

function withId({ bits, ids, entries }: DictView, row: number, to: number): DictView {
  const changed = ids.slice();
  changed[row] = to;
  return new DictView(bits, changed, entries);
}
