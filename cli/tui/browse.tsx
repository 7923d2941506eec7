/** Runs the terminal UI. The folder cli/tui/ is the only place that knows ink and React. */
import { render } from 'ink';
import type { TraceReader } from '../../traces/index.js';
import { App } from './app.js';
import { EventQueries } from './queries.js';
import { ReplayKnowledge } from './replay-knowledge.js';
import type { Scene } from './screen.js';
import { EventStore } from './store.js';
import { painter } from './text.js';

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[H';
const MAIN_SCREEN = '\u001b[?1049l';

/** Shows a trace until the user quits. Needs a terminal. */
export async function browse(reader: TraceReader, title: string, color: boolean): Promise<void> {
  const store = new EventStore(reader);
  const queries = new EventQueries(reader);
  const knowledge = new ReplayKnowledge(reader);
  const scene: Scene = { title, start: startOf(store), knowledge, paint: painter(color) };
  process.stdout.write(ALTERNATE_SCREEN);
  try {
    const app = render(
      <App
        store={store}
        queries={queries}
        scene={scene}
        onKnowledge={(redraw) => void knowledge.run(redraw)}
      />,
      { patchConsole: false },
    );
    await app.waitUntilExit();
  } finally {
    knowledge.stop();
    process.stdout.write(MAIN_SCREEN);
    await queries.close();
  }
}

/** Time of the first event that is not a snapshot: those may bear any time. */
export function startOf(store: EventStore): bigint {
  const kinds = store.reader.dictionaries.kind.filter((kind) => kind !== 'snapshot');
  const seq = store.find('kind', kinds, -1, 1, () => true);
  const first = store.at(seq ?? 0);
  return first === null ? 0n : first.batch.column('ts').big(first.row);
}
