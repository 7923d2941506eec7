/** Options that accept several values: repeated, or separated by commas. */

/**
 * Collects the values of an option. Unlike commander's `<value...>`, it never treats the following
 * arguments as values.
 * @param parse parses one value
 */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => [
    ...before,
    ...text.split(',').map(parse),
  ];
