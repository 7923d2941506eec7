/**
 * Explains an event by `vfr why` in a process of its own: it replays the recording, and a key must
 * not wait for that.
 */
import type { Why } from '../../analysis/index.js';
import { vfrAnswer } from '../vfr-process.js';

/** Runs `vfr why` on a trace. */
export type Explain = (seq: number, signal: AbortSignal) => Promise<Why>;

/** @param program the file of vfr, which this process runs, too */
export const explainBy =
  (program: string, trace: string): Explain =>
  (seq, signal) =>
    vfrAnswer<Why>(program, ['why', '--json', '--', trace, String(seq)], signal);
