/**
 * Has vfr explain and compare in processes of its own: both replay recordings, and a key must not
 * wait for that.
 */
import type { Comparison, Why } from '../../analysis/index.js';
import { vfrAnswer } from '../vfr-process.js';

/** Runs `vfr why` on a trace. */
export type Explain = (seq: number, signal: AbortSignal) => Promise<Why>;

/** Runs `vfr diff` on a trace and another one. */
export type Compare = (other: string, signal: AbortSignal) => Promise<Comparison>;

/** @param program the file of vfr, which this process runs, too */
export const explainBy =
  (program: string, trace: string): Explain =>
  (seq, signal) =>
    vfrAnswer(program, ['why', '--json', '--', trace, String(seq)], signal);

/** @param program as for `explainBy` */
export const compareBy =
  (program: string, trace: string): Compare =>
  (other, signal) =>
    vfrAnswer(program, ['diff', '--json', '--pairs', '--', trace, other], signal);
