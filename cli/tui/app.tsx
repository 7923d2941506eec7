/**
 * The ink component: it passes keys and sizes to the browser and shows its screens. Ink does not
 * draw them, because it would take 20 ms to lay out a screen that is laid out already.
 */
import { render, useApp, useInput, useStdout } from 'ink';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type Browser,
  filtered,
  moveTo,
  openBrowser,
  type Request,
  type Search,
  type Step,
} from './browser.js';
import { press } from './browser-commands.js';
import type { EventQueries } from './event-queries.js';
import type { EventStore } from './event-store.js';
import { found } from './jumps.js';
import { keyNames } from './key-names.js';
import { drawScreen, listRows, type Size, type ViewModel } from './screen.js';
import { sizeOf } from './terminal.js';

export interface AppProps {
  readonly store: EventStore;
  readonly queries: EventQueries;
  readonly view: ViewModel;
  /** Writes the lines of a screen to the terminal. */
  readonly show: (lines: readonly string[]) => void;
  /** Called with a function to call when the replay has progressed. */
  readonly onReplayProgress: (redraw: () => void) => void;
  /** Called for every key. */
  readonly onKey: () => void;
}

/** Shows the application on the terminal until the user quits. */
export async function mount(props: AppProps): Promise<void> {
  await render(<App {...props} />, { patchConsole: false }).waitUntilExit();
}

export function App(props: AppProps): null {
  const { store, queries, view, show, onReplayProgress, onKey } = props;
  const { exit } = useApp();
  const size = useSize();
  const rows = listRows(size);
  // Keys arrive faster than React renders, so their state is kept outside of React's.
  const model = useRef<Browser>(null);
  model.current ??= openBrowser(store);
  const sizeNow = useRef(size);
  sizeNow.current = size;

  // Only the answer to the last request is used, and none after the end.
  const asked = useRef(0);
  const ended = useRef(false);

  const draw = useCallback(() => {
    if (ended.current) return;
    const now = sizeNow.current;
    const browser = moveTo(model.current!, model.current!.cursor, listRows(now));
    model.current = browser;
    show(drawScreen(browser, view, now));
  }, [view, show]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size is another screen
  useEffect(draw, [draw, size]);
  useEffect(() => onReplayProgress(draw), [onReplayProgress, draw]);

  useInput((input, key) => {
    onKey();
    for (const name of keyNames(input, key)) {
      const { browser, request } = pressSafely(model.current!, name, rows);
      model.current = browser;
      if (request === undefined) continue;
      asked.current++;
      queries.cancel();
      if (request.type === 'quit') {
        ended.current = true;
        return exit();
      }
      if (request.type !== 'cancel') void answer(request, asked.current);
    }
    draw();
  });

  async function answer(request: Question, number: number): Promise<void> {
    const browser = await browserAfter(request, props, rows).catch(showError);
    if (number !== asked.current) return;
    model.current = browser(model.current!);
    draw();
  }

  return null;
}

/** The browser with the answer to a request. */
async function browserAfter(
  request: Question,
  { queries, view }: AppProps,
  rows: number,
): Promise<(browser: Browser) => Browser> {
  if (request.type === 'filter') {
    const seqs = await queries.where(request.condition);
    return (browser) => filtered(browser, request.condition, seqs, rows);
  }
  const search = await searchFor(request, queries, view);
  if (search === null) return showError(new Error(NOT_REPLAYED));
  return (browser) => found(browser, search, rows);
}

async function searchFor(
  request: Exclude<Question, { type: 'filter' }>,
  queries: EventQueries,
  view: ViewModel,
): Promise<Search | null> {
  if (request.type === 'search') {
    return { what: `"${request.text}"`, seqs: await queries.containing(request.text) };
  }
  if (request.type === 'races') return queries.races();
  const seqs = view.replay.divergences();
  return seqs === null ? null : { what: 'a divergence', seqs };
}

/** A request that is answered later. */
type Question = Exclude<Request, { type: 'quit' | 'cancel' }>;

const NOT_REPLAYED = 'Divergences are known when all of the trace is replayed.';

/** Shows an error in the browser. */
const showError =
  (error: Error) =>
  (browser: Browser): Browser => ({
    ...browser,
    looking: false,
    message: error.message.split('\n')[0],
  });

/** A jump may have to read a damaged part of the trace. */
function pressSafely(browser: Browser, name: string, rows: number): Step {
  try {
    return press(browser, name, rows);
  } catch (error) {
    return { browser: { ...browser, message: (error as Error).message } };
  }
}

/** Size of the terminal, updated when it changes. */
function useSize(): Size {
  const { stdout } = useStdout();
  const read = () => sizeOf(stdout);
  const [size, setSize] = useState<Size>(read);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `read` depends on stdout alone
  useEffect(() => {
    const onResize = () => setSize(read());
    stdout.on('resize', onResize);
    return () => {
      stdout.off('resize', onResize);
    };
  }, [stdout]);
  return size;
}
