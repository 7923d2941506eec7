/**
 * Goal: what a VMM does with a device of any driver of VFIO can be run, and the judge agrees.
 * Method: the programs of the VMMs on devices of every driver that has a model.
 */
import { expect, test } from 'vitest';
import {
  isVfioDriver,
  MODELS,
  SCENARIOS,
  specOf,
  VMMS,
  withDriver,
  withVmm,
} from '../replay/index.js';
import { judge, traceOf } from './cross-judge.js';

const base = SCENARIOS.find(({ name }) => name === 'assigned-device')!;
const drivers = MODELS.map(({ name }) => name).filter(isVfioDriver);

test.each(
  drivers.flatMap((driver) => VMMS.map((vmm) => [driver, vmm] as const)),
)('the judge agrees with a device of %s that %s uses', (driver, vmm) => {
  const document = withVmm(withDriver(base, driver), vmm)!;
  const { divergences, unmodelled, unknown, matched } = judge(traceOf(specOf(document), 1));
  expect({ divergences, unmodelled, unknown }).toEqual({
    divergences: [],
    unmodelled: 0,
    unknown: 0,
  });
  expect(matched).toBeGreaterThan(40);
});

test.each([
  ['igd-regions', 7],
  ['zdev-with-kvm', 1],
])('QEMU asks for what only a device of %s has, and the judge agrees', (name, more) => {
  const calls = (of: string) => {
    const document = withVmm(SCENARIOS.find((one) => one.name === of)!, 'qemu')!;
    const { divergences, unmodelled, unknown } = judge(traceOf(specOf(document), 1));
    expect({ divergences, unmodelled, unknown }).toEqual({
      divergences: [],
      unmodelled: 0,
      unknown: 0,
    });
    return document.actors[0].does.length;
  };
  expect(calls(name)).toBe(calls('assigned-device') + more);
});

test('a scenario in which no driver of VFIO has a device has no place for a VMM', () => {
  const other = SCENARIOS.find(({ name }) => name === 'native-driver-first')!;
  expect(withVmm(other, 'qemu')).toBeNull();
});
