/**
 * Deeper nesting than any path of the kernel has: beyond it one of the calls that seem open has
 * ended, and its end was not recorded.
 */
export const CALL_DEPTH_MAX = 64;

/**
 * The call of a full stack that has most likely ended: one of a kind that comes again inside of it,
 * as where the ends of that kind are not recorded, and not the call outside of them all, which goes
 * on.
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
