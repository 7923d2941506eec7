/**
 * Goal: every key does what the help says, on any size of screen, and the screen always fits.
 * Method: the browser on a terminal for tests, with ink, on a small trace of several batches; random
 * keys for what must always hold.
 */
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { races } from '../../analysis/index.js';
import { type OnScreen, openOnScreen } from '../../tests/browser-on-screen.js';
import { buildTrace, type EventRow } from '../../tests/build-trace.js';
import { importedCapture } from '../../tests/captures.js';
import { MemorySource, TraceReader } from '../../traces/index.js';
import { commandsOf, helpOf } from './input/commands.js';
import { current } from './model/browser.js';
import type { Size } from './panes/view.js';

const PF = '0000:01:00.0';
const VF = '0000:01:00.1';
const OTHER = '0000:02:00.0';

/**
 * 100 events: snapshots, a write that removes a VF from 10 to 16, a probe from 20 to 24, faults at 30
 * (refused) and 70 (served).
 */
const SPECIAL: Record<number, EventRow> = {
  0: snapshot(PF, 'nvme', null),
  1: snapshot(VF, 'nvme', PF),
  10: {
    kind: 'sysfs.write',
    phase: 'begin',
    name: 'sriov_numvfs',
    text: '0\n',
    device: PF,
    tid: 7,
    task: 'admin',
  },
  11: { kind: 'vf.remove', device: PF, value: 0n, tid: 7, task: 'admin' },
  12: { kind: 'device.remove', device: VF, tid: 7, task: 'admin' },
  13: { kind: 'unbind', phase: 'begin', device: VF, driver: 'nvme', tid: 7, task: 'admin' },
  14: { kind: 'unbind', name: 'nvme_remove', device: VF, driver: 'nvme', tid: 7, task: 'admin' },
  15: { kind: 'unbind', phase: 'end', span: 13, device: VF, tid: 7, task: 'admin' },
  16: { kind: 'sysfs.write', phase: 'end', span: 10, ret: 2n, length: 2n, device: PF, tid: 7 },
  20: {
    kind: 'probe',
    phase: 'begin',
    name: 'really_probe',
    driver: 'nvme',
    device: OTHER,
    tid: 8,
  },
  24: {
    kind: 'probe',
    phase: 'end',
    name: 'really_probe',
    span: 20,
    ret: -16n,
    device: OTHER,
    tid: 8,
  },
  29: {
    kind: 'config.write',
    device: OTHER,
    offset: 4n,
    length: 2n,
    value: 0n,
    tid: 9,
    task: 'vmm',
  },
  30: { kind: 'fault.page', phase: 'begin', device: OTHER, region: 0, offset: 0xdead000n, tid: 9 },
  31: { kind: 'fault.page', phase: 'end', span: 30, ret: 2n, device: OTHER, tid: 9 },
  70: { kind: 'fault.page', phase: 'begin', device: OTHER, region: 0, tid: 9 },
  71: { kind: 'fault.page', phase: 'end', span: 70, ret: 256n, device: OTHER, tid: 9 },
};
const rows: EventRow[] = Array.from(
  { length: 100 },
  (_, i) => SPECIAL[i] ?? { kind: 'mark', text: `mark ${i}` },
);

function snapshot(device: string, driver: string, physfn: string | null): EventRow {
  const text = JSON.stringify({ driver, driver_override: null, physfn, iommu_group: '3' });
  return { kind: 'snapshot', name: 'start', source: 'sysfs', device, driver, text };
}

const SIZE = { columns: 80, rows: 24 };
const opened: OnScreen[] = [];
afterEach(() => {
  for (const screen of opened.splice(0)) screen.close();
});

/** Opens a trace, and presses keys; words are names of special keys. */
async function on(
  { events = rows, size = SIZE }: { events?: readonly EventRow[]; size?: Size },
  ...keys: readonly string[]
): Promise<OnScreen> {
  const reader = new TraceReader(new MemorySource(buildTrace(events, { batchRows: 7 })));
  const screen = await openOnScreen(reader, size);
  opened.push(screen);
  await screen.press(...keys);
  return screen;
}

/** The browser in its list of all events. */
const inList = (...keys: readonly string[]) => on({}, 'return', 'g', ...keys);

const seqOf = ({ session }: OnScreen) => current(session.browser)?.seq;
const textOf = ({ terminal }: OnScreen) => terminal.text.join('\n');

describe('moving', () => {
  test.each<[string, number, ...string[]]>([
    ['down and up move by one row', 1, 'down', 'j', 'up'],
    ['G moves to the last row', 99, 'G'],
    ['down stays at the last row', 99, 'end', 'down'],
    ['up stays at the first row', 0, 'G', 'g', 'up'],
    ['a number after a colon is edited and gone to', 64, ':', '6', '9', 'backspace', '4', 'return'],
    ['seconds after a colon are gone to', 52, ...':0.00005s', 'return'],
    ['x moves to the next fault', 30, 'x'],
    ['x moves on to the fault after that', 70, 'x', 'x'],
    ['X moves to the fault before', 30, 'x', 'x', 'X'],
    ['u stops once at a removal with all of its steps', 13, 'u', 'u', 'u'],
    ['p moves to the next probe', 20, 'p'],
    ['] moves to the next event of the device', 13, 'u', ']'],
    ['[ moves to the event of the device before', 12, 'u', ']', '['],
    ['Enter opens a call, and down goes inside', 11, ':', '1', '0', 'return', 'return', 'j'],
    ['h goes from inside to the call, and closes it', 10, 'u', 'h', 'h', 'j', 'k'],
    ['^O goes back to where the last jump began', 70, 'x', 'G', 'k', 'x', 'X', 'X', 'ctrl-o'],
    ['a mark is gone to from anywhere', 30, 'x', 'm', 'a', 'G', "'", 'a'],
  ])('a key moves the cursor: %s', async (_, seq, ...keys) => {
    expect(seqOf(await inList(...keys))).toBe(seq);
  });

  test.each<[string, ...string[]]>([
    ['No command x; Tab lists them.', ':', 'x', 'return'],
    ['No fault after this event.', 'x', 'x', 'x'],
    ['Search with / first.', 'n'],
    ['No mark z.', "'", 'z'],
    ['This event has no device.', 'j', 'j', ']'],
    ['No jump to go back from.', 'ctrl-o'],
  ])('a key that leads nowhere says why: %s', async (message, ...keys) => {
    expect((await inList(...keys)).session.browser.message).toBe(message);
  });
});

describe('the overview', () => {
  test('the overview has the devices with their drivers, and what went wrong', async () => {
    const text = textOf(await on({}));
    expect(text).toMatch(/0000:01:00\.1 +n+/);
    expect(text).toContain('1 × page fault refused of 0000:02:00.0');
    expect(text).toContain('1 × really_probe of 0000:02:00.0 failed: -EBUSY');
  });

  test('the overview leads to the first refused page fault and its reason in three keys', async () => {
    const screen = await on({}, 'tab', 'tab', 'return', 'w');
    expect(seqOf(screen)).toBe(30);
    expect(textOf(screen)).toMatch(/memory off since .*config\.write/);
  });

  test('the overview leads to the write that took a VF', async () => {
    const screen = await on({}, 'tab', 'return', 'u', 'w');
    expect(textOf(screen)).toMatch(/within +.*01:00\.0 . write sriov_numvfs = "0"/);
  });

  test('the overview of an empty trace says what to do', async () => {
    const screen = await on({ events: [] }, 'down', 'return', 'x', 'G', 'n', 'w');
    await screen.press('o');
    expect(textOf(screen)).toContain('`vfr doctor`');
  });

  test('the overview of a trace without a snapshot says what is missing', async () => {
    expect(textOf(await on({ events: rows.slice(2) }))).toContain('No snapshot');
  });
});

test('the overview counts as many incidents as vfr races', async () => {
  const screen = await openOnScreen(importedCapture('sriov-on-r1'), SIZE);
  opened.push(screen);
  const counts = [...textOf(screen).matchAll(/(\d+) × operations raced/g)];
  const incidents = new Set(races(importedCapture('sriov-on-r1')).races.map((r) => r.incident));
  expect(counts.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(incidents.size);
});

describe('filter and search', () => {
  test('the story of a device has the write to its PF', async () => {
    const screen = await on({}, 'return', ':', ...'device 01:00.1', 'return');
    expect(textOf(screen)).toContain('write sriov_numvfs = "0"');
    expect(textOf(screen)).not.toContain('mark 50');
  });

  test('a kind is hidden by one key, and shown again by another', async () => {
    const screen = await inList('G', '-');
    expect(textOf(screen)).not.toContain('mark 98');
    await screen.press('+', 'G');
    expect(textOf(screen)).toContain('mark 98');
  });

  test('a search goes through its matches, and marks them', async () => {
    const screen = await inList('/', ...'MARK 4', 'return');
    expect([seqOf(screen), screen.session.browser.message]).toEqual([4, '1 of 11 with "MARK 4"']);
    await screen.press('n', 'n', 'N');
    expect(seqOf(screen)).toBe(40);
  });

  test('a jump to an event that a filter hides removes the filter, and says so', async () => {
    const screen = await on({}, 'tab', 'return', ':', '5', '0', 'return');
    expect([seqOf(screen), screen.session.browser.filter]).toEqual([50, null]);
    expect(screen.session.browser.message).toContain('removed');
  });

  test('an event is copied as text and as a condition', async () => {
    const screen = await inList('x', 'y', 'Y');
    expect(screen.done).toEqual([expect.stringMatching(/^seq 30 .*REFUSED$/), 'seq = 30']);
  });
});

describe('prompts', () => {
  test('a prompt has the lines that were typed before', async () => {
    const screen = await inList(':', '7', 'return', ':', '9', 'return', ':', 'up', 'up', 'return');
    expect(seqOf(screen)).toBe(7);
  });

  test('a prompt completes words, and shows those that may come', async () => {
    const screen = await inList(':', 'h', 'tab', ...'fault', 'tab');
    expect(screen.session.browser.prompt?.line.text).toBe('hide fault.page ');
    await screen.press('ctrl-u', 's', 'tab');
    expect(screen.session.browser.message).toBe('show  sql');
  });

  test.each(['escape', 'ctrl-c'])('a prompt is closed by %s', async (key) => {
    const screen = await inList(':', '6', key);
    expect([screen.session.browser.prompt, screen.done]).toEqual([null, []]);
  });
});

test('a register of a capability has its name and bits where the capability list is known', async () => {
  const space = Buffer.alloc(256);
  // The list: power management at 0x40.
  space.writeUInt8(0x40, 0x34);
  space.writeUInt16LE(0x0001, 0x40);
  const access = { kind: 'config.write', offset: 0x44n, length: 2n, value: 3n } as const;
  const events: EventRow[] = [
    { ...snapshot(PF, 'nvme', null), data: space },
    { ...access, device: PF },
    { ...access, device: OTHER },
  ];
  const screen = await on({ events, size: { columns: 120, rows: 40 } }, 'return', 'G', 'k');
  const text = textOf(screen);
  expect(text).toMatch(/01:00\.0 .*config\.write pm\.ctrl = 0x0003 \(d3\)/);
  expect(text).toMatch(/02:00\.0 .*config\.write 0x44 = 0x0003/);
  expect(text).toContain('register pm.ctrl = 0x0003 (d3)');
});

describe('the screen', () => {
  test('the screen shows served and refused page faults differently', async () => {
    const text = textOf(await inList('x', 'x'));
    expect(text).toMatch(/page fault.*served/);
    expect(textOf(await inList('x'))).toMatch(/page fault.*✗ REFUSED/);
  });

  test('the screen shows who set a value of the state', async () => {
    const screen = await inList('u', 'tab', 'return');
    expect(screen.session.browser.message).toBe('It was so when the recording began.');
  });

  test.each([
    'overview',
    'events',
    'state',
    'why',
    'sql',
  ] as const)('the screen of the help of %s has every command that works there, and no other', (context) => {
    const lines = helpOf(commandsOf(context)).join('\n');
    expect(lines.includes('half a screen up')).toBe(context === 'events');
    for (const { help } of commandsOf(context)) expect(lines).toContain(help);
  });

  test('the screen lets nothing of a recording move the cursor or colour the terminal', async () => {
    const nasty = '\u001b[2J\u009b31m\r\n\u202e漢字👩‍👩‍👧é';
    const events: EventRow[] = [
      { kind: 'mark', text: nasty, task: nasty, device: nasty, name: nasty, tid: 1 },
    ];
    const screen = await on({ events }, 'return');
    for (const line of screen.terminal.text) expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
    expect(textOf(screen)).toContain('漢字');
  });

  test('the screen of a damaged trace shows the rest', async () => {
    const bytes = buildTrace(rows, { batchRows: 7 });
    const { bodyOffset, end } = new TraceReader(new MemorySource(bytes)).batches[7].frame;
    for (let at = bodyOffset; at < end; at += 5) bytes[at] ^= 1;
    const screen = await openOnScreen(new TraceReader(new MemorySource(bytes)), SIZE);
    opened.push(screen);
    expect(textOf(screen)).toContain('`vfr repair`');
    await screen.press('return', ':', '4', '8', 'return');
    expect(textOf(screen)).toContain('mark 48');
    expect(textOf(screen)).toContain('mark 56');
    expect(textOf(screen)).not.toContain('mark 50');
  });

  test('the screen fits the terminal whatever is pressed and however large it is', async () => {
    const key = fc.constantFrom(
      ...'kjgGnNpPbBuUxX[]zt-+wohl?:q 5',
      'up',
      'down',
      'pageup',
      'pagedown',
      'return',
      'escape',
      'tab',
      'ctrl-o',
    );
    const size = fc.record({
      columns: fc.integer({ min: 20, max: 200 }),
      rows: fc.integer({ min: 5, max: 60 }),
    });
    const cases = fc.tuple(fc.array(key, { maxLength: 15 }), size);
    await fc.assert(
      fc.asyncProperty(cases, async ([keys, shape]) => {
        const screen = await on({ size: shape }, ...keys);
        const { text } = screen.terminal;
        expect(text.length).toBeLessThanOrEqual(shape.rows);
        for (const line of text) expect([...line].length - 2).toBeLessThanOrEqual(shape.columns);
        const { cursor, top } = screen.session.browser;
        expect(cursor).toBeGreaterThanOrEqual(top);
        screen.close();
      }),
      { numRuns: 25 },
    );
  });
});
