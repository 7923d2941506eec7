/** The loop that all fuzzing sweeps share: one mutant after the other, none of them for long. */
import { Random } from './corpus.js';
import { demand, progress } from './options.js';

export const HANG_MS = 2_000;

export interface MutantFigures {
  readonly mutants: number;
  /** Mutants that were refused with an error of their own. */
  readonly refused: number;
  readonly slowestMs: number;
  readonly memoryBytes: number;
}

/**
 * A mutant of what a sweep mutates, made before the time runs.
 * @returns what is done with it; this returns false when it is refused
 */
export type MakeMutant = (random: Random, i: number) => Mutant;

export interface Mutant {
  /** What it was made of, for messages. */
  readonly name: string;
  survives(): boolean;
}

export function sweep(count: number, seed: number, make: MakeMutant): MutantFigures {
  let [refused, slowestMs, memoryBytes] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    // Each mutant has a seed of its own, so that one can be repeated alone.
    const own = (seed + i) >>> 0;
    const mutant = make(new Random(own), i);
    const start = process.cpuUsage();
    try {
      if (!mutant.survives()) refused++;
    } catch (error) {
      throw new Error(`${mutant.name}: --seed ${own} --count 1`, { cause: error });
    }
    // Processor time: a machine that is busy with other things is no hang.
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, took);
    demand(took < HANG_MS, `${mutant.name}: --seed ${own} --count 1 took ${took} ms`);
    if (i % 256 === 0) memoryBytes = Math.max(memoryBytes, process.memoryUsage.rss());
    progress(i, count);
  }
  return { mutants: count, refused, slowestMs, memoryBytes };
}
