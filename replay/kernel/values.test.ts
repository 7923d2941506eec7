/** Goal: a value has one number whatever its history, and undoing brings it back. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cells } from './cells.js';
import { ValueTable } from './values.js';

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('equal values have one number, in another table, too', () => {
  fc.assert(
    fc.property(plain, (value) => {
      const [one, other] = [new ValueTable(), new ValueTable()];
      const number = one.numberOf(structuredClone(value));
      expect(one.numberOf(structuredClone(value))).toBe(number);
      expect(other.numberOf(structuredClone(value))).toBe(number);
      expect(one.at(number)).toEqual(value);
    }),
  );
});

test('values that differ have different numbers', () => {
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      const table = new ValueTable();
      const isSame = table.numberOf(a) === table.numberOf(b);
      expect(isSame).toBe(Object.is(a, b) || JSON.stringify(show(a)) === JSON.stringify(show(b)));
    }),
  );
});

test('a draft can be changed, and the value stays', () => {
  const table = new ValueTable();
  const number = table.numberOf({ bytes: new Uint8Array([1, 2]), list: [{ n: 1 }] });
  const draft = table.draft<{ bytes: Uint8Array; list: { n: number }[] }>(number);
  draft.bytes[0] = 9;
  draft.list[0].n = 9;
  expect(table.at(number)).toEqual({ bytes: new Uint8Array([1, 2]), list: [{ n: 1 }] });
  expect(table.numberOf(draft)).not.toBe(number);
  expect(() =>
    Object.assign(table.at<{ list: { n: number }[] }>(number).list[0], { n: 3 }),
  ).toThrow();
});

test('undoing a cell brings the value and the hash back', () => {
  const [cells, table] = [new Cells(), new ValueTable()];
  const cell = cells.allocate(1);
  cells.set(cell, table.numberOf({ iova: 0n }));
  const { moment, hash } = cells;
  cells.set(cell, table.numberOf({ iova: 4096n }));
  expect(cells.hash).not.toBe(hash);
  cells.undo(moment);
  expect(table.at(cells.get(cell))).toEqual({ iova: 0n });
  expect(cells.hash).toBe(hash);
});

/** JSON keeps neither integers of any size nor bytes, nor -0 and 0 apart. */
function show(value: unknown): unknown {
  if (typeof value === 'bigint') return `bigint ${value}`;
  if (value instanceof Uint8Array) return `bytes ${[...value]}`;
  if (Object.is(value, -0)) return 0;
  if (typeof value === 'string') return `text ${value}`;
  if (Array.isArray(value)) return value.map(show);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, show(v)]));
}

test('maps are values: equal ones have one number, and a draft is a copy', () => {
  const table = new ValueTable();
  const first = table.numberOf({ objects: new Map([[1, { type: 'ioas', bytes: 4n }]]) });
  expect(table.numberOf({ objects: new Map([[1, { type: 'ioas', bytes: 4n }]]) })).toBe(first);
  expect(table.numberOf({ objects: new Map([[2, { type: 'ioas', bytes: 4n }]]) })).not.toBe(first);
  const draft = table.draft<{ objects: Map<number, { type: string }> }>(first);
  draft.objects.get(1)!.type = 'hwpt';
  draft.objects.set(2, { type: 'ioas' });
  expect(table.at<typeof draft>(first).objects).toEqual(
    new Map([[1, { type: 'ioas', bytes: 4n }]]),
  );
});
