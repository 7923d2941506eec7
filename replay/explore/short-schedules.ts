/** Schedules that lead to states, with few changes between threads. */
import { ROOT, type Space } from './depth-first.js';

export interface Schedules {
  /** How often the thread changes on the way to a state. */
  changes(state: number): number;
  /** The thread of each step on the way to a state. */
  to(state: number): number[];
}

/**
 * The way to each state with few changes of the thread. Of several ways with the same number of
 * changes one is kept, so that a way is not always one with the fewest.
 */
export function shortSchedules({ graph, states }: Space): Schedules {
  const changes = new Int32Array(states).fill(-1);
  const before = new Int32Array(states);
  const thread = new Int32Array(states).fill(-1);
  changes[ROOT] = 0;
  graph.walk((from, to, by) => {
    const count = changes[from] + Number(thread[from] !== by);
    if (changes[to] >= 0 && changes[to] <= count) return;
    changes[to] = count;
    before[to] = from;
    thread[to] = by;
  });
  return {
    changes: (state) => changes[state],
    to: (end) => {
      const steps: number[] = [];
      for (let state = end; state !== ROOT; state = before[state]) steps.push(thread[state]);
      return steps.reverse();
    },
  };
}
