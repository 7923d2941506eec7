/**
 * Checks a condition that only a programming error can break. Assertions stay on in production: a
 * recorder that continued in an unforeseen state would write a recording that nobody could trust.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
