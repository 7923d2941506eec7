/** The rows of the list of events. */
import type { Browser } from '../model/browser.js';
import { cells } from '../text/cell-text.js';
import { callLine, headingLine, type RowContext } from '../text/row-line.js';
import type { Paint } from '../text/theme.js';
import type { View } from './view.js';

const NOTHING: ReadonlySet<number> = new Set();

/**
 * The heading and the visible rows, each exactly as wide as the pane.
 * @param differing positions of the rows that differ in another trace
 */
export function listBody(
  browser: Browser,
  { paint }: View,
  width: number,
  height: number,
  differing: ReadonlySet<number> = NOTHING,
): string[] {
  const { store, calls, rows, top, cursor, search, clock, base } = browser;
  const { registerAt } = browser.overview.insights;
  const needle = search?.text?.toLowerCase() ?? '';
  const context: RowContext = { store, calls, clock, base, width, needle, registerAt };
  const lines = [paint('strong', headingLine(width, clock))];
  let before = top === 0 ? null : timeAt(browser, top - 1);
  for (let row = top; row < Math.min(top + height - 1, rows.length); row++) {
    const position = rows.positionAt(row);
    const selected = row === cursor;
    const depth = browser.unfolded ? calls.ancestors(position).length : rows.depthAt(row);
    const opened = rows.opened.has(position);
    const differs = differing.has(position);
    const line = readable(
      () =>
        callLine({ position, depth, opened, differs, before }, context, selected ? plain : paint),
      (problem) => cells(`${store.seqAt(position)} ${problem}`, width),
    );
    lines.push(selected ? paint('cursor', line) : line);
    before = timeAt(browser, row);
  }
  return lines;
}

const plain: Paint = (_tone, text) => text;

function timeAt({ store, rows }: Browser, row: number): bigint | null {
  return readable(
    () => {
      const ref = store.atPosition(rows.positionAt(row));
      return ref === null ? null : ref.batch.column('ts').big(ref.row);
    },
    () => null,
  );
}

/** Shows the error in place of the damaged part; the rest of the trace stays visible. */
export function readable<T>(read: () => T, instead: (problem: string) => T): T {
  try {
    return read();
  } catch (error) {
    return instead((error as Error).message);
  }
}
