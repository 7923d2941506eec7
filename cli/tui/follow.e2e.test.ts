/**
 * Goal: a trace that is being recorded is shown as it grows, and as any other once it is complete.
 * Method: the built program in tmux on a file to which the test writes batch by batch.
 */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { buildTrace, scratchFolder } from '../../tests/build-trace.js';
import { hasTmux, open, press, shown } from '../../tests/tmux-terminal.js';
import { MemorySource, TraceReader } from '../../traces/index.js';

const BYTES = buildTrace(
  Array.from({ length: 100 }, (_, i) => ({ kind: 'mark', text: `mark ${i}` }) as const),
  { batchRows: 10 },
);
/** Where each batch ends. */
const ENDS = new TraceReader(new MemorySource(BYTES)).batches.map(({ frame }) => frame.end);

describe.skipIf(!hasTmux)('a trace that grows', () => {
  test('a trace that grows is followed to its end, and then verified', async () => {
    const file = join(scratchFolder(), 'live.arrows');
    const partial = `${file}.partial`;
    writeFileSync(partial, BYTES.subarray(0, ENDS[3]));
    const add = (from: number, to?: number) => appendFileSync(partial, BYTES.subarray(from, to));
    open([file], { options: '--follow' });
    await press([/40 events so far/, 'Enter'], [/row 1 of 40/, 'G']);
    await shown(/row 40 of 40/);
    add(ENDS[3], ENDS[5]);
    await press([/row 60 of 60/, 'k']);
    await shown(/row 59 of 60/);
    // The last batch is not whole: it is shown when it is.
    add(ENDS[5], ENDS[7] - 8);
    await shown(/10 new events \(G: to the end\)/);
    add(ENDS[7] - 8, ENDS[8]);
    await press([/30 new events/, 'G'], [/row 90 of 90/, 'o']);
    await shown(/90 events so far/);
    add(ENDS[8]);
    renameSync(partial, file);
    const whole = await shown(/complete: 100 events/);
    expect(whole).not.toContain('recording goes on');
    await press([/Nothing was refused/, 'q']);
    await shown(/code 0/);
  });

  test('a filter of a trace that grows gets the new events that satisfy it', async () => {
    const file = join(scratchFolder(), 'live.arrows');
    const partial = `${file}.partial`;
    writeFileSync(partial, BYTES.subarray(0, ENDS[3]));
    open([file], { options: "--follow --where 'seq % 2 = 0'" });
    await press([/row 1 of 20/, 'G']);
    await shown(/row 20 of 20/);
    appendFileSync(partial, BYTES.subarray(ENDS[3], ENDS[5]));
    await press([/row 30 of 30/, 'k']);
    await shown(/row 29 of 30/);
    appendFileSync(partial, BYTES.subarray(ENDS[5], ENDS[7]));
    await press([/10 new events \(G: to the/, 'G']);
    await press([/row 40 of 40/, 'q']);
    await shown(/code 0/);
  });
});
