/** How many orders of steps lead to states of acyclic graphs: dynamic programming. */
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

/** How many orders there are, by the number of their steps. */
export type OrdersByLength = ReadonlyMap<number, bigint>;

/** Orders that lead to an end, apart by their lengths. The graph must be acyclic. */
export function countByLength(space: Space): (state: number) => OrdersByLength {
  const { graph, states } = space;
  // Nearly always, all orders that lead to a state have the same length.
  const length = new Int32Array(states).fill(-1);
  length[ROOT] = 0;
  let isOne = true;
  graph.walk((from, to) => {
    const steps = length[from] + 1;
    if (length[to] >= 0 && length[to] !== steps) isOne = false;
    length[to] = steps;
  });
  if (isOne) {
    const orders = countOrders(space);
    return (state) => new Map([[length[state], orders(state)]]);
  }
  const ways = new Map<number, Map<number, bigint>>([[ROOT, new Map([[0, 1n]])]]);
  let done = ROOT;
  graph.walk((from, to) => {
    // No other edge leads to or from a state whose edges were all walked.
    if (from !== done) ways.delete(done);
    done = from;
    const before = ways.get(from) ?? new Map<number, bigint>();
    const sum = ways.get(to) ?? new Map<number, bigint>();
    ways.set(to, sum);
    for (const [steps, n] of before) addOrders(sum, steps + 1, n);
  });
  return (state) => ways.get(state) ?? new Map<number, bigint>();
}

export function addOrders(sum: Map<number, bigint>, steps: number, orders: bigint): void {
  sum.set(steps, (sum.get(steps) ?? 0n) + orders);
}

/** Mixes the orders of two components. */
export type Mix = (one: OrdersByLength, other: OrdersByLength) => OrdersByLength;

/**
 * Mixes the orders of components that do not meet: each order of one with each order of the other,
 * in all ways to interleave their steps.
 */
export function mixing(): Mix {
  const factorials = [1n];
  const factorial = (n: number): bigint => {
    while (factorials.length <= n) factorials.push(factorials.at(-1)! * BigInt(factorials.length));
    return factorials[n];
  };
  const ways = new Map<string, bigint>();
  const waysOf = (m: number, n: number): bigint => {
    const key = `${m},${n}`;
    const known = ways.get(key) ?? factorial(m + n) / (factorial(m) * factorial(n));
    ways.set(key, known);
    return known;
  };
  return (one, other) => {
    const both = new Map<number, bigint>();
    for (const [m, orders] of one) {
      for (const [n, others] of other) addOrders(both, m + n, orders * others * waysOf(m, n));
    }
    return both;
  };
}

export const sumOf = (orders: OrdersByLength): bigint =>
  [...orders.values()].reduce((sum, n) => sum + n, 0n);
