/**
 * Text with characters that take no cell, or two. It is a module of its own since its tables
 * take a tenth of the time to the first screen: see `measureWideText`.
 */
import stringWidth from 'string-width';

export { stringWidth };

/** Parts of a text that a terminal draws as one: a letter with its accents, an emoji. */
const PARTS = new Intl.Segmenter();

/** Cuts or pads to `width` cells. */
export function wideCells(text: string, width: number): string {
  const whole = stringWidth(text);
  if (whole <= width) return text + ' '.repeat(width - whole);
  let cut = '';
  let used = 0;
  for (const { segment } of PARTS.segment(text)) {
    const more = stringWidth(segment);
    if (used + more > width - 1) break;
    cut += segment;
    used += more;
  }
  return `${cut}…${' '.repeat(width - used - 1)}`;
}
