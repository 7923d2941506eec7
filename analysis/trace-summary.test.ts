/**
 * Goal: what `vfr info` says of a trace is true. Method: random events, counted here in plain
 * TypeScript; the special cases (empty, cut, snapshots) by hand.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildTrace, type EventRow } from '../tests/build-trace.js';
import { MemorySource, TraceReader } from '../traces/index.js';
import { summarize } from './trace-summary.js';

const summaryOf = (bytes: Buffer) => summarize(new TraceReader(new MemorySource(bytes)));

const row: fc.Arbitrary<EventRow> = fc.record(
  {
    kind: fc.constantFrom('probe', 'bind', 'mark', 'ioctl'),
    ts: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    source: fc.constantFrom('tracefs', 'qemu'),
    device: fc.constantFrom('0000:01:00.0', '0000:01:00.1'),
    driver: fc.constantFrom('nvme', 'vfio-pci'),
  },
  { requiredKeys: ['kind', 'ts'] },
);

function countBy(rows: readonly EventRow[], of: (row: EventRow) => string | undefined) {
  const counts: Record<string, number> = {};
  for (const name of rows.map(of)) if (name !== undefined) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe('a summary', () => {
  test('a summary counts every event once, over all batches', () => {
    const input = fc.tuple(fc.array(row, { minLength: 1 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(input, ([rows, batchRows]) => {
        const times = rows.map((r) => r.ts!).sort((a, b) => (a < b ? -1 : 1));
        const [start, end] = [times[0], times[times.length - 1]];
        expect(summaryOf(buildTrace(rows, { batchRows }))).toMatchObject({
          events: rows.length,
          batches: Math.ceil(rows.length / batchRows),
          startNs: start,
          endNs: end,
          durationNs: end - start,
          complete: true,
          lost: 0,
          kinds: countBy(rows, (r) => r.kind),
          sources: countBy(rows, (r) => r.source ?? 'model'),
          devices: countBy(rows, (r) => r.device),
          drivers: countBy(rows, (r) => r.driver),
        });
      }),
    );
  });

  test('a summary of nothing has no times', () => {
    expect(summaryOf(buildTrace([]))).toMatchObject({
      events: 0,
      bytesPerEvent: null,
      startNs: null,
      endNs: null,
      durationNs: null,
      kinds: {},
    });
  });

  test('a summary leaves snapshots out of the times, not out of the counts', () => {
    const rows: EventRow[] = [
      { kind: 'snapshot', ts: 1n },
      { kind: 'mark', ts: 500n },
      { kind: 'mark', ts: 400n },
      { kind: 'snapshot', ts: 9000n },
    ];
    expect(summaryOf(buildTrace(rows))).toMatchObject({
      startNs: 400n,
      endNs: 500n,
      kinds: { mark: 2, snapshot: 2 },
    });
  });

  test('a summary of a cut trace counts the losses that it can see', () => {
    const rows: EventRow[] = [
      { kind: 'lost', value: 5n },
      { kind: 'mark' },
      { kind: 'lost', value: 7n },
    ];
    const whole = buildTrace(rows, { batchRows: 1 });
    expect(summaryOf(whole)).toMatchObject({ complete: false, truncated: false, lost: 12 });
    const { offset } = new TraceReader(new MemorySource(whole)).batches[2].frame;
    const cut = summaryOf(whole.subarray(0, offset));
    expect(cut).toMatchObject({ events: 2, complete: false, truncated: true, lost: 5 });
  });
});
