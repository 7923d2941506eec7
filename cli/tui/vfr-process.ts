/**
 * Has vfr explain and compare in processes of its own: both replay recordings, and a key must not
 * wait for that.
 */
import { execFile } from 'node:child_process';
import type { Comparison, Why } from '../../analysis/index.js';

/** Runs `vfr why` on a trace. */
export type Explain = (seq: number, signal: AbortSignal) => Promise<Why>;

/** Runs `vfr diff` on a trace and another one. */
export type Compare = (other: string, signal: AbortSignal) => Promise<Comparison>;

const BYTES_MAX = 1 << 28;
const FINDING = 1;

/** @param program the file of vfr, which this process runs, too */
export const explainBy =
  (program: string, trace: string): Explain =>
  (seq, signal) =>
    answerOf([program, 'why', '--json', '--', trace, String(seq)], signal);

/** @param program as for `explainBy` */
export const compareBy =
  (program: string, trace: string): Compare =>
  (other, signal) =>
    answerOf([program, 'diff', '--json', '--pairs', '--', trace, other], signal);

/** The document that a run of vfr prints. */
function answerOf<T>(args: readonly string[], signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { signal, maxBuffer: BYTES_MAX }, (error, stdout, stderr) => {
      if (error === null || (error.code === FINDING && stdout !== ''))
        resolve(JSON.parse(stdout) as T);
      else reject(new Error(messageIn(stderr) ?? error.message));
    });
  });
}

/** What the process said before it failed; undefined when it was ended from outside. */
const messageIn = (stderr: string): string | undefined => /^vfr: (.*)$/m.exec(stderr)?.[1];
