/** The browser on a terminal for tests: keys in, screens out, with ink and all panes. */
import { mount } from '../cli/tui/app.js';
import { BackgroundWork } from '../cli/tui/background-work.js';
import { EventQueries, type Programs } from '../cli/tui/event-queries.js';
import { FrameStream, Keyboard } from '../cli/tui/ink-streams.js';
import { timeBaseOf } from '../cli/tui/model/clock.js';
import { EventStore } from '../cli/tui/model/event-store.js';
import type { Size } from '../cli/tui/panes/view.js';
import { Session } from '../cli/tui/session.js';
import { Terminal } from '../cli/tui/terminal.js';
import { measureWideText } from '../cli/tui/text/cell-text.js';
import { painter } from '../cli/tui/text/theme.js';
import type { TraceReader } from '../traces/index.js';
import { TestTerminal } from './test-terminal.js';

export interface OnScreen {
  readonly session: Session;
  readonly terminal: TestTerminal;
  readonly keyboard: Keyboard;
  /** What was copied and done by the host. */
  readonly done: string[];
  /** Presses keys, and waits for the answers to what they ask. */
  press(...keys: readonly string[]): Promise<void>;
  resize(size: Size): void;
  close(): void;
}

/** @param whole whether the background work is done before the first key */
export async function openOnScreen(
  reader: TraceReader,
  size: Size,
  {
    title = 't.arrows',
    whole = true,
    programs = null,
  }: { title?: string; whole?: boolean; programs?: Programs | null } = {},
): Promise<OnScreen> {
  await measureWideText();
  const store = new EventStore(reader);
  const queries = new EventQueries(reader, programs);
  const work = new BackgroundWork(store);
  const base = timeBaseOf(reader);
  const session = new Session({ title, store, queries, work, base, paint: painter(null) });
  const terminal = new TestTerminal();
  const writer = new Terminal(terminal.write);
  const stream = new FrameStream(size);
  const keyboard = new Keyboard({
    onMouse: (event) => session.mouse(event),
    onAnswer: () => {},
  });
  const done: string[] = [];
  const { draw, unmount } = mount({ session, stream, terminal: writer, keyboard });
  session.attach({
    copy: (text) => done.push(text),
    suspend: () => done.push('suspend'),
    quit: () => done.push('quit'),
    redraw: draw,
  });
  if (whole) await work.run(() => session.progressed());
  else work.begin();
  session.progressed();
  return {
    session,
    terminal,
    keyboard,
    done,
    press: async (...keys) => {
      for (const key of keys) {
        session.keys([key]);
        while (session.browser.looking) await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    resize: (next) => {
      stream.resize(next);
      writer.forget();
      draw();
    },
    close: () => {
      work.stop();
      unmount();
      queries.close();
    },
  };
}
