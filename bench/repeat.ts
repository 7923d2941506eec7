/** Recordings as long as real ones get, made of short ones: repeated, with their times going on. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Seconds since 1970 where strace -ttt (after the pid, if any) and QEMU (after `@`) have them. */
const SECONDS = /^((?:\d+@|(?:\[pid +)?\d+\]? +)?)(\d{10})(?=\.\d)/gm;

/** Writes a text to `output` as often as it takes to have `bytes`, each time later than before. */
export function repeatText(inputs: readonly string[], output: string, bytes: number): void {
  const text = inputs.map((input) => readFileSync(input, 'latin1')).join('');
  const seconds = [...text.matchAll(SECONDS)].map((match) => Number(match[2]));
  const [first, last] = seconds.reduce(
    ([low, high], s) => [Math.min(low, s), Math.max(high, s)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  const span = seconds.length === 0 ? 0 : last - first + 1;
  const fd = openSync(output, 'w');
  try {
    for (let written = 0, i = 0; written < bytes; i++) {
      const later = (_: string, before: string, s: string) => `${before}${Number(s) + i * span}`;
      const copy = i === 0 || span === 0 ? text : text.replace(SECONDS, later);
      written += writeSync(fd, copy, null, 'latin1');
    }
  } finally {
    closeSync(fd);
  }
}
