/**
 * Goal: what the browser shows is reviewed as text: a change of a screen is a diff of its file here.
 * Method: keys on the recording of a real kernel that was read to its end, on terminals of three
 * sizes; `npm run golden -- --update` renews the files.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { compare } from '../../analysis/index.js';
import { TraceReader } from '../../traces/index.js';
import { type OnScreen, openOnScreen } from '../browser-on-screen.js';
import { buildTrace, scratchFolder } from '../build-trace.js';
import { importedCapture } from '../captures.js';
import { rowsOf } from '../rewrite.js';

const SIZES = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 40 },
  { columns: 40, rows: 10 },
];

const reader = importedCapture('sriov-on-r1');

/** Screens by what was done before, starting from the overview. */
const SCREENS: Record<string, readonly string[]> = {
  'the overview': [],
  'the keys of the overview: ?': ['?'],
  'the story of a VF: Tab j j Enter': ['tab', 'j', 'j', 'return'],
  'an opened call of the story: j Enter j': ['tab', 'j', 'j', 'return', 'j', 'return', 'j'],
  'all events as calls: Enter': ['return'],
  'the next bind: b': ['return', 'b'],
  'why it was bound: w': ['return', 'b', 'w'],
  'the state of the device, and who set its driver: Tab Enter': [
    'return',
    'b',
    'b',
    'tab',
    'return',
  ],
  'the keys of the list: ?': ['return', '?'],
  'every call as a row, times from row to row: z t': ['return', 'z', 't'],
  'an event by number, while it is typed: :12': ['return', ':', '1', '2'],
  'a search that was not made: n': ['return', 'n'],
};

test.each(
  SIZES,
)('the screens of a terminal of $columns columns are drawn as its file shows', async (size) => {
  const texts: string[] = [];
  for (const [what, keys] of Object.entries(SCREENS)) {
    const screen = await openOnScreen(reader, size, { title: 'sriov-on-r1.arrows' });
    await screen.press(...keys);
    texts.push(`== ${what}\n${screen.terminal.text.join('\n')}\n`);
    screen.close();
  }
  const file = `screens-${size.columns}x${size.rows}.txt`;
  await expect(texts.join('\n')).toMatchFileSnapshot(file);
});

const DOCS_SIZE = { columns: 100, rows: 24 };

/** Frames of docs/browse.md by the keys that lead to them. */
const FRAMES: Record<string, readonly string[]> = {
  'the overview': [],
  'the story of a VF': ['tab', 'j', 'j', 'return'],
  'why a VF was removed': ['tab', 'j', 'j', 'return', 'u', 'u', 'w'],
};
/** A recording, and a copy in which one call ended otherwise. */
async function comparison(): Promise<OnScreen> {
  const rows = rowsOf(reader);
  const end = rows.findIndex(
    ({ kind, phase, name }) =>
      kind === 'sysfs.write' && phase === 'end' && name === 'driver_override',
  );
  const file = join(scratchFolder(), 'bad-run.arrows');
  writeFileSync(
    file,
    buildTrace(rows.map((row, seq) => (seq === end ? { ...row, ret: -1n } : row))),
  );
  const programs = {
    explain: async (seq: number) => ({ seq, known: false, chain: [] }),
    compare: async () => compare(reader, TraceReader.open(file), { pairs: true }),
  };
  const screen = await openOnScreen(reader, DOCS_SIZE, { title: 'good-run.arrows', programs });
  await screen.press('d', ...file, 'return');
  return screen;
}

const FRAME = /(```text frame=([^\n]+)\n)[^`]*(```)/g;

const linesOf = ({ terminal }: OnScreen) => terminal.text.map((line) => line.slice(2)).join('\n');

test('the page of the browser has frames that it draws', async () => {
  const frames = new Map<string, string>();
  for (const [name, keys] of Object.entries(FRAMES)) {
    const title = 'sriov-on-r1.arrows';
    const screen = await openOnScreen(reader, DOCS_SIZE, { title });
    await screen.press(...keys);
    frames.set(name, linesOf(screen));
    screen.close();
  }
  const two = await comparison();
  frames.set('two runs', linesOf(two));
  two.close();
  const page = readFileSync('docs/browse.md', 'utf8');
  const drawn = page.replaceAll(FRAME, (_, head: string, name: string, end: string) => {
    return `${head}${frames.get(name)}\n${end}`;
  });
  await expect(drawn).toMatchFileSnapshot('../../docs/browse.md');
});
