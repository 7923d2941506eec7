/**
 * Goal: when a function may be suspended, and how deep it sleeps.
 * Method: single states, after drivers/base/power/runtime.c and drivers/pci/pci.c 6.12.
 */
import { describe, expect, test } from 'vitest';
import { PCI_POWER, parseControl, sleepState } from './power-state.js';
import { idleResult, RPM, RPM_FLAG, suspendResult } from './runtime-pm.js';

const idle = { usage: 0, status: RPM.ACTIVE, isNotifying: false };
const [EAGAIN, EINPROGRESS] = [-11, -115];

describe('suspending', () => {
  test.each([
    ['succeeds for what is active and not in use', idle, 0, 0],
    ['is refused for what is in use', { ...idle, usage: 1 }, 0, EAGAIN],
    ['finds what is suspended already', { ...idle, status: RPM.SUSPENDED }, 0, 1],
    ['gives way to a resume', { ...idle, status: RPM.RESUMING }, 0, EAGAIN],
    ['waits for another one', { ...idle, status: RPM.SUSPENDING }, RPM_FLAG.AUTO, null],
    [
      'of a worker does not wait',
      { ...idle, status: RPM.SUSPENDING },
      RPM_FLAG.NOWAIT,
      EINPROGRESS,
    ],
  ] as const)('a request to suspend %s', (_, state, flags, ret) =>
    expect(suspendResult(state, flags)).toBe(ret));
});

test.each([
  ['an active function that is not in use', idle, 0],
  ['a function in use', { ...idle, usage: 2 }, EAGAIN],
  ['a suspended function', { ...idle, status: RPM.SUSPENDED }, EAGAIN],
  ['a function of which another thread notifies', { ...idle, isNotifying: true }, EINPROGRESS],
] as const)('a notification that %s is idle has its result', (_, state, ret) =>
  expect(idleResult(state)).toBe(ret));

test.each([
  ['without the capability in D0', false, false, true, PCI_POWER.D0],
  ['with it in D3hot', true, false, true, PCI_POWER.D3HOT],
  ['in D3cold where the platform can', true, true, true, PCI_POWER.D3COLD],
  ['in D3hot where that is not allowed', true, true, false, PCI_POWER.D3HOT],
] as const)('a function sleeps %s', (_, hasCapability, canBeCold, mayBeCold, state) =>
  expect(sleepState({ hasCapability, canBeCold, mayBeCold })).toBe(state));

test('power/control takes one newline, and nothing else', () => {
  expect(['on', 'auto\n', 'on\n\n', 'off', ''].map(parseControl)).toEqual([
    'on',
    'auto',
    null,
    null,
    null,
  ]);
});
