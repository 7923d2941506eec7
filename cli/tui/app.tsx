/** The ink component: keys go to the browser, screens come out of it as one block of text. */
import { Text, useApp, useInput, useStdout } from 'ink';
import { type ReactElement, useEffect, useState } from 'react';
import {
  type Browser,
  filtered,
  found,
  moveTo,
  openBrowser,
  press,
  type Request,
} from './browser.js';
import { keyName } from './keys.js';
import type { EventQueries } from './queries.js';
import { drawScreen, listRows, type Scene, type Size } from './screen.js';
import type { EventStore } from './store.js';

export interface AppProps {
  readonly store: EventStore;
  readonly queries: EventQueries;
  readonly scene: Scene;
  /** Called with a function to be called when the knowledge of the scene has grown. */
  readonly onKnowledge: (redraw: () => void) => void;
}

export function App({ store, queries, scene, onKnowledge }: AppProps): ReactElement {
  const { exit } = useApp();
  const size = useSize();
  const rows = listRows(size);
  const [browser, setBrowser] = useState(() => openBrowser(store));
  const [, setDraws] = useState(0);
  useEffect(() => onKnowledge(() => setDraws((n) => n + 1)), [onKnowledge]);
  useEffect(() => setBrowser((b) => moveTo(b, b.cursor, rows)), [rows]);

  useInput((input, key) => {
    const step = press(browser, keyName(input, key), rows);
    setBrowser(step.browser);
    if (step.request?.type === 'quit') exit();
    else if (step.request !== undefined) void answer(step.request);
  });

  async function answer(request: Exclude<Request, { type: 'quit' }>): Promise<void> {
    try {
      if (request.type === 'filter') {
        const seqs = await queries.where(request.condition);
        setBrowser((b) => filtered(b, request.condition, seqs, rows));
      } else {
        const seqs = await queries.containing(request.text);
        setBrowser((b) => found(b, { text: request.text, seqs }, rows));
      }
    } catch (error) {
      const [message] = (error as Error).message.split('\n');
      setBrowser((b: Browser) => ({ ...b, message }));
    }
  }

  return <Text wrap="truncate">{drawScreen(browser, scene, size).join('\n')}</Text>;
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
