/** From the process to the command, and back to its exit code. */
import { endOnFailedOutput } from './output.js';
import { fail, failOutput, run } from './program.js';

/** @param argv what follows `vfr` on the command line */
export async function start(argv: readonly string[]): Promise<void> {
  // What nobody waits for, such as an error of a child process, would else end with exit code 1,
  // which means that something was found.
  process.on('uncaughtException', fail);
  endOnFailedOutput(failOutput);
  const code = await run(argv);
  if (code !== undefined) process.exitCode = code;
}
