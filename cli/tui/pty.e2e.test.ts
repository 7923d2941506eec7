/**
 * Goal: `vfr browse` ends when it is told to, whatever it does, on any terminal, and gives the
 * terminal back.
 * Method: the built program on a pseudo terminal. A script waits for a text on the screen before it
 * types, so that nothing depends on how fast the machine is.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../../tests/build-trace.js';
import { hasPython, type Played, playOnTerminal, type Step } from '../../tests/pseudo-terminal.js';
import { MemorySource, TraceReader } from '../../traces/index.js';

const folder = scratchFolder();
const trace = join(folder, 't.arrows');
writeFileSync(
  trace,
  buildTrace(Array.from({ length: 300 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const)),
);

const play = (
  steps: readonly Step[],
  {
    options = [],
    ...size
  }: { rows?: number; columns?: number; env?: object; options?: string[] } = {},
): Played => playOnTerminal(['browse', trace, ...options], steps, size);

/** A condition that takes hours. */
const ENDLESS = 'seq < (SELECT count(*) FROM range(10000000) a, range(10000000) b)';
const GIVEN_BACK = '\u001b[?1049l';

describe.skipIf(!hasPython)('vfr browse on a terminal', () => {
  const filter: Step = ['All events: 300', [...`f${ENDLESS}`, '\r']];

  test('vfr browse on a terminal ends by q while a filter runs, 20 times of 20', () => {
    for (let i = 0; i < 20; i++) {
      const { code, missing, output } = play([filter, ['Looking', ['q']]]);
      expect({ i, code, missing }).toEqual({ i, code: 0, missing: null });
      expect(output).toContain(GIVEN_BACK);
    }
  }, 180_000);

  test('vfr browse on a terminal stops a filter by Esc, and goes on', () => {
    const played = play([
      filter,
      ['Looking', ['\u001b']],
      ['? keys', ['\r']],
      ['row 1 of 300', ['G']],
      ['row 300 of 300', [...'fseq = 7', '\r']],
      ['row 1 of 1, seq 7  where seq = 7', ['q']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('vfr browse on a terminal has one condition and no statements', () => {
    const played = play([
      ['All events: 300', [...'ftrue); DROP VIEW events; SELECT (1', '\r']],
      ['syntax error', [...'fseq = 7', '\r']],
      ['row 1 of 1,', ['q']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('vfr browse on a terminal shows the rows of a query, and goes to their events', () => {
    const played = play([
      ['All events: 300', [...";SELECT seq, text FROM events WHERE text = 'mark 9'", '\r']],
      ['1 rows', ['\r']],
      ['seq 9', ['q']],
    ]);
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test('vfr browse on a terminal begins at an event or with a condition', () => {
    const at = play([['seq 250', ['q']]], { options: ['--at', '250'] });
    expect(at).toMatchObject({ code: 0, missing: null });
    const where = play([['row 1 of 10', ['q']]], { options: ['--where', 'seq < 10'] });
    expect(where).toMatchObject({ code: 0, missing: null });
  });

  const damaged = join(folder, 'damaged.arrows');
  const bytes = buildTrace(
    Array.from({ length: 300 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const),
    { batchRows: 50 },
  );
  const { frame } = new TraceReader(new MemorySource(bytes)).batches[2];
  bytes[(frame.bodyOffset + frame.end) >> 1] ^= 1;
  writeFileSync(damaged, bytes);

  test('vfr browse on a terminal finds damage after its first screen, and shows the rest', () => {
    const played = playOnTerminal(
      ['browse', damaged],
      [
        ['INCOMPLETE: not truncated', ['\r']],
        ['row 1 of 250', ['q']],
      ],
    );
    expect(played).toMatchObject({ code: 0, missing: null });
    expect(played.output).toContain('damaged.arrows: INCOMPLETE');
  });

  test('vfr browse on a terminal has the condition and the second trace also when it finds damage', () => {
    const played = playOnTerminal(
      ['browse', damaged, trace, '--where', 'seq < 200'],
      [
        ['B t.arrows', []],
        ['row 1 of 150', ['q']],
      ],
    );
    expect(played).toMatchObject({ code: 0, missing: null });
  });

  test.each([
    [0, 0],
    [24, 0],
    [0, 80],
    [24, 1],
    [1, 1],
    [3, 7],
  ])('vfr browse on a terminal of %i rows and %i columns is no reason to crash', (rows, columns) => {
    const { code, output } = play(
      [
        ['\u001b[?25l', []],
        ['\u001b[?2026l', ['q']],
      ],
      { rows, columns },
    );
    expect(code).toBe(0);
    expect(output).not.toContain('internal error');
  });

  test('vfr browse on a terminal does not care for developers’ variables', () => {
    const played = play([['All events', ['q']]], { env: { DEV: 'true' } });
    expect(played).toMatchObject({ code: 0, missing: null });
    expect(played.output).not.toMatch(/devtools|DEV/);
  });
});
