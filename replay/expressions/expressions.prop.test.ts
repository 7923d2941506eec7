/**
 * Goal: the parser of expressions accepts exactly what the grammar allows, and says where the rest is
 * wrong.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VfrError } from '../../traces/index.js';
import {
  type Call,
  type Expression,
  evaluate,
  type Facts,
  parseExpression,
  printExpression,
} from './index.js';

const address = fc.constantFrom('0000:41:00.0', '0000:41:00.1', '0001:00:1f.7');
const driver = fc.constantFrom('vfio-pci', 'nvme', 'mlx5_core', 'in', 'none', 'driver');
const named = (fact: 'driver' | 'override') =>
  address.map((at): Call => ({ op: 'call', fact, of: [at] }));

const leaf: fc.Arbitrary<Expression> = fc.oneof(
  fc.record({
    op: fc.constant('compare' as const),
    by: fc.constantFrom('==' as const, '!=' as const),
    left: fc.oneof(named('driver'), named('override')),
    right: fc.oneof(
      named('driver'),
      fc.option(driver).map((value) => ({ op: 'literal' as const, value })),
    ),
  }),
  fc.record({
    op: fc.constant('compare' as const),
    by: fc.constantFrom('<' as const, '<=' as const, '>' as const, '>=' as const),
    left: driver.map((name): Call => ({ op: 'call', fact: 'bound', of: [name] })),
    right: fc.nat(9).map((value) => ({ op: 'literal' as const, value })),
  }),
  fc.record({
    op: fc.constant('in' as const),
    left: fc
      .tuple(driver, fc.integer({ min: 1, max: 9 }))
      .map(([actor, n]): Call => ({ op: 'call', fact: 'error', of: [actor, n] })),
    list: fc.array(fc.constantFrom('EBUSY', 'ENODEV', null), { minLength: 1, maxLength: 3 }),
  }),
  address.map((at): Expression => ({ op: 'call', fact: 'exists', of: [at] })),
  fc.constant<Expression>({ op: 'call', fact: 'deadlock', of: [] }),
);

/** Without `ever`, whose numbers count. */
const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.record({ op: fc.constant('not' as const), inner: tie('expression') }),
    fc.record({
      op: fc.constantFrom('or' as const, 'and' as const),
      left: tie('expression'),
      right: tie('expression'),
    }),
  ),
}));

test('an expression that was printed is parsed to itself', () => {
  fc.assert(
    fc.property(expression, (e) => {
      expect(parseExpression(printExpression(e))).toEqual(e);
    }),
  );
});

test('an expression of any text is parsed, or has a mistake at a column of it', () => {
  const piece = fc.constantFrom(
    ...[
      'driver',
      '(',
      ')',
      '0000:41:00.1',
      '==',
      'none',
      ' ',
      'and',
      'not',
      'x',
      '7',
      '"',
      '[',
      'ever',
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join('')),
      ),
      (text) => {
        try {
          parseExpression(text);
        } catch (error) {
          const { code, what } = error as VfrError;
          expect(code).toBe('EXPRESSION_INVALID');
          const column = Number(/^column (\d+) of /.exec(what)?.[1]);
          expect(column).toBeGreaterThanOrEqual(1);
          expect(column).toBeLessThanOrEqual(text.length + 1);
        }
      },
    ),
  );
});

const nothing: Facts = { fact: () => undefined, ever: () => undefined };

test('an expression without any known fact is only decided when the unknown makes no difference', () => {
  const value = (text: string) => evaluate(parseExpression(text), nothing);
  expect(value('deadlock')).toBeUndefined();
  expect(value('not deadlock')).toBeUndefined();
  expect(value('deadlock and false')).toBe(false);
  expect(value('true or deadlock')).toBe(true);
  expect(value('deadlock or true')).toBe(true);
  expect(value('deadlock or false')).toBeUndefined();
});

test('more facts never change an answer of an expression', () => {
  const full: Facts = {
    fact: ({ fact }) =>
      fact === 'bound' ? 3 : fact === 'error' ? 'EBUSY' : fact === 'driver' ? 'nvme' : null,
    ever: () => true,
  };
  fc.assert(
    fc.property(expression, fc.constantFrom('driver', 'bound', 'error'), (e, known) => {
      const partly: Facts = {
        ...full,
        fact: (call) => (call.fact === known ? full.fact(call) : undefined),
      };
      const [less, more] = [evaluate(e, partly), evaluate(e, full)];
      if (less !== undefined) expect(more).toBe(less);
    }),
  );
});

describe('a mistake in an expression', () => {
  test.each([
    ['driver(41:00.1) = nvme', 17, 'equality is written =='],
    ['driver(41:00.1)', 1, 'compare it with something'],
    ['driver(nvme) == none', 8, 'a PCI address'],
    ['driver(41:00.1) < 3', 1, '< compares numbers'],
    ['driver(41:00.1) == 3', 20, 'a driver or none is compared'],
    ['bound(nvme) == nvme', 16, '"nvme" is a name'],
    ['error(admin, 1) == EBUZY', 20, 'no errno is called "EBUZY"'],
    ['error(admin, 0) == EBUSY', 14, 'a number from 1 on'],
    ['drivr(41:00.1) == nvme', 1, 'nothing is called "drivr"'],
    ['deadlock and', 13, 'a condition is missing'],
    ['deadlock deadlock', 10, 'comes after the end'],
    ['ever(deadlock)', 6, 'a deadlock is an end'],
    ['ever(ever(true))', 6, 'ever cannot be nested'],
    ['driver(41:00.1) in [nvme', 25, '"]" is missing'],
    ['fault(other)', 7, 'one of overrideUseAfterFree'],
    ['probed(41:00.1)', 15, '"," is missing'],
    ['"open', 1, 'the quote is not closed'],
  ])('%s is reported at column %d', (text, column, what) => {
    let found: VfrError | null = null;
    try {
      parseExpression(text);
    } catch (error) {
      found = error as VfrError;
    }
    expect(found?.what).toContain(what);
    expect(found?.what).toContain(`column ${column} of "${text}": `);
  });
});

test('an expression of a probe that was made is one that looks back', () => {
  expect(parseExpression('probed(41:00.1, nova-core)')).toEqual({
    op: 'ever',
    number: 0,
    inner: { op: 'call', fact: 'probing', of: ['0000:41:00.1', 'nova-core'] },
  });
});
