/** Runs the terminal UI. Only the folder cli/tui/ imports ink and React. */
import { type TraceReader, zeroOf } from '../../traces/index.js';
import { openBrowser } from './browser.js';
import { painter } from './cell-text.js';
import { EventQueries } from './event-queries.js';
import { EventStore } from './event-store.js';
import { drawScreen, type ReplayStatus } from './screen.js';
import { sizeOf, Terminal } from './terminal.js';

const NOTHING_REPLAYED: ReplayStatus = {
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
  const view = { title, start: zeroOf(reader) ?? 0n, paint: painter(color) };
  const terminal = new Terminal((text) => stdout.write(text));
  const forget = () => terminal.forget();
  const restore = () => {
    stdin.setRawMode(false);
    terminal.close();
  };
  const unwatch = watchSignals(restore);
  terminal.open();
  // Keys that are typed before ink listens are buffered instead of echoed.
  stdin.setRawMode(true);
  stdout.on('resize', forget);
  let stop = () => {};
  try {
    // The first screen does not wait for ink, which takes long to load.
    const replay = NOTHING_REPLAYED;
    terminal.show(drawScreen(openBrowser(store), { ...view, replay }, sizeOf(stdout)));
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
    const { BackgroundReplay } = await import('./background-replay.js');
    const replay = new BackgroundReplay(reader);
    stop = () => replay.stop();
    await mount({
      store,
      queries,
      view: { ...view, replay },
      show: (lines) => terminal.show(lines),
      onReplayProgress: (redraw) => void replay.run(redraw),
      onKey: () => replay.rest(),
    });
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Restores the terminal also when a signal ends the program. */
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
