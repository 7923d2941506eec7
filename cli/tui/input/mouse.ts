/** Reports of the mouse, as terminals send them with decimal numbers (XTerm, mode 1006). */

export interface MouseEvent {
  readonly type: 'press' | 'drag' | 'wheel up' | 'wheel down';
  /** From 0. */
  readonly column: number;
  readonly row: number;
}

/** The report without its escape character; the final letter is `m` for a release. */
const REPORT = /^\[<(\d+);(\d+);(\d+)([Mm])$/;
const DRAG = 32;
const WHEEL = 64;

/** The event that a sequence reports; null for other sequences, releases and other buttons. */
export function mouseEvent(sequence: string): MouseEvent | null {
  const match = REPORT.exec(sequence);
  if (match === null || match[4] === 'm') return null;
  const button = Number(match[1]);
  const [column, row] = [Number(match[2]) - 1, Number(match[3]) - 1];
  if (button === WHEEL) return { type: 'wheel up', column, row };
  if (button === WHEEL + 1) return { type: 'wheel down', column, row };
  if (button === 0) return { type: 'press', column, row };
  return button === DRAG ? { type: 'drag', column, row } : null;
}
