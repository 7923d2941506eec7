/** Runs a command and sets the exit code of the process. */
import { endOnFailedOutput } from './output.js';
import { fail, failOutput, run } from './program.js';

/** @param argv the arguments after `vfr` */
export async function start(argv: readonly string[]): Promise<void> {
  // Unhandled errors, such as that of a child process, would end the program with exit code 1,
  // which means that something was found.
  process.on('uncaughtException', fail);
  endOnFailedOutput(failOutput);
  const code = await run(argv);
  if (code !== undefined) process.exitCode = code;
}
