/** Runs the terminal UI. The folder cli/tui/ is the only place that knows ink and React. */
import type { TraceReader } from '../../traces/index.js';
import { openBrowser } from './browser.js';
import { EventQueries } from './queries.js';
import { drawScreen, type Knowledge, type Scene } from './screen.js';
import { EventStore } from './store.js';
import { painter } from './text.js';

const ALTERNATE_SCREEN = '\u001b[?1049h\u001b[H';
const MAIN_SCREEN = '\u001b[?1049l';

const NOTHING_KNOWN: Knowledge = {
  stateAt: () => undefined,
  divergenceAt: () => undefined,
  progress: 0,
  problem: null,
};

/** Shows a trace until the user quits. Needs a terminal. */
export async function browse(reader: TraceReader, title: string, color: boolean): Promise<void> {
  const store = new EventStore(reader);
  const queries = new EventQueries(reader);
  const scene = { title, start: startOf(store), paint: painter(color) };
  process.stdout.write(ALTERNATE_SCREEN);
  // Keys that are typed before ink listens wait for it instead of being echoed.
  process.stdin.setRawMode(true);
  let stop = () => {};
  try {
    drawFirst(store, { ...scene, knowledge: NOTHING_KNOWN });
    const { mount } = await import('./app.js');
    const { ReplayKnowledge } = await import('./replay-knowledge.js');
    const knowledge = new ReplayKnowledge(reader);
    stop = () => knowledge.stop();
    const onKnowledge = (redraw: () => void) => void knowledge.run(redraw);
    const onKey = () => knowledge.rest();
    await mount({ store, queries, scene: { ...scene, knowledge }, onKnowledge, onKey });
  } finally {
    stop();
    process.stdin.setRawMode(false);
    process.stdout.write(MAIN_SCREEN);
    await queries.close();
  }
}

/** The first screen does not wait for ink, which takes its time to load. */
function drawFirst(store: EventStore, scene: Scene): void {
  const { columns, rows } = process.stdout;
  const lines = drawScreen(openBrowser(store), scene, { columns, rows });
  process.stdout.write(`${lines.join('\r\n')}\u001b[H`);
}

/** Time of the first event that is not a snapshot: those may bear any time. */
export function startOf(store: EventStore): bigint {
  const kinds = store.reader.dictionaries.kind.filter((kind) => kind !== 'snapshot');
  const seq = store.find('kind', kinds, -1, 1, () => true);
  const first = store.at(seq ?? 0);
  return first === null ? 0n : first.batch.column('ts').big(first.row);
}
