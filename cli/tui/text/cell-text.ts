/** Text that occupies an exact number of cells of a terminal, whatever a recording contains. */
import stringWidth from 'string-width';
import { printable } from '../../printable.js';

/** Characters of one cell each; own texts have no others. */
const NARROW =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*$/;
/** Parts of a text that a terminal draws as one: a letter with its accents, an emoji. */
const PARTS = new Intl.Segmenter();

/** Cuts or pads to `width` cells. Characters that could disturb the screen are escaped. */
export function cells(text: string, width: number): string {
  if (width <= 0) return '';
  const plain = printable(text);
  if (!NARROW.test(plain)) return wideCells(plain, width);
  if (plain.length <= width) return plain.padEnd(width);
  return width === 1 ? '…' : `${plain.slice(0, width - 1)}…`;
}

/** Like `cells`, but at the right edge. */
export const cellsRight = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + cells(text, Math.min(width, widthOf(text)));

/** How many cells a text takes. */
export const widthOf = (text: string): number =>
  NARROW.test(text) ? text.length : stringWidth(text);

function wideCells(text: string, width: number): string {
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
