/**
 * Speed of the exploration: states and steps per second, and how long whole spaces take.
 *
 *   npm run --silent build && node dist/bench/explore.js [PART OF A NAME]
 *
 * Processor time of this process, the best of several rounds.
 */
import { exploreOrders, SCENARIOS, specOf, World } from '../replay/index.js';
import type { RunSpec } from '../replay/kernel/index.js';

const ROUNDS = 5;
/** A space that takes longer than this, in milliseconds, is searched once. */
const LONG = 2000;
const OPTIONS = { exact: false, samples: 0, isBad: () => false, judges: 'component' } as const;

/**
 * Several actors that bind and unbind functions, each with some operations. With several functions,
 * neighbours have one function in common.
 */
function contended(actors: number, operations: number, functions = 1): RunSpec {
  const spec = specOf(SCENARIOS.find(({ name }) => name === 'two-binders')!);
  const [first] = spec.machine.functions;
  const places = Array.from(
    { length: functions },
    (_, i) => `0000:${(0x40 + i).toString(16)}:00.0`,
  );
  const write = (attribute: string, text: string, address: string | null, driver: string | null) =>
    ({ type: 'write', attribute, address, driver, text }) as const;
  const cycle = (at: string) => [
    write('driver_override', 'ixgbe', at, null),
    write('drivers_probe', at, null, null),
    write('unbind', at, null, 'ixgbe'),
    write('bind', at, null, 'other'),
    write('driver_override', '\n', at, null),
    write('unbind', at, null, 'other'),
  ];
  return {
    machine: { ...spec.machine, functions: places.map((address) => ({ ...first, address })) },
    actors: Array.from({ length: actors }, (_, i) => ({
      name: `actor-${i}`,
      operations: Array.from({ length: operations }, (_, n) => ({
        action: cycle(places[(i + (n % 2)) % functions])[(n + 2 * i) % 6],
        when: null,
        onError: 'continue',
      })),
    })),
  };
}

/**
 * Groups of actors that have functions of their own: every group takes turns on its functions.
 */
function apart(groups: readonly (readonly [number, number])[], operations: number): RunSpec {
  const parts = groups.map(([actors, functions]) => contended(actors, operations, functions));
  const renamed = parts.map((part, i): RunSpec => {
    const text = JSON.stringify(part).replaceAll(/0000:4(.):00/g, `0000:${i + 4}$1:00`);
    return JSON.parse(text.replaceAll('actor-', `group-${i}-`));
  });
  const functions = renamed.flatMap(({ machine }) => machine.functions);
  const actors = renamed.flatMap((part) => part.actors);
  return { machine: { ...parts[0].machine, functions }, actors };
}

const EACH_ITS_OWN = Array.from({ length: 8 }, () => [1, 1] as const);
const PAIRS = [2, 2, 2, 2].map(() => [2, 1] as const);
const THREE_PAIRS = [
  [2, 3],
  [2, 3],
  [2, 2],
] as const;

const CASES: readonly (readonly [string, RunSpec, 'never' | 'always'])[] = [
  ['two-binders', specOf(SCENARIOS.find(({ name }) => name === 'two-binders')!), 'never'],
  ['2 actors × 3 operations, one function', contended(2, 3), 'never'],
  ['the same with persistent sets', contended(2, 3), 'always'],
  ['2 actors × 6 operations, one function', contended(2, 6), 'never'],
  ['the same with persistent sets', contended(2, 6), 'always'],
  ['3 actors × 2 operations, one function', contended(3, 2), 'never'],
  ['the same with persistent sets', contended(3, 2), 'always'],
  ['3 actors × 4 operations, 4 functions', contended(3, 4, 4), 'never'],
  ['the same with persistent sets', contended(3, 4, 4), 'always'],
  ['4 actors × 4 operations, 8 functions, persistent sets', contended(4, 4, 8), 'always'],
  ['8 actors × 10 operations, each on its own function', apart(EACH_ITS_OWN, 10), 'never'],
  ['4 pairs × 4 operations, each pair on its own function', apart(PAIRS, 4), 'never'],
  ['6 actors × 10 operations on 8 functions, 3 pairs', apart(THREE_PAIRS, 10), 'never'],
];

function measure(name: string, spec: RunSpec, reduce: 'never' | 'always'): void {
  const world = new World(spec);
  let best = Number.POSITIVE_INFINITY;
  let found = exploreOrders(world, { ...OPTIONS, states: 1, reduce });
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    found = exploreOrders(world, { ...OPTIONS, states: 400_000, reduce });
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
    if (best > LONG) break;
  }
  const { closed, components, states, edges, orders, outcomes } = found;
  const perSecond = (count: number) => `${((count / best) * 1000).toFixed(0)}/s`;
  console.log(`${name}: ${closed ? '' : 'not '}closed in ${best.toFixed(1)} ms`);
  console.log(`  ${states} states (${perSecond(states)}), ${edges} edges (${perSecond(edges)})`);
  const digits = orders === null ? 'not counted' : `10^${String(orders).length - 1}`;
  console.log(`  ${outcomes.length} outcomes, ${components} components; orders: ${digits}`);
}

const [part = ''] = process.argv.slice(2);
for (const one of CASES) if (one[0].includes(part)) measure(...one);
