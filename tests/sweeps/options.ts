/** Command line of the sweeps. */
import { parseArgs } from 'node:util';

export interface SweepOptions {
  readonly count: number;
  readonly seed: number;
}

/** `--count` and `--seed`, or the given count and the time as the seed. */
export function sweepOptions(count: number): SweepOptions {
  const { values } = parseArgs({
    options: { count: { type: 'string' }, seed: { type: 'string' } },
  });
  return {
    count: Number(values.count ?? count),
    seed: Number(values.seed ?? Date.now() % 0x1_0000_0000),
  };
}

/** Whether the module is the program that was started, rather than imported by a test. */
export const isProgram = (meta: ImportMeta): boolean =>
  process.argv[1] !== undefined && meta.filename === process.argv[1];

/** Ends the program with code 1 when the condition does not hold. */
export function demand(condition: boolean, what: string): asserts condition {
  if (condition) return;
  throw new Error(`sweep failed: ${what}`);
}

/** Shows how far a sweep is, on a terminal only. */
export function progress(done: number, all: number): void {
  if (process.stderr.isTTY !== true || done % 1000 !== 0) return;
  process.stderr.write(`\r${done} of ${all}`);
}
