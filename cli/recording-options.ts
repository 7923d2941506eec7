/** Options of commands that explore orders. */
import { InvalidArgumentError, Option } from 'commander';

/** A range of events, such as `100..2000`; each end may be left out. */
export function parseWindow(text: string): readonly [number, number] {
  const [, first, last] = /^(\d{0,15})\.\.(\d{0,15})$/.exec(text) ?? [];
  if (first === undefined) throw new InvalidArgumentError('Write it as FIRST..LAST.');
  return [Number(first), last === '' ? Number.MAX_SAFE_INTEGER : Number(last)];
}

export const onDifferenceOption = (): Option =>
  new Option(
    '--on-difference <policy>',
    'of a recording: what an actor does when something fails that had succeeded',
  )
    .choices(['continue', 'stop'])
    .default('continue');

/** States that one search enters at most: a few seconds. */
export const STATES = 200_000;

/** The error for options that a command cannot follow. */
export async function wrongOption(what: string, next: string): Promise<Error> {
  const { VfrError } = await import('../traces/index.js');
  return new VfrError('EXPLORE_OPTION', what, next);
}
