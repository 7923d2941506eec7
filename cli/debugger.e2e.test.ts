/**
 * Goal: `vfr debug` goes to events both ways, stops where it is told, and shows who has a device.
 * Method: sessions on a recording of a real kernel, line by line; what is expected is read off the
 * recording.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { Timeline } from '../replay/index.js';
import { buildTrace } from '../tests/build-trace.js';
import { importedCapture } from '../tests/captures.js';
import { MemorySource, TraceReader } from '../traces/index.js';
import { Debugger } from './debugger.js';
import { seqsWhere } from './seqs-where.js';

const reader = importedCapture('sriov-on-r1');
afterAll(() => reader.close());

const session = () =>
  new Debugger(new Timeline(reader), (condition) => seqsWhere('t', reader, condition));

/** Runs lines; returns what the last one printed. */
async function run(debug: Debugger, ...lines: string[]) {
  let reply: string | null = '';
  for (const line of lines) reply = await debug.run(line);
  return reply;
}

describe('the debugger', () => {
  test('the debugger steps and goes back', async () => {
    const debug = session();
    expect(await run(debug, 'where')).toContain('at the beginning');
    expect(await run(debug, 'step 10')).toMatch(/^9 {2}/);
    expect(await run(debug, 'back 4', 'b')).toMatch(/^4 {2}/);
    expect(await run(debug, 'seek 300')).toMatch(/^300 {2}/);
    expect(await run(debug, 'back 99999')).toContain('at the beginning');
  });

  test('the debugger stops at a condition, forwards and backwards', async () => {
    const debug = session();
    const bound = await seqsWhere('t', reader, "kind = 'bind' AND phase = 'point'");
    expect(await run(debug, "break kind = 'bind' and phase = 'point'")).toBe(
      `${bound.length} events`,
    );
    expect(await run(debug, 'c', 'c')).toMatch(new RegExp(`^${bound[1]} .*driver_bound`));
    expect(await run(debug, 'rc')).toMatch(new RegExp(`^${bound[0]} `));
    expect(await run(debug, 'rc')).toContain('the beginning was reached');
  });

  test('the debugger stops when something watched changes', async () => {
    const debug = session();
    const change = await run(debug, 'seek 300', 'watch 0000:01:00.1/driver', 'c');
    expect(change).toContain('device_unbind_cleanup  0000:01:00.1  nvme');
    expect(await run(debug, 'print 0000:01:00.1/driver')).toContain('none');
    expect(await run(debug, 'seek 1100', 'rc')).toContain('0000:01:00.1');
  });

  test('the debugger says who has a device and what is under way on it', async () => {
    const debug = session();
    const probing = await seqsWhere('t', reader, "name = 'nvme_probe' AND phase = 'begin'");
    const holders = await run(debug, `seek ${probing[0]}`, 'holders 0000:01:00.1');
    const { driver, lock, underWay } = JSON.parse(holders ?? '');
    expect(driver).toBe('nvme');
    expect(lock).toBe(174);
    expect(underWay.map(({ what }: { what: string }) => what)).toContain('nvme is tried');
    expect(await run(debug, 'holders 0000:ff:00.0')).toBe('null');
  });

  test('the debugger lets nothing of a recording reach the terminal as it is', async () => {
    const nasty = '\u001b[2J\u009b31m';
    const row = {
      kind: 'mark',
      task: nasty,
      tid: 1,
      device: nasty,
      name: nasty,
      text: nasty,
    } as const;
    const bytes = buildTrace([row]);
    const timeline = new Timeline(new TraceReader(new MemorySource(bytes)));
    const debug = new Debugger(timeline, async () => []);
    expect(await run(debug, 'step')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  });

  test('the debugger answers what it does not know, and leaves', async () => {
    const debug = session();
    expect(await run(debug, 'frobnicate')).toContain('no such command');
    expect(await run(debug, 'help')).toContain('reverse-continue');
    expect(await run(debug, '')).toBe('');
    expect(await run(debug, 'quit')).toBeNull();
    await expect(run(debug, 'break nonsense(')).rejects.toThrow();
  });
});
