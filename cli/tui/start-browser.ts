/**
 * Starts the terminal UI: the first screen needs only what is known when the trace is opened, and
 * does not wait until the rest of the program is loaded.
 */
import { basename } from 'node:path';
import type { TraceReader } from '../../traces/index.js';
import { type BrowseOptions, firstPaint } from './browse-options.js';
import { FrameStream, Keyboard } from './ink-streams.js';
import { openBrowser } from './model/browser.js';
import { CallIndex } from './model/call-index.js';
import { timeBaseOf } from './model/clock.js';
import { EventStore } from './model/event-store.js';
import { NO_INSIGHTS } from './model/overview.js';
import { Lanes } from './panes/lanes-body.js';
import { overviewBody } from './panes/overview-body.js';
import { titleBody } from './panes/title-body.js';
import { NOTHING_DONE, type View } from './panes/view.js';
import { sizeOf, Terminal } from './terminal.js';
import { TerminalOwner } from './terminal-owner.js';
import { measureWideText, UNMEASURED } from './text/cell-text.js';

/** Shows a trace until the user quits. Needs a terminal. Returns what is known of it then. */
export async function browse(reader: TraceReader, options: BrowseOptions): Promise<TraceReader> {
  const { stdout } = process;
  const { theme, color, mouse, at, where, other } = options;
  const terminal = new Terminal((text) => stdout.write(text), mouse);
  const stream = new FrameStream(sizeOf(stdout));
  const keyboard = new Keyboard();
  const screen = new TerminalOwner(terminal, (text) => keyboard.feed(text));
  screen.take();
  try {
    if (theme === 'auto' && color) terminal.askBackground();
    if (at === null && where === null && other === null)
      showFirst(reader, options, stream, terminal);
    const [{ runBrowser }] = await Promise.all([import('./run-browser.js'), measureWideText()]);
    return await runBrowser(reader, options, { terminal, stream, keyboard, screen });
  } finally {
    screen.giveBack();
  }
}

/**
 * The overview without what takes reading the events. One whose text cannot be measured yet is left
 * to the rest of the program.
 */
function showFirst(
  reader: TraceReader,
  { title, color, theme, follow }: BrowseOptions,
  { columns, rows }: FrameStream,
  terminal: Terminal,
): void {
  const store = new EventStore(reader);
  const browser = openBrowser(store, new CallIndex(0), timeBaseOf(reader), NO_INSIGHTS);
  const view: View = {
    title: basename(title),
    work: { ...NOTHING_DONE, isGrowing: follow && reader.end === null },
    paint: firstPaint(color, theme),
  };
  const lanes = new Lanes(store, browser.base.start, view.work);
  const body = overviewBody(browser, view, lanes, columns, Math.max(0, rows - 2));
  const lines = [...titleBody(browser, view, columns), ...body];
  if (lines.some((line) => line.includes(UNMEASURED))) return;
  terminal.show(Array.from({ length: rows }, (_, i) => lines[i] ?? ''));
}
