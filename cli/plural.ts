/**
 * `1 event`, `2 events`.
 * @param many the plural if it is not the noun with an s
 */
export const plural = (count: number | bigint, noun: string, many = `${noun}s`): string =>
  `${count} ${Number(count) === 1 ? noun : many}`;
