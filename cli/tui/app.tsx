/**
 * The ink component: keys and sizes go to the browser, screens come out of it. Ink does not draw
 * them: it takes every character of a frame apart to lay it out, 20 ms for a screen that is laid
 * out already.
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
import { drawScreen, listRows, type Scene, type Size } from './screen.js';
import { sizeOf } from './terminal.js';

export interface AppProps {
  readonly store: EventStore;
  readonly queries: EventQueries;
  readonly scene: Scene;
  /** Puts the lines of a screen on the terminal. */
  readonly show: (lines: readonly string[]) => void;
  /** Called with a function to be called when the knowledge of the scene has grown. */
  readonly onKnowledge: (redraw: () => void) => void;
  /** Called at every key. */
  readonly onKey: () => void;
}

/** Shows the application on the terminal until the user quits. */
export async function mount(props: AppProps): Promise<void> {
  await render(<App {...props} />, { patchConsole: false }).waitUntilExit();
}

export function App(props: AppProps): null {
  const { store, queries, scene, show, onKnowledge, onKey } = props;
  const { exit } = useApp();
  const size = useSize();
  const rows = listRows(size);
  // Keys come faster than React renders, so what they act on is kept outside of its state.
  const model = useRef<Browser>(null);
  model.current ??= openBrowser(store);
  const sizeNow = useRef(size);
  sizeNow.current = size;

  // Only the answer to the question asked last is wanted, and none after the end.
  const asked = useRef(0);
  const ended = useRef(false);

  const draw = useCallback(() => {
    if (ended.current) return;
    const now = sizeNow.current;
    const browser = moveTo(model.current!, model.current!.cursor, listRows(now));
    model.current = browser;
    show(drawScreen(browser, scene, now));
  }, [scene, show]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another size is another screen
  useEffect(draw, [draw, size]);
  useEffect(() => onKnowledge(draw), [onKnowledge, draw]);

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
    const browser = await browserAfter(request, props, rows).catch(told);
    if (number !== asked.current) return;
    model.current = browser(model.current!);
    draw();
  }

  return null;
}

/** What the answer to a request makes of a browser. */
async function browserAfter(
  request: Question,
  { queries, scene }: AppProps,
  rows: number,
): Promise<(browser: Browser) => Browser> {
  if (request.type === 'filter') {
    const seqs = await queries.where(request.condition);
    return (browser) => filtered(browser, request.condition, seqs, rows);
  }
  const search = await searchFor(request, queries, scene);
  if (search === null) return told(new Error(NOT_REPLAYED));
  return (browser) => found(browser, search, rows);
}

async function searchFor(
  request: Exclude<Question, { type: 'filter' }>,
  queries: EventQueries,
  scene: Scene,
): Promise<Search | null> {
  if (request.type === 'search') {
    return { what: `"${request.text}"`, seqs: await queries.containing(request.text) };
  }
  if (request.type === 'races') return queries.races();
  const seqs = scene.knowledge.divergences();
  return seqs === null ? null : { what: 'a divergence', seqs };
}

/** A request that is answered later. */
type Question = Exclude<Request, { type: 'quit' | 'cancel' }>;

const NOT_REPLAYED = 'Divergences are known when all of the trace is replayed.';

/** Says in the browser what went wrong. */
const told =
  (error: Error) =>
  (browser: Browser): Browser => ({
    ...browser,
    looking: false,
    message: error.message.split('\n')[0],
  });

/** A jump may have to read a part of the trace that is damaged. */
function pressSafely(browser: Browser, name: string, rows: number): Step {
  try {
    return press(browser, name, rows);
  } catch (error) {
    return { browser: { ...browser, message: (error as Error).message } };
  }
}

/** Size of the terminal, now and after it changed. */
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
