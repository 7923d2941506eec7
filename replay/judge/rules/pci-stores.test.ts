/**
 * Goal: writes of attributes of functions that bind nothing return what they can return.
 * Method: single writes, after drivers/pci/pci-sysfs.c, drivers/pci/pci.c and drivers/base/power/sysfs.c 6.1.
 */
import { expect, test } from 'vitest';
import { KernelStory } from '../../../tests/kernel-story.js';

const device = '0000:42:00.0';

const replayed = (attribute: string, text: string, ret: number) =>
  new KernelStory('6.12.0').device(device).store(attribute, text, ret, { device }).replay();

test.each([
  ['rescan', '1\n', 2],
  ['rescan', '0x1f', 4],
  ['rescan', 'now', -22],
  ['remove', '1\n', 2],
  ['remove', '08', -22],
  ['d3cold_allowed', '0', 1],
  ['power/control', 'on\n', 3],
  ['power/control', 'off', -22],
  ['reset', '1\n', 2],
  ['reset', '1', -25],
  ['reset', '2', -22],
  ['reset', '18446744073709551616', -22],
  ['reset_method', '\n', 1],
  ['reset_method', ' '.repeat(4095), 4095],
  ['reset_method', 'default\n', 8],
  ['reset_method', 'flr bus', 7],
  ['reset_method', 'flr bus', -22],
  ['reset_method', 'slot', -22],
])('a write of %s with %j can return %i', (attribute, text, ret) => {
  const { divergences, unmodelled, unknown } = replayed(attribute, text, ret);
  expect({ divergences, unmodelled, unknown }).toEqual({
    divergences: [],
    unmodelled: 0,
    unknown: 0,
  });
});

test.each([
  ['rescan', '1\n', -22],
  ['remove', 'x', 1],
  ['power/control', 'auto', -22],
  ['reset', '0', 1],
  ['reset_method', '\n', -22],
  ['reset_method', 'flr,bus', 7],
  ['reset_method', '', -6],
])('a write of %s with %j cannot return %i', (attribute, text, ret) => {
  const { divergences } = replayed(attribute, text, ret);
  expect(divergences).toMatchObject([{ name: attribute }]);
});
