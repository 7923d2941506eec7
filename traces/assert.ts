/**
 * States something that only a programmer's error can break. Assertions stay on in production: a
 * recorder that goes on in a state nobody thought of writes a recording nobody can trust.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}
