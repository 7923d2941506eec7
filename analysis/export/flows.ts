/** Arrows between events: what led to what. */
import type { Lane, Lanes } from '../lanes/index.js';

/** Events that an arrow passes, in order; at least two. */
export interface Flow {
  readonly id: number;
  readonly name: string;
  readonly seqs: readonly number[];
}

/** Where flows pass an event: those that begin, go on, or end there. */
export interface Passing {
  readonly flow: Flow;
  readonly position: 'first' | 'middle' | 'last';
}

/**
 * For each binding the write that bound the device, the release of the driver before it, the
 * binding, and the first opening through VFIO; for each race its two operations.
 */
export function flowsOf({ devices, races }: Lanes): Flow[] {
  const paths = [
    ...devices.flatMap(takingsOf),
    ...races.races.map(({ device, class: name, first, second }) => ({
      name: `race ${name} ${device}`,
      seqs: [Number(first.seq), Number(second.seq)],
    })),
  ];
  return paths
    .filter(({ seqs }) => seqs.length > 1)
    .map(({ name, seqs }, i) => ({ id: i + 1, name, seqs }));
}

function takingsOf({ device, bars, holds }: Lane): { name: string; seqs: number[] }[] {
  return bars.map(({ driver, from, to }, i) => {
    const opened = holds.find(
      (hold) =>
        from !== null &&
        (hold.from?.seq ?? 0) > from.seq &&
        (hold.from?.seq ?? 0) < (to?.seq ?? Infinity),
    );
    const released = bars[i - 1]?.to;
    // The release that made room may be of the same write, or of one before it.
    const seqs = [from?.store, released?.seq, from?.seq, opened?.from?.seq];
    const known = seqs.filter((seq): seq is number => seq !== null && seq !== undefined);
    return { name: `${driver} takes ${device}`, seqs: [...new Set(known)].sort((a, b) => a - b) };
  });
}

/** The flows that pass each event. */
export function passingsOf(flows: readonly Flow[]): ReadonlyMap<number, readonly Passing[]> {
  const passings = new Map<number, Passing[]>();
  for (const flow of flows)
    flow.seqs.forEach((seq, i) => {
      const position = i === 0 ? 'first' : i === flow.seqs.length - 1 ? 'last' : 'middle';
      passings.set(seq, [...(passings.get(seq) ?? []), { flow, position }]);
    });
  return passings;
}
