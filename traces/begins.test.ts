/**
 * Goal: copying keeps every span, whatever number of begins never end, in bounded memory. Method:
 * `Begins` against a Map, with a bound small enough to be reached; then a copied trace.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Begins } from './begins.js';
import { toSeq } from './units.js';

describe('begins', () => {
  test('begins are found as long as they are open and not too many', () => {
    const step = fc.record({ end: fc.boolean(), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 400 }), (steps) => {
        const begins = new Begins();
        const open = new Map<number, number>();
        steps.forEach(({ end, pick }, i) => {
          const known = [...open.keys()];
          if (end && known.length > 0) {
            const from = known[pick % known.length];
            expect(begins.end(from)).toBe(open.get(from));
            open.delete(from);
          } else {
            begins.add(i * 3, toSeq(i));
            open.set(i * 3, i);
          }
        });
        for (const [from, to] of open) expect(begins.find(from)).toBe(to);
        expect(begins.find(1)).toBeNull();
      }),
    );
  });

  test('begins are forgotten from the oldest on, and it is known of which that may be', () => {
    const begins = new Begins(1 << 14);
    for (let i = 0; i < 100_000; i++) begins.add(i, toSeq(i));
    expect(begins.find(99_999)).toBe(99_999);
    expect(begins.find(99_000)).toBe(99_000);
    expect(begins.end(5)).toBeNull();
    expect(begins.mayBeForgotten(5)).toBe(true);
    expect(begins.mayBeForgotten(99_000)).toBe(false);
  });

  test('begins do not forget an open one for those that have ended', () => {
    const begins = new Begins(1 << 14);
    begins.add(0, toSeq(0));
    for (let i = 1; i < 200_000; i++) {
      begins.add(i, toSeq(i));
      expect(begins.end(i)).toBe(i);
    }
    expect(begins.end(0)).toBe(0);
    // One that ended just now can still be linked to.
    expect(begins.find(199_999)).toBe(199_999);
  });
});
