/** Runs the terminal UI. The folder cli/tui/ is the only place that knows ink and React. */
import { type TraceReader, zeroOf } from '../../traces/index.js';
import { openBrowser } from './browser.js';
import { painter } from './cell-text.js';
import { EventQueries } from './event-queries.js';
import { EventStore } from './event-store.js';
import { drawScreen, type Knowledge } from './screen.js';
import { sizeOf, Terminal } from './terminal.js';

const NOTHING_KNOWN: Knowledge = {
  stateAt: () => undefined,
  divergenceAt: () => undefined,
  divergences: () => null,
  progress: 0,
  problem: null,
};

/** Shows a trace until the user quits. Needs a terminal. */
export async function browse(reader: TraceReader, title: string, color: boolean): Promise<void> {
  const { stdin, stdout } = process;
  const store = new EventStore(reader);
  const queries = new EventQueries(reader);
  const scene = { title, start: zeroOf(reader) ?? 0n, paint: painter(color) };
  const terminal = new Terminal((text) => stdout.write(text));
  const forget = () => terminal.forget();
  const restore = () => {
    stdin.setRawMode(false);
    terminal.close();
  };
  const unwatch = watchSignals(restore);
  terminal.open();
  // Keys that are typed before ink listens wait for it instead of being echoed.
  stdin.setRawMode(true);
  stdout.on('resize', forget);
  let stop = () => {};
  try {
    // The first screen does not wait for ink, which takes its time to load.
    const knowledge = NOTHING_KNOWN;
    terminal.show(drawScreen(openBrowser(store), { ...scene, knowledge }, sizeOf(stdout)));
    await mountApp();
  } finally {
    stop();
    stdout.off('resize', forget);
    unwatch();
    restore();
    queries.close();
  }

  async function mountApp(): Promise<void> {
    const { mount } = await import('./app.js');
    const { ReplayKnowledge } = await import('./replay-status.js');
    const knowledge = new ReplayKnowledge(reader);
    stop = () => knowledge.stop();
    await mount({
      store,
      queries,
      scene: { ...scene, knowledge },
      show: (lines) => terminal.show(lines),
      onKnowledge: (redraw) => void knowledge.run(redraw),
      onKey: () => knowledge.rest(),
    });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whoever ends the program by a signal gets the terminal back as it was, too. */
function watchSignals(restore: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    restore();
    unwatch();
    process.kill(process.pid, signal);
  };
  const unwatch = () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return unwatch;
}
