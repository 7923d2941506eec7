/** Texts on lines of a width. */
import { cells, widthOf } from './cell-text.js';

/** Texts in sequence, as many per line as fit; a longer one is cut into lines. */
export function flowed(texts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const text of texts) {
    const joined = line === '' ? text : `${line}   ${text}`;
    if (line === '' || widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    lines.push(line);
    line = text;
  }
  const all = line === '' ? lines : [...lines, line];
  return all.flatMap((one) => cut(one, width)).map((one) => cells(one, width));
}

/** Parts of a text that fit lines; all of one character's cells are in one part. */
function cut(text: string, width: number): string[] {
  const size = Math.max(1, widthOf(text) > text.length ? Math.floor(width / 2) : width);
  const count = Math.max(1, Math.ceil(text.length / size));
  return Array.from({ length: count }, (_, i) => text.slice(i * size, (i + 1) * size));
}
