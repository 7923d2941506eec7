/** Text that occupies an exact number of cells of a terminal, whatever a recording contains. */
import { printable } from '../../printable.js';

/** Characters of one cell each; own texts have no others. */
const NARROW =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc]*$/;

/** What takes the place of text that is not narrow until `measureWideText` has ended. */
export const UNMEASURED = '\ufffd';

let wide: typeof import('./wide-text.js') | null = null;

/** Prepares measuring text that is not narrow. The first screen comes sooner without it. */
export async function measureWideText(): Promise<void> {
  wide = await import('./wide-text.js');
}

/** Cuts or pads to `width` cells. Characters that could disturb the screen are escaped. */
export function cells(text: string, width: number): string {
  if (width <= 0) return '';
  const plain = printable(text);
  if (!NARROW.test(plain))
    return wide === null ? UNMEASURED.padEnd(width) : wide.wideCells(plain, width);
  if (plain.length <= width) return plain.padEnd(width);
  return width === 1 ? '…' : `${plain.slice(0, width - 1)}…`;
}

/** Like `cells`, but at the right edge. */
export const cellsRight = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - widthOf(text))) + cells(text, Math.min(width, widthOf(text)));

/** How many cells a text takes. */
export const widthOf = (text: string): number =>
  NARROW.test(text) || wide === null ? text.length : wide.stringWidth(text);
