/** What a second trace has otherwise, and the second trace itself. */
import type { Beside } from '../model/browser.js';
import { cells } from '../text/cell-text.js';
import { flowed } from '../text/flowed-text.js';
import type { Paint } from '../text/theme.js';
import { listBody } from './list-body.js';
import { around } from './pane-lists.js';
import type { View } from './view.js';

const GROUP_WIDTH = 8;
const SEQ_WIDTH = 9;
const WIDTH_FOR_PLACES = 60;
/** Lines for the whole text of the difference under the cursor. */
const WHOLE_LINES = 3;

/** What differs: its group, the events in both traces, and what it is. */
export function diffBody(
  { differences }: Beside,
  cursor: number,
  [width, height]: readonly [width: number, height: number],
  paint: Paint,
): string[] {
  const place = width < WIDTH_FOR_PLACES ? 0 : SEQ_WIDTH;
  const columns = (group: string, a: string, b: string, text: string) => {
    const parts = [cells(group, GROUP_WIDTH), cells(a, place), cells(b, place), text];
    return cells(parts.filter((part) => part !== '').join(' '), width);
  };
  const lineOf = (index: number) => {
    const { group, a, b, text } = differences[index];
    return columns(group, String(a ?? '-'), String(b ?? '-'), text);
  };
  // The difference under the cursor is shown whole.
  const chosen = differences[cursor]?.text ?? '';
  const whole = flowed([chosen], width).slice(0, height > 5 ? WHOLE_LINES : 0);
  const room = height - 1 - whole.length;
  return [
    paint('strong', columns('group', 'seq in A', 'in B', 'what')),
    ...around(differences.length, cursor, room, lineOf, paint),
    ...whole.map((line) => paint('notable', line)),
  ];
}

/** The list of the second trace. */
export const besideBody = (
  { browser, differing }: Beside,
  view: View,
  [width, height]: readonly [width: number, height: number],
): string[] => listBody(browser, view, width, height, differing.b);
