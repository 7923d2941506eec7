/** The title: where the cursor is, in which list, and what is still being done. */
import { plural } from '../../plural.js';
import type { Browser } from '../model/browser.js';
import { cells } from '../text/cell-text.js';
import { doingText, type View } from './view.js';

/** The first line of the screen: where the cursor is, in which list. */
export function titleBody(browser: Browser, { title, work, paint }: View, width: number): string[] {
  const { store, rows, cursor, filter, hidden, screen, newEvents } = browser;
  const where =
    screen === 'overview'
      ? ''
      : rows.length === 0
        ? '  no events'
        : `  row ${cursor + 1} of ${rows.length}, seq ${store.seqAt(rows.positionAt(cursor))}`;
  const filtered = filter === null ? '' : `  ${filter.text}`;
  const kinds = [...hidden].filter((kind) => store.reader.dictionaries.kind.includes(kind));
  const without = kinds.length === 0 ? '' : `  without ${kinds.join(', ')} (+ shows them)`;
  const busy = work.stage === 'done' ? '' : `  ${doingText(work)}`;
  const news = newEvents === 0 ? '' : `  ${plural(newEvents, 'new event')} (G: to the end)`;
  return [paint('title', cells(` ${title}${where}${filtered}${without}${busy}${news}`, width))];
}
