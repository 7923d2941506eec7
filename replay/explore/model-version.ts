import { kernelRules } from '../model/kernel-rules.js';
import { MODELS } from '../model/models.js';
import { textHash } from './text-hash.js';

/**
 * A hash of the rules of a kernel release and of the facts of all drivers that have a model.
 * Programs with different versions may judge one trace differently.
 * @param kernel such as `6.1.0-56-amd64`; undefined when it is not known
 */
export const modelVersion = (kernel: string | undefined): string =>
  textHash(JSON.stringify({ rules: kernelRules(kernel), models: MODELS }));
