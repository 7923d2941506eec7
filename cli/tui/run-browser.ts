/** Runs the terminal UI once its first screen is shown. */
import { basename } from 'node:path';
import { TraceReader } from '../../traces/index.js';
import { mount } from './app.js';
import { BackgroundWork } from './background-work.js';
import { type Begin, type BrowseOptions, firstPaint, type Host } from './browse-options.js';
import { EventQueries } from './event-queries.js';
import { compareBy, explainBy } from './explain-and-compare.js';
import { timeBaseOf } from './model/clock.js';
import { EventStore } from './model/event-store.js';
import { Session } from './session.js';
import { sizeOf } from './terminal.js';
import { type Paint, painter, themeFor } from './text/theme.js';

/**
 * Shows a trace until the user quits; opens it again when a part of it turns out to be damaged.
 * Returns what was shown last.
 */
export async function runBrowser(
  first: TraceReader,
  options: BrowseOptions,
  host: Host,
): Promise<TraceReader> {
  let paint = firstPaint(options.color, options.theme);
  let reader = first;
  let begin: Begin = options;
  for (;;) {
    const parts = sessionFor(reader, options.title, paint);
    const onTheme = (next: Paint) => {
      paint = next;
    };
    const end = await runSession(parts, begin, host, onTheme);
    if (end === 'quit') return reader;
    reader = new TraceReader(reader.source);
    begin = { at: end.at, where: null, other: null };
  }
}

interface Parts {
  readonly session: Session;
  readonly queries: EventQueries;
  readonly work: BackgroundWork;
}

/** The session of a trace, with the calls of its first events. */
function sessionFor(reader: TraceReader, title: string, paint: Paint): Parts {
  const store = new EventStore(reader);
  // A trace from a pipe has no file that another process could open.
  const isFile = reader.source.fd !== undefined;
  const [program, trace] = [process.argv[1], reader.source.name];
  const queries = new EventQueries(
    reader,
    isFile ? { explain: explainBy(program, trace), compare: compareBy(program, trace) } : null,
  );
  const work = new BackgroundWork(store);
  work.begin();
  const base = timeBaseOf(reader);
  const session = new Session({ title: basename(title), store, queries, work, base, paint });
  return { session, queries, work };
}

/** Why a session ended: the user quit, or the trace has to be opened again, at an event. */
type End = 'quit' | { readonly at: number | null };

async function runSession(
  { session, queries, work }: Parts,
  begin: Begin,
  { terminal, stream, keyboard, screen }: Host,
  onTheme: (paint: Paint) => void,
): Promise<End> {
  let draw = () => {};
  let unmount = () => {};
  keyboard.handlers = {
    onMouse: (event) => session.mouse(event),
    onAnswer: (text) => {
      const theme = themeFor(text);
      if (theme === null) return;
      onTheme(painter(theme));
      session.setPaint(painter(theme));
      draw();
    },
  };
  const onResize = () => {
    stream.resize(sizeOf(process.stdout));
    terminal.forget();
    draw();
  };
  process.stdout.on('resize', onResize);
  try {
    return await new Promise<End>((end) => {
      session.attach({
        quit: () => end('quit'),
        copy: (text) => terminal.copy(text),
        suspend: () => screen.suspend(() => draw()),
        redraw: () => draw(),
      });
      session.begin(begin);
      ({ draw, unmount } = mount({ session, stream, terminal, keyboard }));
      void work
        .run(() => session.progressed())
        .then((found) => {
          if (found === 'damage') end({ at: session.seq });
        });
    });
  } finally {
    draw = () => {};
    work.stop();
    unmount();
    process.stdout.off('resize', onResize);
    queries.close();
  }
}
