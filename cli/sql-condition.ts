/** Conditions that users write, in SQL of ours. */

/**
 * A condition has lines of its own: DuckDB then shows nothing else when it tells what is wrong with
 * it, and a comment at its end does not hide what follows.
 */
export const where = (condition: string): string => `WHERE (\n${condition}\n)`;
