/** How many orders of steps lead to each state of an acyclic graph: dynamic programming. */
import { ROOT, type Space } from './depth-first.js';

/** Up to here a float counts exactly. */
const EXACT = 2 ** 53;

/** Orders by state, exactly. The graph must be acyclic. */
export function countOrders({ graph, states }: Space): (state: number) => bigint {
  const ways = new Float64Array(states);
  ways[ROOT] = 1;
  let most = 0;
  graph.walk((from, to) => {
    ways[to] += ways[from];
    if (ways[to] > most) most = ways[to];
  });
  if (most < EXACT) return (state) => BigInt(ways[state]);
  const exact = new Array<bigint>(states).fill(0n);
  exact[ROOT] = 1n;
  graph.walk((from, to) => {
    exact[to] += exact[from];
  });
  return (state) => exact[state];
}
