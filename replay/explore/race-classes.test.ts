/** Goal: the class of a race follows from how an order ends, or else from the deciding operations. */
import { expect, test } from 'vitest';
import { classOfEnd, classOfPair } from './race-classes.js';

const set = (text: string) => ({ type: 'set', variable: 'owner', text }) as const;
const interrupt = { type: 'interrupt', address: '0000:42:00.0', index: 0, vector: 0 } as const;

test.each([
  ['probedUnreset', 'R22'],
  ['fileUseAfterFree', 'R25'],
  ['memoryOffAccess', 'R24'],
  ['asleepAccess', 'R24'],
  ['childWithoutParent', 'R21'],
  ['removedTwice', 'R20'],
] as const)('an order that hits the bug %s is of class %s', (fault, name) => {
  expect(classOfEnd({ deadlock: null, faults: [fault] }, [])).toBe(name);
});

test('an interrupt context that is used after its end is R23 if the interrupt fired', () => {
  const end = { deadlock: null, faults: ['interruptUseAfterFree'] } as const;
  expect(classOfEnd(end, [set('one'), interrupt])).toBe('R23');
  expect(classOfEnd(end, [set('one'), set('two')])).toBe('R18');
});

test('a deadlock is R17 whatever else an order ends with', () => {
  const deadlock = { blocked: [], cycle: [] };
  expect(classOfEnd({ deadlock, faults: ['removedTwice'] }, [])).toBe('R17');
});

test('two programs that write over what the other one remembers are R19', () => {
  expect(classOfPair(set('one'), set('two'), false)).toBe('R19');
});
