/** The shell's streams are outputs too, and none of them may be an input. */
import { mute } from './output.js';

/**
 * Checks that neither standard output nor standard error is one of the inputs, as in `vfr events
 * t.arrows >> t.arrows`.
 *
 * @throws VfrError `OUTPUT_IS_INPUT` when one is; the message is not written into the input
 */
export async function refuseStreams(inputs: readonly string[]): Promise<void> {
  const { areMessagesInput, refuseInputs, VfrError } = await import('../traces/index.js');
  // Checked first, since an error about standard output would be written there too (`>> t.arrows
  // 2>&1`).
  if (areMessagesInput(inputs)) {
    mute();
    const what = 'messages would be written into the input';
    throw new VfrError('OUTPUT_IS_INPUT', what, 'Send them to another file.', {
      file: '(standard error)',
    });
  }
  refuseInputs({ file: '-', inputs });
}
