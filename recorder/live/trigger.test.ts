/**
 * Goal: triggers fire on the events they describe and on no others; nonsense is refused.
 * Method: events are appended as the mapper does it, the condition is asked after each.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CELL, type Kind, VfrError } from '../../traces/index.js';
import { PageRing } from './page-ring.js';
import { parseTrigger, TriggerAppender } from './trigger.js';

function fires(trigger: string, kind: Kind, ret?: bigint): boolean {
  const events = new TriggerAppender(parseTrigger(trigger));
  const row = events.row('tracefs');
  row.start(events.kind(kind), events.phase('point'));
  if (ret !== undefined) row.setWords(CELL.ret, ...wordsOf(ret));
  events.append(row);
  return events.fired;
}

const wordsOf = (value: bigint): [low: number, high: number] => [
  Number(BigInt.asUintN(32, value)),
  Number(BigInt.asUintN(32, value >> 32n)),
];

describe('conditions', () => {
  test.each([
    ['fault.* or ret < 0 or signal', 'fault.dma', undefined, true],
    ['fault.* or ret < 0 or signal', 'ioctl', -22n, true],
    ['fault.* or ret < 0 or signal', 'ioctl', 0n, false],
    ['fault.* or ret < 0 or signal', 'signal', undefined, true],
    ['fault.*', 'config.read', undefined, false],
    ['bind and ret == -16', 'bind', -16n, true],
    ['bind and ret == -16', 'bind', -19n, false],
    ['bind and ret == -16', 'unbind', -16n, false],
    ['ret >= 4294967296', 'ioctl', 2n ** 32n, true],
    ['ret != 0', 'ioctl', undefined, false],
  ] as const)('a condition of a trigger is read: %s: %s %s', (trigger, kind, ret, expected) => {
    expect(fires(trigger, kind, ret)).toBe(expected);
  });

  test.each([
    '',
    'nonsense',
    'ret',
    'ret < x',
    'fault.* or',
    'fault*x',
    '* and',
  ])('no condition of a trigger is "%s"', (text) =>
    expect(() => parseTrigger(text)).toThrow(VfrError));
});

test('the ring keeps the newest pages within its limit, in order and by buffer', () => {
  const sizes = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 50 })), { maxLength: 3000 });
  const property = fc.property(sizes, fc.integer({ min: 50, max: 4000 }), (pages, limit) => {
    const ring = new PageRing(limit);
    for (const [index, [cpu, size]] of pages.entries()) {
      ring.push(`buffer ${cpu}`, cpu, Buffer.alloc(size, index % 251));
      expect(ring.bytes).toBeLessThanOrEqual(limit);
    }
    const bytes = ring.bytes;
    const kept = ring.all();
    expect(ring.bytes).toBe(bytes);
    // The newest pages up to the limit are the kept ones.
    let total = 0;
    let first = pages.length;
    while (first > 0 && total + pages[first - 1]![1] <= limit) total += pages[--first]![1];
    expect(total).toBe(bytes);
    for (const { cpu, pages: own } of kept) {
      const expected = pages
        .map(([of, size], index) => ({ of, size, fill: index % 251, index }))
        .filter(({ of, index }) => of === cpu && index >= first);
      expect(own.map((page) => [page.length, page[0]])).toEqual(
        expected.map(({ size, fill }) => [size, fill]),
      );
    }
    ring.clear();
    expect([ring.bytes, ring.all()]).toEqual([0, []]);
  });
  fc.assert(property, { numRuns: 30 });
});
