/** Runs the terminal UI once its first screen is shown. */
import { basename } from 'node:path';
import { type ByteSource, type Checks, TraceReader } from '../../traces/index.js';
import { mount } from './app.js';
import { BackgroundWork } from './background-work.js';
import { type Begin, type BrowseOptions, firstPaint, type Host } from './browse-options.js';
import { EventQueries } from './event-queries.js';
import { compareBy, explainBy } from './explain-and-compare.js';
import { followed } from './growing-trace.js';
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
    // A trace that has an end is not being recorded any more.
    const isGrowing = options.follow && reader.end === null;
    const parts = sessionFor(reader, { title: options.title, paint, isGrowing });
    const onTheme = (next: Paint) => {
      paint = next;
    };
    const end = await runSession(parts, begin, host, onTheme);
    if (end.type === 'quit') return parts.store.reader;
    reader = new TraceReader(end.source, end.checks);
    begin = end.place;
  }
}

interface Parts {
  readonly session: Session;
  readonly queries: EventQueries;
  readonly work: BackgroundWork;
  readonly store: EventStore;
}

/** The session of a trace, with the calls of its first events. */
function sessionFor(
  reader: TraceReader,
  { title, paint, isGrowing }: { title: string; paint: Paint; isGrowing: boolean },
): Parts {
  const store = new EventStore(reader);
  // A trace from a pipe has no file that another process could open.
  const isFile = reader.source.fd !== undefined;
  const [program, trace] = [process.argv[1], reader.source.name];
  const queries = new EventQueries(
    reader,
    isFile ? { explain: explainBy(program, trace), compare: compareBy(program, trace) } : null,
  );
  const work = new BackgroundWork(store, isGrowing);
  work.begin();
  const base = timeBaseOf(reader);
  const session = new Session({ title: basename(title), store, queries, work, base, paint });
  return { session, queries, work, store };
}

/** Why a session ended: the user quit, or the trace has to be opened again, at a place. */
type End =
  | { readonly type: 'quit' }
  | ({ readonly type: 'again'; readonly place: Begin } & OpenAgain);

interface OpenAgain {
  readonly source: ByteSource;
  readonly checks: Checks;
}

async function runSession(
  parts: Parts,
  begin: Begin,
  { terminal, stream, keyboard, screen }: Host,
  onTheme: (paint: Paint) => void,
): Promise<End> {
  const { session, queries, work } = parts;
  const stop = new AbortController();
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
    return await new Promise<End>((end, fail) => {
      session.attach({
        quit: () => end({ type: 'quit' }),
        copy: (text) => terminal.copy(text),
        suspend: () => screen.suspend(() => draw()),
        redraw: () => draw(),
      });
      session.begin(begin);
      ({ draw, unmount } = mount({ session, stream, terminal, keyboard }));
      void worked(parts, stop.signal).then((again) => {
        if (again !== null) end({ type: 'again', place: session.place, ...again });
      }, fail);
    });
  } finally {
    draw = () => {};
    stop.abort();
    work.stop();
    unmount();
    process.stdout.off('resize', onResize);
    queries.close();
  }
}

/** Does the background work. Returns what to open again: a damaged trace, or one that has ended. */
async function worked(
  { session, work, store }: Parts,
  signal: AbortSignal,
): Promise<OpenAgain | null> {
  const found = await work.run(() => session.progressed());
  if (found === 'damage') return { source: store.reader.source, checks: 'now' };
  if (found === 'stopped' || !work.isGrowing) return null;
  const whole = await followed(store.reader, (reader) => session.grow(reader), signal);
  return whole === null ? null : { source: whole, checks: 'later' };
}
