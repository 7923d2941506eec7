/** What parts of a lane say in words. */
import { duration, visible } from '../shown-text.js';
import type { Edge, Mark } from './lane.js';
import type { LanePart, LaneSign } from './lane-parts.js';

/** Which driver or state, from when to when, and by whom. */
export function partWords({ driver, count, stretch: { from, to } }: LanePart): string {
  if (count > 1) return many(driver, count);
  return `${visible(driver)}: ${edgeWords('from', from)}, ${edgeWords('to', to)}`;
}

/** What happened, by which task and when. */
export const signWords = ({ kind, count, mark }: LaneSign): string =>
  count > 1 ? many(kind, count) : markWords(mark);

const markWords = ({ at, what, task, tid, seq }: Mark): string =>
  visible(`${what}, by ${task ?? '?'}-${tid ?? '?'} at ${duration(at)} (seq ${seq})`);

const many = (what: string, count: number): string => `${visible(what)}, ${count} times`;

/** What began or ended a part: when, by whom, and how. */
export function edgeWords(word: 'from' | 'to', edge: Edge | null): string {
  if (edge === null) return word === 'from' ? 'from before the recording' : 'to its end';
  const why = edge.why === null ? '' : ` (${edge.why})`;
  return visible(`${word} ${duration(edge.at)} by ${edge.task ?? '?'}-${edge.tid ?? '?'}${why}`);
}
