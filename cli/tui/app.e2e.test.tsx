/**
 * Goal: keys, queries and frames work together: what a user types ends as what the screen shows.
 * Method: the ink application on a simulated terminal, with a real trace, DuckDB and replay.
 */
import { render } from 'ink-testing-library';
import { describe, expect, test, vi } from 'vitest';
import { type EventRow, traceOf } from '../../tests/build-trace.js';
import { zeroOf } from '../../traces/index.js';
import { App } from './app.js';
import { BackgroundReplay } from './background-replay.js';
import { painter } from './cell-text.js';
import { EventQueries } from './event-queries.js';
import { EventStore } from './event-store.js';

const VF = '0000:01:00.1';
const rows: EventRow[] = [
  {
    kind: 'snapshot',
    name: 'start',
    source: 'sysfs',
    device: VF,
    driver: 'nvme',
    text: '{"driver":"nvme","driver_override":null}',
  },
  ...Array.from(
    { length: 60 },
    (_, i): EventRow => ({ kind: 'mark', text: `mark ${i}`, cpu: i % 4 }),
  ),
  { kind: 'sysfs.write', name: 'unbind', device: VF, text: VF, task: 'udevd', tid: 5 },
];

function start() {
  const reader = traceOf(rows, { batchRows: 16 });
  const store = new EventStore(reader);
  const queries = new EventQueries(reader);
  const replay = new BackgroundReplay(reader);
  const view = { title: 't', start: zeroOf(store.reader) ?? 0n, paint: painter(false), replay };
  let frame = '';
  const app = render(
    <App
      store={store}
      queries={queries}
      view={view}
      show={(lines) => {
        frame = lines.join('\n');
      }}
      onReplayProgress={(redraw) => void replay.run(redraw)}
      onKey={() => replay.rest()}
    />,
  );
  const shows = (text: string) =>
    vi.waitFor(() => expect(frame).toContain(text), { timeout: 20_000 });
  return { ...app, shows, queries };
}

test('replay lets keys in between, however small the batches are', async () => {
  const many = Array.from({ length: 9000 }, (): EventRow => ({ kind: 'mark' }));
  const reader = traceOf(many, { batchRows: 50 });
  const replay = new BackgroundReplay(reader);
  const done = replay.run(() => {});
  expect(replay.progress).toBeLessThan(0.5);
  expect(replay.divergences()).toBeNull();
  await done;
  expect(replay.progress).toBe(1);
  expect(replay.divergences()).toEqual(new Float64Array());
});

describe('vfr browse', () => {
  test('vfr browse scrolls, filters, searches and says what is wrong', async () => {
    const { stdin, shows, queries, unmount } = start();
    await shows('1/62');
    // Ink listens after its first frame.
    await new Promise((resolve) => setTimeout(resolve, 100));
    stdin.write('G');
    await shows('62/62');
    stdin.write('fcpu = 3\r');
    await shows('15/15 of 62, where cpu = 3');
    stdin.write('fnonsense\r');
    await shows('"nonsense" not found');
    stdin.write('f\r');
    await shows('/62');
    stdin.write('/UDEVD\r');
    await shows('1 event with "UDEVD"');
    await shows('62/62');
    unmount();
    await queries.close();
  });

  test('vfr browse shows the state of the device that replay found', async () => {
    const { shows, queries, unmount } = start();
    await shows(`${VF}  driver nvme`);
    unmount();
    await queries.close();
  });
});
