/** Text of traces, which may contain anything, and numbers, for people to read. */

/** Characters that a browser does not show, or that turn the direction of text. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu;

/** The text with hidden characters as their code. */
export const visible = (text: string): string =>
  text.replace(HIDDEN, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);

/** A signed duration in nanoseconds for people. */
export function duration(ns: number): string {
  for (const [unit, size] of UNITS)
    if (Math.abs(ns) >= size) return `${Number((ns / size).toPrecision(4))} ${unit}`;
  return `${ns} ns`;
}

const UNITS = [
  ['s', 1e9],
  ['ms', 1e6],
  ['µs', 1e3],
] as const;

/** `1 race`, `2 races`. */
export const counted = (count: number, noun: string, many = `${noun}s`): string =>
  `${count} ${count === 1 ? noun : many}`;
