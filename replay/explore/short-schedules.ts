/** Schedules that lead to states with the fewest changes between threads. */
import { ROOT, type Space } from './depth-first.js';

export interface Schedules {
  /** How often the thread changes on the way to a state. */
  changes(state: number): number;
  /** The thread of each step on the way to a state. */
  to(state: number): number[];
}

/**
 * One of the ways to each state with the fewest changes of the thread, always the same one. A way
 * that needs one change more than the fewest is never better for what follows: whichever thread
 * goes on, the fewest and a change are not more. So it is enough to keep, of the ways with the
 * fewest, one for each thread that does the last step.
 */
export function shortSchedules({ graph, states }: Space): Schedules {
  const fewest = new Int32Array(states).fill(UNREACHED);
  const lastWay = new Int32Array(states).fill(NONE);
  const isDone = new Uint8Array(states);
  // Ways by their number: the state before, the thread of the last step, another way to the state.
  const source = new Int32Array(graph.edges);
  const thread = new Int32Array(graph.edges);
  const other = new Int32Array(graph.edges);
  let ways = 0;
  const wayBy = (state: number, by: number): number => {
    let way = lastWay[state];
    while (way !== NONE && thread[way] !== by) way = other[way];
    return way;
  };
  fewest[ROOT] = 0;
  graph.walk((from, to, by) => {
    isDone[from] = 1;
    // A state that leads back to an earlier one.
    if (isDone[to] === 1) return;
    const changes = fewest[from] + Number(wayBy(from, by) === NONE);
    if (changes > fewest[to]) return;
    if (changes < fewest[to]) lastWay[to] = NONE;
    else if (wayBy(to, by) !== NONE) return;
    fewest[to] = changes;
    source[ways] = from;
    thread[ways] = by;
    other[ways] = lastWay[to];
    lastWay[to] = ways++;
  });
  return {
    changes: (state) => fewest[state],
    to: (end) => {
      const steps: number[] = [];
      for (let [state, next] = [end, NONE]; state !== ROOT; ) {
        const goesOn = wayBy(state, next);
        const way = goesOn === NONE ? lastWay[state] : goesOn;
        next = thread[way];
        steps.push(next);
        state = source[way];
      }
      return steps.reverse();
    },
  };
}

const UNREACHED = 2 ** 31 - 1;
const NONE = -1;
