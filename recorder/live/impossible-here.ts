import { VfrError } from '../../traces/index.js';

/** Why a probe, or a field of one, cannot be had on this kernel. */
export function impossible(what: string): VfrError {
  return new VfrError('PROBE', what, 'vfr doctor lists what cannot be recorded.');
}
