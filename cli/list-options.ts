/** Options of which several may be given: repeated, or separated by commas. */

/**
 * Collects the values of an option; what is no option is never taken for one, as it is by
 * commander's `<value...>`.
 * @param parse one of the values
 */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string, before: readonly T[] = []): readonly T[] => [
    ...before,
    ...text.split(',').map(parse),
  ];
