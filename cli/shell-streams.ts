/** The streams of the shell are outputs too, and none of them may be what is read. */
import { mute } from './output.js';

/**
 * Makes sure that neither standard output nor standard error is one of the inputs, as in
 * `vfr events t.arrows >> t.arrows`.
 *
 * @throws VfrError `OUTPUT_IS_INPUT` when one is; what is told of it does not go into the input
 */
export async function refuseStreams(inputs: readonly string[]): Promise<void> {
  const { areMessagesInput, refuseInputs, VfrError } = await import('../traces/index.js');
  // First, since what is wrong with standard output would be told there too (`>> t.arrows 2>&1`).
  if (areMessagesInput(inputs)) {
    mute();
    const what = 'messages would be written into the input';
    throw new VfrError('OUTPUT_IS_INPUT', what, 'Send them to another file.', {
      file: '(standard error)',
    });
  }
  refuseInputs({ file: '-', inputs });
}
