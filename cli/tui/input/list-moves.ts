/** Commands that move the cursor of a list that is not the list of events. */

import type { Browser } from '../model/browser.js';
import { type Command, type Context, type Run, shows } from './command.js';

/** By a number of rows, or to an end of the list. */
type Move = number | 'first' | 'last';

/** Moves a cursor in a list, up to its row `last`; the list of events has `height` rows. */
export type MoveCursor = (
  browser: Browser,
  to: (cursor: number, last: number) => number,
  height: number,
) => Browser;

/** The commands of a list, by how its cursor is changed. */
export function listMoves(contexts: readonly Context[], change: MoveCursor): readonly Command[] {
  const run = (move: Move): Run =>
    shows((browser, height) => {
      const to = (cursor: number, last: number) => {
        const at = move === 'first' ? 0 : move === 'last' ? last : cursor + move;
        return Math.min(last, Math.max(0, at));
      };
      return change(browser, to, height);
    });
  return [
    { keys: ['up', 'k'], shown: '↑ k', help: 'one row up', in: contexts, run: run(-1) },
    { keys: ['down', 'j'], shown: '↓ j', help: 'one row down', in: contexts, run: run(1) },
    { keys: ['pageup'], shown: 'PgUp', help: 'ten rows up', in: contexts, run: run(-10) },
    {
      keys: ['pagedown', ' '],
      shown: 'PgDn space',
      help: 'ten rows down',
      in: contexts,
      run: run(10),
    },
    { keys: ['g', 'home'], shown: 'g Home', help: 'first row', in: contexts, run: run('first') },
    { keys: ['G', 'end'], shown: 'G End', help: 'last row', in: contexts, run: run('last') },
  ];
}
