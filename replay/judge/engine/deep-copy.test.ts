/**
 * Goal: a copy of a state shares nothing that can change, and has the shape of the original.
 * Method: random graphs of plain data with references that are equal, held against what the
 * platform's own structuredClone makes of them.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyOf } from './deep-copy.js';

const leaf = fc.oneof(
  fc.integer(),
  fc.bigInt(),
  fc.string(),
  fc.constant(null),
  fc.constant(undefined),
  fc.uint8Array({ maxLength: 8 }),
  fc.int32Array({ maxLength: 8 }),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('tree'),
      { maxKeys: 4, noNullPrototype: true },
    ),
    fc.array(fc.tuple(leaf, tie('tree')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(leaf, { maxLength: 4 }).map((items) => new Set(items)),
  ),
}));

describe('a copy', () => {
  test('a copy is what structuredClone makes', () => {
    fc.assert(
      fc.property(tree, (value) => {
        expect(copyOf(value)).toEqual(structuredClone(value));
      }),
    );
  });

  test('a copy keeps references equal that were, and shares none of them', () => {
    const device = { name: 'a', bytes: Uint8Array.of(1, 2) };
    const state = { devices: new Map([['a', device]]), frames: new Map([[device, [device]]]) };
    const copy = copyOf(state);
    const same = copy.devices.get('a')!;
    expect(same).not.toBe(device);
    expect([...copy.frames]).toEqual([[same, [same]]]);
    expect(copy.frames.get(same)?.[0]).toBe(same);
    device.bytes[0] = 9;
    expect(same.bytes[0]).toBe(1);
  });

  test('a copy shares what is frozen', () => {
    const frozen = Object.freeze({ bytes: Uint8Array.of(1) });
    expect(copyOf({ frozen }).frozen).toBe(frozen);
  });
});
