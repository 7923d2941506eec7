/**
 * Goal: every key does what the help says, on any size of screen, and the screen always fits.
 * Method: the browser without a terminal, on a small trace of several batches; keys as text, and
 * random keys for what must always hold.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../../tests/build-trace.js';
import { MemorySource, TraceReader, zeroOf } from '../../traces/index.js';
import { type Browser, current, filtered, openBrowser } from './browser.js';
import { COMMANDS, press } from './browser-commands.js';
import { painter } from './cell-text.js';
import { EventStore } from './event-store.js';
import { found } from './jumps.js';
import { drawScreen, listRows, type ViewModel } from './screen.js';

const VF = '0000:01:00.1';
const OTHER = '0000:02:00.0';

/** 100 events: a probe span at 10 and 20, faults at 30 and 70, a bind at 40, a store at 50. */
const SPECIAL: Record<number, Partial<EventRow>> = {
  10: { kind: 'probe', phase: 'begin', name: 'really_probe', driver: 'nvme', device: VF },
  20: { kind: 'probe', phase: 'end', span: 10, ret: -16n, device: VF },
  30: { kind: 'fault.dma', device: OTHER, offset: 0xdeadn },
  40: { kind: 'bind', name: 'driver_bound', driver: 'nvme', device: VF },
  50: { kind: 'sysfs.write', name: 'bind', text: `${VF}\n`, device: VF, task: 'udev', tid: 7 },
  70: { kind: 'fault.page', device: OTHER },
};
const rows: EventRow[] = Array.from({ length: 100 }, (_, i) => ({
  kind: 'mark',
  ...(SPECIAL[i] ?? { text: `mark ${i}` }),
}));

const SIZE = { columns: 80, rows: 24 };
const ROWS = listRows(SIZE);

function open(events: readonly EventRow[] = rows): Browser {
  const bytes = buildTrace(events, { batchRows: 7 });
  return openBrowser(new EventStore(new TraceReader(new MemorySource(bytes))));
}

/** Presses keys one after the other; words are names of special keys. */
function keys(browser: Browser, ...names: readonly string[]): Browser {
  return names.reduce((b, name) => press(b, name, ROWS).browser, browser);
}

const seqOf = (browser: Browser) => current(browser)?.seq;

const view = (browser: Browser): ViewModel => ({
  title: 't.arrows',
  start: zeroOf(browser.store.reader) ?? 0n,
  paint: painter(false),
  replay: {
    stateAt: (device) =>
      device === VF
        ? {
            driver: 'nvme',
            override: null,
            bound: true,
            physfn: '0000:01:00.0',
            group: 3,
            numVfs: null,
            autoprobe: null,
          }
        : undefined,
    divergenceAt: () => undefined,
    divergences: () => null,
    progress: 0.25,
    problem: null,
  },
});
const plain = (line: string) => line.replace(/\u001b\[\d*m/g, '');
const draw = (browser: Browser, size = SIZE) => drawScreen(browser, view(browser), size).map(plain);

describe('moving', () => {
  test.each<[string, number, ...string[]]>([
    ['down and up move by one event', 1, 'down', 'j', 'up'],
    ['page down and space move by a screen', 2 * ROWS, 'pagedown', ' '],
    ['G moves to the last event', 99, 'G'],
    ['down stays at the last event', 99, 'end', 'down'],
    ['page up and k move back from the end', 98 - ROWS, 'G', 'pageup', 'k'],
    ['up stays at the first event', 0, 'G', 'g', 'up'],
    ['a number after a colon is edited and gone to', 64, ':', '6', '9', 'backspace', '4', 'return'],
    ['x moves to the next fault', 30, 'x'],
    ['x moves on to the fault after that', 70, 'x', 'x'],
    ['X moves to the fault before', 30, 'x', 'x', 'X'],
    ['p, b and w move to probes, binds and writes', 50, 'p', 'p', 'b', 'w'],
    ['d moves to the next event of the device', 20, 'p', 'd'],
    ['D moves to the event of the device before', 20, 'p', 'd', 'd', 'D'],
    ['s moves to the end of a call', 20, 'p', 's'],
    ['s moves back to the begin of a call', 10, 'p', 's', 's'],
  ])('a key moves the cursor: %s', (_, seq, ...pressed) => {
    expect(seqOf(keys(open(), ...pressed))).toBe(seq);
  });

  test.each<[string, ...string[]]>([
    ['Not a number.', ':', 'x', 'return'],
    ['No fault after this event.', 'x', 'x', 'x'],
    ['No lost events after this event.', 'l'],
    ['This event has no other end.', 's'],
    ['This event has no device.', 'd'],
  ])('a key that leads nowhere says why: %s', (message, ...pressed) => {
    expect(keys(open(), ...pressed).message).toBe(message);
  });

  test('Esc closes the prompt for a number', () => {
    expect(keys(open(), ':', '6', 'escape').prompt).toBeNull();
  });
});

describe('filter and search', () => {
  test('keys ask for the events of the device, for races and for divergences', () => {
    const request = (browser: Browser, key: string) => press(browser, key, ROWS).request;
    expect(request(keys(open(), 'x'), 'F')).toEqual({
      type: 'filter',
      condition: `device = '${OTHER}'`,
    });
    expect(request(open(), 'F')).toBeUndefined();
    expect(request(open(), 'r')).toEqual({ type: 'races' });
    expect(request(open(), 'v')).toEqual({ type: 'divergences' });
  });

  test('a match is shown with what is known of it', () => {
    const notes = new Map([[60, 'races with 61']]);
    const browser = found(open(), { what: 'a race', seqs: Float64Array.of(60, 99), notes }, ROWS);
    expect(browser.message).toBe('2 events with a race');
    expect(draw(browser).join('\n')).toContain('races with 61');
    expect(draw(keys(browser, 'n')).join('\n')).not.toContain('races with');
  });

  test('a filter and a search ask for what was typed', () => {
    const step = press(keys(open(), 'f', 'c', 'p', 'u'), 'return', ROWS);
    expect(step.request).toEqual({ type: 'filter', condition: 'cpu' });
    expect(press(keys(open(), '/', 'x'), 'return', ROWS).request).toEqual({
      type: 'search',
      text: 'x',
    });
    expect(press(keys(open(), '/'), 'return', ROWS).request).toBeUndefined();
  });

  test('a filter shows its events only, near where the cursor was', () => {
    const seqs = Float64Array.of(10, 20, 40, 50);
    const browser = filtered(keys(open(), 'x'), "device = 'x'", seqs, ROWS);
    expect(seqOf(browser)).toBe(40);
    expect(seqOf(keys(browser, 'down', 'down'))).toBe(50);
    expect(keys(browser, 'g', 'x').message).toBe('No fault after this event.');
    expect(keys(filtered(browser, '', Float64Array.of(10), ROWS), 's').message).toBe(
      'The filter hides its other end.',
    );
    const all = keys(browser, 'escape');
    expect([seqOf(all), all.list.length]).toEqual([40, 100]);
  });

  test('a filter without events changes nothing', () => {
    const browser = filtered(open(), 'false', new Float64Array(), ROWS);
    expect([browser.list.length, browser.message]).toEqual([100, 'No event satisfies this.']);
  });

  test('a search goes to its matches', () => {
    const search = { what: '"m"', seqs: Float64Array.of(5, 60, 99) };
    const browser = found(keys(open(), 'x'), search, ROWS);
    expect([seqOf(browser), browser.message]).toEqual([60, '3 events with "m"']);
    expect(seqOf(keys(browser, 'n'))).toBe(99);
    expect(seqOf(keys(browser, 'n', 'N', 'N'))).toBe(5);
    expect(keys(browser, 'n', 'n').message).toBe('No event with "m" after this one.');
    expect(keys(open(), 'n').message).toBe('Search with / first.');
  });
});

describe('the screen', () => {
  test('the screen has title, events, details, state of the device, and keys', () => {
    const lines = draw(keys(open(), 'p'));
    expect(lines[0]).toContain('t.arrows  11/100');
    expect(lines.find((line) => line.includes('┌ probe'))).toMatch(
      / 10 .*01:00\.1 nvme really_probe/,
    );
    expect(lines.join('\n')).toContain('name really_probe   device 0000:01:00.1   driver nvme');
    expect(lines.at(-2)).toContain('0000:01:00.1  driver nvme  override -  VF of 0000:01:00.0');
    expect(lines.at(-1)).toContain('? keys  q quit');
  });

  test('the screen says that replay is under way', () => {
    expect(draw(keys(open(), 'x')).at(-2)).toContain('0000:02:00.0  replaying, 25 %');
  });

  test('the screen shows the prompt while it is typed, and the keys when asked', () => {
    expect(draw(keys(open(), '/', 'n', 'v')).at(-1)).toContain('search: nv');
    expect(draw(keys(open(), '?')).join('\n')).toContain('next, previous match');
  });

  test('the screen has every command on one page of the help or another', () => {
    const small = { columns: 80, rows: 10 };
    const presses = [1, 2, 3, 4, 5].map((count) => Array.from({ length: count }, () => '?'));
    const text = presses.flatMap((pages) => draw(keys(open(), ...pages), small)).join('\n');
    for (const { help } of COMMANDS) expect(text).toContain(help);
  });

  test('the screen closes the help at any other key', () => {
    const small = { columns: 80, rows: 10 };
    expect(draw(keys(open(), '?', 'j'), small).join('\n')).not.toContain('Keys');
  });

  test('the screen of an empty trace says so', () => {
    const empty = keys(open([]), 'down', 'x', 'G', 'n', 's');
    expect(draw(empty)[0]).toContain('no events');
  });

  test('the screen lets nothing of a recording move the cursor or colour the terminal', () => {
    const nasty = '\u001b[2J\u009b31m\r\n\u202e漢字👩‍👩‍👧';
    const browser = open([{ kind: 'mark', text: nasty, task: nasty, device: nasty, name: nasty }]);
    for (const line of drawScreen(browser, view(browser), SIZE)) {
      expect(plain(line)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e漢]/);
    }
  });

  test('the screen of a damaged trace shows the rest', () => {
    const bytes = buildTrace(rows, { batchRows: 7 });
    const { bodyOffset, end } = new TraceReader(new MemorySource(bytes)).batches[1].frame;
    for (let at = bodyOffset; at < end; at += 5) bytes[at] ^= 1;
    const store = new EventStore(new TraceReader(new MemorySource(bytes)));
    const lines = draw(openBrowser(store)).join('\n');
    expect(lines).toContain('mark 6');
    expect(lines).toContain('mark 14');
    expect(lines).not.toContain('mark 7');
  });

  test('the screen tells of damage that comes about while it is open', () => {
    const bytes = buildTrace(rows, { batchRows: 7 });
    const reader = new TraceReader(new MemorySource(bytes));
    const browser = openBrowser(new EventStore(reader));
    const shown = view(browser);
    const { bodyOffset, end } = reader.batches[1].frame;
    for (let at = bodyOffset; at < end; at += 5) bytes[at] ^= 1;
    const lines = drawScreen(keys(browser, 'pagedown', 'pagedown', 'pageup'), shown, SIZE).map(
      plain,
    );
    expect(lines.join('\n')).toMatch(/13 .*is damaged/);
    expect(lines.join('\n')).toContain('mark 14');
  });

  test('the screen fits the terminal whatever is pressed and however large it is', () => {
    const key = fc.constantFrom(
      ...'kjgGnNpPbBwWcCxXdDsF?f/:q 5',
      'up',
      'down',
      'pageup',
      'pagedown',
      'return',
      'escape',
    );
    const size = fc.record({
      columns: fc.integer({ min: 20, max: 200 }),
      rows: fc.integer({ min: 8, max: 70 }),
    });
    const cases = fc.tuple(fc.array(key, { maxLength: 30 }), size);
    fc.assert(
      fc.property(cases, ([pressed, s]) => {
        let browser = open();
        for (const name of pressed) browser = press(browser, name, listRows(s)).browser;
        const lines = draw(browser, s);
        expect(lines.length).toBe(s.rows);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(s.columns);
        expect(browser.cursor).toBeGreaterThanOrEqual(browser.top);
        expect(browser.cursor).toBeLessThan(browser.top + listRows(s));
      }),
      { numRuns: 60 },
    );
  });
});
