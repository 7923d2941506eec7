/** The ink component: keys go to the browser, screens come out of it as one block of text. */
import { render, Text, useApp, useInput, useStdout } from 'ink';
import { type ReactElement, useCallback, useEffect, useRef, useState } from 'react';
import {
  type Browser,
  filtered,
  found,
  moveTo,
  openBrowser,
  press,
  type Request,
  type Step,
} from './browser.js';
import { keyNames } from './keys.js';
import type { EventQueries } from './queries.js';
import { drawScreen, listRows, type Scene, type Size } from './screen.js';
import type { EventStore } from './store.js';

export interface AppProps {
  readonly store: EventStore;
  readonly queries: EventQueries;
  readonly scene: Scene;
  /** Called with a function to be called when the knowledge of the scene has grown. */
  readonly onKnowledge: (redraw: () => void) => void;
  /** Called at every key. */
  readonly onKey: () => void;
}

/** Shows the application on the terminal until the user quits. */
export async function mount(props: AppProps): Promise<void> {
  await render(<App {...props} />, { patchConsole: false }).waitUntilExit();
}

export function App({ store, queries, scene, onKnowledge, onKey }: AppProps): ReactElement {
  const { exit } = useApp();
  const size = useSize();
  const rows = listRows(size);
  // Keys may come faster than frames, so what they act on is kept outside of React's state.
  const model = useRef<Browser>(null);
  model.current ??= openBrowser(store);
  const [, setFrame] = useState(0);
  const redraw = useCallback(() => setFrame((n) => n + 1), []);
  const show = (browser: Browser) => {
    model.current = browser;
    redraw();
  };
  useEffect(() => onKnowledge(redraw), [onKnowledge, redraw]);

  useInput((input, key) => {
    onKey();
    for (const name of keyNames(input, key)) {
      const { browser, request } = pressSafely(model.current!, name, rows);
      show(browser);
      if (request?.type === 'quit') return exit();
      if (request !== undefined) void answer(request);
    }
  });

  async function answer(request: Exclude<Request, { type: 'quit' }>): Promise<void> {
    try {
      if (request.type === 'filter') {
        const seqs = await queries.where(request.condition);
        show(filtered(model.current!, request.condition, seqs, rows));
      } else {
        const seqs = await queries.containing(request.text);
        show(found(model.current!, { text: request.text, seqs }, rows));
      }
    } catch (error) {
      const [message] = (error as Error).message.split('\n');
      show({ ...model.current!, message });
    }
  }

  const browser = moveTo(model.current, model.current.cursor, rows);
  model.current = browser;
  return <Text wrap="truncate">{drawScreen(browser, scene, size).join('\n')}</Text>;
}

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
  const read = () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
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
