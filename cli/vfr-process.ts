/** Runs another command of vfr in a process of its own, for work that must not block this one. */
import { execFile } from 'node:child_process';

/** The lanes of a large trace are some hundred megabytes of JSON. */
const BYTES_MAX = 1 << 29;
/** The exit code of a command that found something: its document says what. */
const FINDING = 1;

/**
 * The JSON document that a command prints.
 * @param program the file of vfr, which this process runs, too
 * @throws an Error with the message of the command
 */
export const vfrAnswer = <T>(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const options = { signal, maxBuffer: BYTES_MAX };
    execFile(process.execPath, [program, ...args], options, (error, stdout, stderr) => {
      const isAnswer = error === null || (error.code === FINDING && stdout !== '');
      if (isAnswer) resolve(JSON.parse(stdout) as T);
      else reject(new Error(messageIn(stderr) ?? error.message));
    });
  });

/** What the process said before it failed; undefined when it was ended from outside. */
const messageIn = (stderr: string): string | undefined => /^vfr: (.*)$/m.exec(stderr)?.[1];
