/**
 * Calls never nest this deeply in the kernel. In a deeper stack one of the calls that seem open has
 * ended, and its end was not recorded.
 */
export const CALL_DEPTH_MAX = 64;

/**
 * Picks the call of a full stack that has most likely ended: the outermost call of the kind that
 * repeats inside itself, since the ends of such a kind are probably not recorded. Other calls, such
 * as the outermost one, may still be running.
 * @param stack calls of one thread, innermost last
 * @returns its index; 0 when all are of different kinds
 */
export function likelyEnded<T>(stack: readonly T[], kindOf: (call: T) => unknown): number {
  const kinds = stack.map(kindOf);
  return Math.max(
    0,
    kinds.findIndex((kind, i) => kinds.indexOf(kind, i + 1) >= 0),
  );
}
