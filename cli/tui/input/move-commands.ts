/** Commands that move the cursor of the list or open and close its calls. */
import { withRows } from '../model/browser.js';
import { CLOCKS } from '../model/clock.js';
import { outward, toggled } from '../model/jumps.js';
import { type Command, EVENTS, moves, shows } from './command.js';

const half = (height: number) => Math.max(1, Math.floor(height / 2));

export const MOVES: readonly Command[] = [
  {
    keys: ['up', 'k', 'ctrl-p'],
    shown: '↑ k',
    help: 'one row up',
    in: EVENTS,
    run: moves((b) => b.cursor - 1),
  },
  {
    keys: ['down', 'j'],
    shown: '↓ j',
    help: 'one row down',
    in: EVENTS,
    run: moves((b) => b.cursor + 1),
  },
  {
    keys: ['pageup', 'ctrl-b'],
    shown: 'PgUp',
    help: 'one screen up',
    in: EVENTS,
    run: moves((b, height) => b.cursor - height),
  },
  {
    keys: ['pagedown', ' ', 'ctrl-f'],
    shown: 'PgDn space',
    help: 'one screen down',
    in: EVENTS,
    run: moves((b, height) => b.cursor + height),
  },
  {
    keys: ['ctrl-u'],
    shown: '^U',
    help: 'half a screen up',
    in: EVENTS,
    run: moves((b, height) => b.cursor - half(height)),
  },
  {
    keys: ['ctrl-d'],
    shown: '^D',
    help: 'half a screen down',
    in: EVENTS,
    run: moves((b, height) => b.cursor + half(height)),
  },
  { keys: ['g', 'home'], shown: 'g Home', help: 'first row', in: EVENTS, run: moves(() => 0) },
  {
    keys: ['G', 'end'],
    shown: 'G End',
    help: 'last row',
    in: EVENTS,
    run: moves((b) => b.rows.length - 1),
  },
  {
    keys: ['right', 'l'],
    shown: '→ l',
    help: 'open the call under the cursor (▸)',
    in: EVENTS,
    run: shows((b, height) => toggled(b, true, height) ?? b),
  },
  {
    keys: ['left', 'h'],
    shown: '← h',
    help: 'close the call (▾), or go to the call around it',
    in: EVENTS,
    run: shows(outward),
  },
  {
    keys: ['z'],
    help: 'every call as a row of its own, and folded again',
    in: EVENTS,
    run: shows((b, height) => withRows(b, { unfolded: !b.unfolded }, height, new Set())),
  },
  {
    keys: ['t'],
    help: 'times from the start, from the row above, by the wall clock',
    in: EVENTS,
    run: shows((b) => {
      const known = CLOCKS.filter((clock) => clock !== 'wall' || b.base.wallOffset !== null);
      return { ...b, clock: known[(known.indexOf(b.clock) + 1) % known.length] };
    }),
  },
];
