/** Puts conditions of users into SQL of vfr. */

/**
 * The condition gets lines of its own, so that DuckDB shows only it in an error message, and a
 * comment at its end does not hide what follows.
 */
export const where = (condition: string): string => `WHERE (\n${condition}\n)`;
