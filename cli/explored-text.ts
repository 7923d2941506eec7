/** What an exploration found, for people. */
import type { Exploration, FoundOutcome, Named, World } from '../replay/index.js';
import { paint } from './output.js';
import { plural } from './plural.js';
import { printable } from './printable.js';

/** All orders of a scenario on one kernel. */
export interface Explored {
  readonly scenario: string;
  /** What the scenario of the run says about its ends; null if it has none. */
  readonly named: Named | null;
  readonly kernel: string;
  readonly world: World;
  readonly found: Exploration;
}

/** Every outcome with a run that ends so. */
export async function formatExplored({ kernel, world, found }: Explored): Promise<string> {
  const { witnessOf } = await import('../replay/index.js');
  const { outcomes } = found;
  const quiet = quietBridges(world, outcomes);
  const blocks = await Promise.all(
    outcomes.map(async (one, i) => {
      const share = await shareText(one, found);
      const name = share === '' ? `outcome ${i + 1}` : `outcome ${i + 1}, ${share}`;
      const title = `${name}: ${await outcomeText(one, quiet)}`;
      const steps = witnessOf(world, one.schedule);
      const width = Math.max(0, ...steps.map(({ actor }) => actor.length));
      const lines = steps.map(({ actor, what }) => `  ${actor.padEnd(width)}  ${what}`);
      return [paint(one.isBad ? 'red' : 'bold', title), ...lines.map((line) => printable(line))];
    }),
  );
  const head = `kernel ${kernel}, ${plural(outcomes.length, 'outcome')}; ${coverageText(found)}`;
  return [head, ...blocks.map((lines) => lines.join('\n'))].join('\n\n');
}

/** Outcomes as rows, kernels as columns. */
export async function formatByKernel(explored: readonly Explored[]): Promise<string> {
  const rows = new Map<string, string[]>();
  for (const [i, { found, world }] of explored.entries()) {
    const quiet = quietBridges(world, found.outcomes);
    for (const one of found.outcomes) {
      const text = await outcomeText(one, quiet);
      const row = rows.get(text) ?? explored.map(() => '-');
      row[i] = (await shareText(one, found)) || 'possible';
      rows.set(text, row);
    }
  }
  const table = [[...explored.map(({ kernel }) => kernel), 'outcome']];
  for (const [text, row] of rows) table.push([...row, text]);
  const widths = table[0].map((_, i) => Math.max(...table.map((row) => row[i].length)));
  const lines = table.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]))).join('  '),
  );
  const notes = explored.map(({ kernel, found }) => `${kernel}: ${coverageText(found)}`);
  return [...lines, '', ...notes].map((line) => printable(line)).join('\n');
}

const BRIDGE = 0x0604;

/** Bridges that keep their driver in every order. They hold the bus, and would hide the rest. */
function quietBridges(world: World, outcomes: readonly FoundOutcome[]): ReadonlySet<string> {
  const bridges = world.places.filter(
    ({ address, ids, start }) =>
      ids.class >> 8 === BRIDGE &&
      outcomes.every(({ outcome }) => outcome.drivers[address] === start?.driver),
  );
  return new Set(bridges.map(({ address }) => address));
}

/** @param left functions to leave out; by default none */
export async function outcomeText(
  one: FoundOutcome,
  left: ReadonlySet<string> = new Set(),
): Promise<string> {
  const { outcome, isBad, component } = one;
  const { describeDeadlock } = await import('../replay/index.js');
  const { drivers, deadlock, faults } = outcome;
  const bound = Object.entries(drivers)
    .filter(([at]) => !left.has(at))
    .map(([at, driver]) => `${at} ${driver ?? 'no driver'}`);
  const parts = [bound.join(', ') || 'no function is left'];
  if (deadlock !== null) parts.push(`deadlock: ${describeDeadlock(deadlock)}`);
  for (const fault of faults) parts.push(`bug of the kernel: ${fault}`);
  if (isBad && parts.length === 1)
    parts.push(`not an outcome that is allowed${errorsText(outcome.errors)}`);
  const text = parts.join('; ');
  return component === null ? text : `component ${component}: ${text}`;
}

/** By actor, since the drivers of an outcome that is not allowed may be those of one that is. */
function errorsText(errors: FoundOutcome['outcome']['errors']): string {
  const failed = Object.entries(errors).filter(([, names]) => names.length > 0);
  const texts = failed.map(([actor, names]) => `${actor}: ${names.join(', ')}`);
  return texts.length === 0 ? '' : `, with errors (${texts.join('; ')})`;
}

/** What a JSON document says of an outcome: docs/cli.md has its keys. */
export async function outcomeFacts(one: FoundOutcome, found: Exploration) {
  const { describeDeadlock, shareOf } = await import('../replay/index.js');
  const { outcome, orders, isBad } = one;
  const { drivers, deadlock, faults, errors } = outcome;
  return {
    drivers,
    errors,
    orders,
    share: shareOf(one, found),
    deadlock: deadlock === null ? null : describeDeadlock(deadlock),
    faults,
    bad: isBad,
  };
}

/** The number of an event, or a dash. */
export const seqText = (seq: number | null): string => String(seq ?? '-').padStart(6);

/** Explains the dash of `seqText`, under lines that have one. */
export const noSeqText = (seqs: readonly (number | null)[]): string[] =>
  seqs.includes(null) ? [`${seqText(null)}  no event of the recording shows this`] : [];

/** Empty when orders were not counted. */
export async function shareText(one: FoundOutcome, found: Exploration): Promise<string> {
  const { shareOf } = await import('../replay/index.js');
  const share = shareOf(one, found);
  if (share === null) return '';
  return share > 0 && share < 0.0005 ? '< 0.1 %' : `${(100 * share).toFixed(1)} %`;
}

export function coverageText(found: Exploration): string {
  const { closed, coverage, components, states, orders } = found;
  if (closed) {
    const apart = components === 1 ? '' : ` of ${components} components`;
    const stand = orders === null ? '' : ` with ${plural(orders, 'order')} of steps`;
    return `closed: ${plural(states, 'state')}${apart}${stand}, and no other outcome`;
  }
  if (coverage.type !== 'bounded') return 'not closed';
  const { preemptions, samples } = coverage;
  const bound =
    preemptions === null
      ? 'no bound was covered'
      : `all orders with at most ${plural(preemptions, 'preemption')} were covered`;
  const chance = `${plural(samples, 'run')} by chance`;
  return `not closed: ${bound}, and ${chance}; there may be more outcomes`;
}
