/** Runs the terminal UI. Only the folder cli/tui/ imports ink and React. */
import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import type { TraceReader } from '../../traces/index.js';
import { BackgroundWork } from './background-work.js';
import { EventQueries } from './event-queries.js';
import { FrameStream, Keyboard } from './ink-streams.js';
import { timeBaseOf } from './model/clock.js';
import { EventStore } from './model/event-store.js';
import { Session } from './session.js';
import { sizeOf, Terminal } from './terminal.js';
import { painter, type ThemeName, themeFor } from './text/theme.js';
import { compareBy, explainBy } from './vfr-process.js';

export interface BrowseOptions {
  /** The trace's file; the first line has its last part. */
  readonly title: string;
  readonly color: boolean;
  readonly theme: ThemeName;
  readonly mouse: boolean;
  /** The event to begin at; null for the overview. */
  readonly at: number | null;
  /** A condition to begin with; null for none. */
  readonly where: string | null;
  /** A trace to compare with; null for no other. */
  readonly other: string | null;
}

/** Shows a trace until the user quits. Needs a terminal. */
export async function browse(reader: TraceReader, options: BrowseOptions): Promise<void> {
  const { stdout } = process;
  const { session, queries, work } = sessionFor(reader, options);
  const terminal = new Terminal((text) => stdout.write(text), options.mouse);
  const stream = new FrameStream(sizeOf(stdout));
  let draw = () => {};
  const keyboard = new Keyboard({
    onMouse: (event) => session.mouse(event),
    onAnswer: (text) => {
      const theme = themeFor(text);
      if (theme === null) return;
      session.setPaint(painter(theme));
      draw();
    },
  });
  const screen = new TerminalOwner(terminal, (text) => keyboard.feed(text));
  const onResize = () => {
    stream.resize(sizeOf(stdout));
    terminal.forget();
    draw();
  };
  screen.take();
  stdout.on('resize', onResize);
  let unmount = () => {};
  try {
    const { at, where, other, theme, color } = options;
    if (theme === 'auto' && color) terminal.askBackground();
    if (at === null && where === null) showFirst(session, stream, terminal);
    const { mount } = await import('./app.js');
    await new Promise<void>((quit) => {
      session.attach({
        quit,
        copy: (text) => terminal.copy(text),
        suspend: () => screen.suspend(() => draw()),
        redraw: () => draw(),
      });
      if (at !== null) session.beginAt(at);
      if (where !== null) session.ask({ type: 'filter', condition: where });
      if (other !== null) session.ask({ type: 'compare', file: other });
      const mounted = mount({ session, stream, terminal, keyboard });
      ({ draw, unmount } = mounted);
      void work.run(() => session.progressed());
    });
  } finally {
    draw = () => {};
    work.stop();
    unmount();
    stdout.off('resize', onResize);
    screen.giveBack();
    queries.close();
  }
}

/** The session of a trace, with the calls of its first events. */
function sessionFor(reader: TraceReader, { title, theme, color }: BrowseOptions) {
  const store = new EventStore(reader);
  // A trace from a pipe has no file that another process could open.
  const isFile = reader.source.fd !== undefined;
  const [program, trace] = [process.argv[1], reader.source.name];
  const queries = new EventQueries(
    reader,
    isFile ? { explain: explainBy(program, trace), compare: compareBy(program, trace) } : null,
  );
  const work = new BackgroundWork(store);
  const base = timeBaseOf(reader);
  const paint = painter(color ? (theme === 'light' ? 'light' : 'dark') : null);
  work.begin();
  const session = new Session({ title: basename(title), store, queries, work, base, paint });
  return { session, queries, work };
}

/** The first screen does not wait for ink, which takes long to load: it has one pane only. */
function showFirst(session: Session, stream: FrameStream, terminal: Terminal): void {
  const { columns, rows } = stream;
  const { status } = session.frame(stream);
  const height = Math.max(0, rows - 2);
  const place = { column: 0, width: columns };
  session.setPlaces(
    new Map([
      ['title', { ...place, row: 0, height: 1 }],
      ['overview', { ...place, row: 1, height }],
    ]),
  );
  const lines = ['', ...Array.from({ length: height }, () => ''), status];
  terminal.show(lines.slice(0, rows), session.rectangles());
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Has the terminal, and gives it back whatever ends the program. */
class TerminalOwner {
  constructor(
    private readonly terminal: Terminal,
    private readonly onInput: (text: string) => void,
  ) {}

  take(): void {
    const { stdin } = process;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.on('exit', this.#onExit);
    stdin.setEncoding('utf8');
    stdin.on('data', this.onInput);
    this.#open();
  }

  giveBack(): void {
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    process.off('exit', this.#onExit);
    process.stdin.off('data', this.onInput);
    process.stdin.pause();
    this.#close();
  }

  /** Stops the program as Ctrl-Z does elsewhere. @param resumed called when it goes on */
  suspend(resumed: () => void): void {
    this.#close();
    process.once('SIGCONT', () => {
      this.#open();
      resumed();
    });
    process.kill(0, 'SIGTSTP');
  }

  #open(): void {
    this.terminal.open();
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  #close(): void {
    process.stdin.setRawMode(false);
    this.terminal.close();
  }

  readonly #onSignal = (signal: NodeJS.Signals) => {
    this.giveBack();
    process.kill(process.pid, signal);
  };

  /** A crash ends the program without the code that gives the terminal back. */
  readonly #onExit = () => {
    process.stdin.setRawMode(false);
    writeSync(process.stdout.fd, this.terminal.closing);
  };
}
