/**
 * Goal: what is open on a thread is known however many returns are missing.
 * Method: calls as a recording without the return probe of one function shows them.
 */
import { expect, test } from 'vitest';
import { EventRow } from '../../traces/index.js';
import { CallStack } from './thread-calls.js';

const [OUTER, MIDDLE, INNER, OTHER] = [1, 2, 3, 4];

test('a call goes on while a function whose returns are missing is called often', () => {
  const stack = new CallStack(() => new EventRow(0));
  const outer = stack.push(OUTER, 0, true);
  stack.push(MIDDLE, 0, false);
  for (let i = 0; i < 1000; i++) stack.push(INNER, 0, false);
  expect(stack.find(MIDDLE)).not.toBeNull();
  expect(stack.pop(OUTER)).toBe(outer);
  expect(stack.depth).toBe(0);
  expect(stack.inVfio).toBe(false);
});

test('a call goes on while two functions whose returns are missing are called often', () => {
  const stack = new CallStack(() => new EventRow(0));
  const outer = stack.push(OUTER, 0, false);
  for (let i = 0; i < 1000; i++) stack.push(i % 2 === 0 ? INNER : OTHER, 0, false);
  expect(stack.pop(OUTER)).toBe(outer);
});

test('calls without end, all of different functions, are bounded', () => {
  const stack = new CallStack(() => new EventRow(0));
  for (let call = 0; call < 1000; call++) stack.push(call, 0, call % 2 === 0);
  expect(stack.depth).toBe(64);
  for (let call = 999; call >= 936; call--) expect(stack.pop(call)).not.toBeNull();
  expect(stack.inVfio).toBe(false);
});
