/** Text that occupies an exact number of cells, whatever a recording contains. */

/**
 * Cuts or pads to `width` cells. Characters that may be wider or narrower than one cell are shown
 * as `?`, control characters as `·`: aligned columns matter more than their exact content.
 */
export function cells(text: string, width: number): string {
  if (width <= 0) return '';
  const plain = singleCells(text);
  if (plain.length <= width) return plain.padEnd(width);
  return width === 1 ? '…' : `${plain.slice(0, width - 1)}…`;
}

/** Like `cells`, but at the right edge. */
export const cellsRight = (text: string, width: number): string =>
  text.length >= width ? cells(text, width) : text.padStart(width);

/** The same text with one cell per UTF-16 unit. */
export function singleCells(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f\u00ad]/g, '·')
    .replace(/[\ud800-\udbff][\udc00-\udfff]/g, '?')
    .replace(/[^\u0020-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u259f]/g, '?');
}

export type Tone = 'plain' | 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan' | 'reverse';

const SGR: Record<Tone, string> = {
  plain: '',
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
  reverse: '7',
};

/** Applies a tone to text; without colour, only what a monochrome terminal can do. */
export type Paint = (tone: Tone, text: string) => string;

export const painter =
  (color: boolean): Paint =>
  (tone, text) => {
    const sgr = color || tone === 'bold' || tone === 'reverse' ? SGR[tone] : '';
    return sgr === '' ? text : `\u001b[${sgr}m${text}\u001b[0m`;
  };
