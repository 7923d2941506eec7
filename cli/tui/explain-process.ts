/**
 * Explains an event by `vfr why` in a process of its own: it replays the recording, and a key must
 * not wait for that.
 */
import { execFile } from 'node:child_process';
import type { Why } from '../../analysis/index.js';

/** Runs `vfr why` on a trace. */
export type Explain = (seq: number, signal: AbortSignal) => Promise<Why>;

const BYTES_MAX = 1 << 24;

/** @param program the file of vfr, which this process runs, too */
export const explainBy =
  (program: string, trace: string): Explain =>
  (seq, signal) =>
    new Promise((resolve, reject) => {
      const args = [program, 'why', '--json', '--', trace, String(seq)];
      const options = { signal, maxBuffer: BYTES_MAX };
      execFile(process.execPath, args, options, (error, stdout, stderr) => {
        if (error === null) resolve(JSON.parse(stdout) as Why);
        else reject(new Error(messageIn(stderr) ?? error.message));
      });
    });

/** What the process said before it failed; undefined when it was ended from outside. */
const messageIn = (stderr: string): string | undefined => /^vfr: (.*)$/m.exec(stderr)?.[1];
